"""The log of sersync2 and its list of failures, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

from sersync.daemon.failure_log import pasteable
from sersync.daemon.failures import Failures
from sersync.model.path import RelPath
from sersync.model.target import LocalDirectory, Source, Target
from tests.integration.legacy.conftest import Legacy
from tests.support.engine import Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until

_HOSTILE = [b"a'b", b'a"b', b"`touch x`", b"$(touch x)", b"-rf", b"new\nline", b"\xff\xfe", b"a b"]


def test_the_log_is_opened_anew_on_sigusr1_and_after_a_rename(legacy: Legacy) -> None:
    pid = legacy.start()
    [log] = (legacy.home / "log").glob("*.log")

    log.rename(log.with_suffix(".old"))
    os.kill(pid, signal.SIGUSR1)

    wait_until(log.exists)
    legacy.end(pid)
    assert "stopping" in log.read_text()


def test_what_fails_is_listed_with_a_command_and_goes_when_it_has_succeeded(
    legacy: Legacy, rsyncd: Rsyncd
) -> None:
    listed = legacy.home / "fail_log.sh"
    legacy.start("-r")
    wait_until((legacy.copy / "kept").exists)
    rsyncd.stop()

    (legacy.source / "it's `here`").write_text("x")

    wait_until(lambda: listed.exists() and "127.0.0.1" in listed.read_text())
    assert stat.S_IMODE(listed.stat().st_mode) == 0o600
    subprocess.run(["sh", "-n", listed], check=True)
    assert "source -> " in listed.read_text()

    rsyncd.start()
    wait_until((legacy.copy / "it's `here`").exists, 60)
    wait_until(lambda: "127.0.0.1" not in listed.read_text())


def test_a_listed_command_carries_by_hand_what_failed(legacy: Legacy, rsyncd: Rsyncd) -> None:
    listed = legacy.home / "fail_log.sh"
    pid = legacy.start("-r")
    wait_until((legacy.copy / "kept").exists)
    rsyncd.stop()
    (legacy.source / "new").write_text("x")
    wait_until(lambda: listed.exists() and "127.0.0.1" in listed.read_text())
    legacy.end(pid, signal.SIGKILL)
    rsyncd.start()

    subprocess.run(["sh", listed], check=True, stdin=subprocess.DEVNULL)

    assert (legacy.copy / "new").read_text() == "x"


def test_everything_that_failed_is_tried_again_every_so_often(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    (rsyncd.root / "d").mkdir()
    (rsyncd.root / "d" / "f").mkdir()
    (rsyncd.root / "d" / "f" / "in the way").write_text("x")
    (source / "d").mkdir()
    (source / "d" / "f").write_text("new")
    (source / "d" / "kept").write_text("new")
    # Without deletion, a directory cannot make way for a file.
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, delete=False))
    wait_until(lambda: any(each.path == b"d/f" for each in engine.status().problems))
    wait_until(lambda: engine.status().quarantined > 0, 30)
    shutil.rmtree(rsyncd.root / "d" / "f")

    engine.daemon.settings = replace(engine.daemon.settings, retry_failed_s=0.5)
    failures = Failures()
    wait_until(lambda: _has(rsyncd.root / "d" / "f", failures, engine), 20)


def _has(file: Path, failures: Failures, engine: Engine) -> bool:
    failures.turn(engine.daemon)
    return file.is_file()


def test_a_list_that_cannot_be_written_is_told_and_nothing_else_happens(
    legacy: Legacy, rsyncd: Rsyncd
) -> None:
    (legacy.home / "file").write_text("no directory")
    config = legacy.write("other.xml", **{f"{legacy.home}/fail_log.sh": f"{legacy.home}/file/x"})
    legacy.start("-r", "-o", str(config))

    wait_until(lambda: "cannot be written" in legacy.log())
    (legacy.source / "new").write_text("x")
    wait_until((legacy.copy / "new").exists)


def test_a_command_to_paste_holds_every_name_as_it_is(tmp_path: Path) -> None:
    source, copy = tmp_path / "it's here", tmp_path / "copy"
    source.mkdir()
    copy.mkdir()
    for name in _HOSTILE:
        with open(os.fsencode(source) + b"/" + name, "wb") as file:
            file.write(name)
    target = Target(name="copy", endpoint=LocalDirectory(path=os.fsencode(copy)))
    line = pasteable(
        Source(name="s", root=os.fsencode(source), targets=(target,)),
        target,
        [RelPath(name) for name in _HOSTILE],
    )

    subprocess.run([b"sh", b"-c", os.fsencode(line)], check=True, cwd=tmp_path)

    assert sorted(os.listdir(os.fsencode(copy))) == sorted(_HOSTILE)
    assert not (tmp_path / "x").exists()
    assert not (source / "x").exists()
