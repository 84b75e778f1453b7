"""The log of sersync2 and its list of failures, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sersync.daemon.failure_log import FailureLog, pasteable
from sersync.daemon.failures import Failures
from sersync.model.batch import Problem, Stage
from sersync.model.expression import Expression
from sersync.model.filters import Filter
from sersync.model.path import RelPath
from sersync.model.status import TargetState
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
    # After five attempts: 15 s, and the time that they take.
    wait_until(lambda: engine.status().quarantined > 0, 60)
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


def test_a_halt_is_told_with_the_command_that_ends_it_and_what_deletes_is_never_listed(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(60):
        (source / f"{number}").write_text("x")
    locked = rsyncd.locked
    path = tmp_path / "guarded"
    engine = engines(
        source,
        copy_at(locked.root, locked.endpoint, password="wrong"),
        copy_at(path, LocalDirectory(path=os.fsencode(path)), name="guarded", max_delete=10),
    )
    engine.wait_for_state(TargetState.HALTED)
    wait_until(lambda: (path / "59").exists() and engine.is_at_rest("guarded"))
    for number in range(60):
        (source / f"{number}").unlink()
    engine.wait_for_state(TargetState.HALTED, "guarded")

    listed = listed_of(engine, tmp_path)

    resume = f"sersync resume --source source --target copy --state-dir {engine.state_dir}"
    [halt] = [each for each in caplog.messages if each.startswith("copy halted: ")]
    assert "It stands still until you let it go on (" in halt
    assert halt.endswith(f": {resume}")
    [said] = [line for line in listed if "refused the user or the password" in line]
    assert said.startswith("# ")
    assert resume in said
    [asks] = [line for line in listed if "--confirm" in line]
    assert asks.startswith("# ")
    assert not any(os.fspath(path) in line for line in listed if not line.startswith("#"))


def listed_of(engine: Engine, tmp_path: Path) -> list[str]:
    """Return the lines of a list of what fails now."""
    file = tmp_path / "failures"
    settings = replace(engine.daemon.settings, failure_log=os.fspath(file))
    FailureLog().show(settings, engine.daemon.status())
    return file.read_text().splitlines()


def test_a_path_that_cannot_be_deleted_is_listed_with_a_remedy_and_a_command(
    source: Path, rsyncd: Rsyncd, engines: Engines, tmp_path: Path
) -> None:
    (source / "d").mkdir()
    (source / "d" / "goes").write_text("x")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    settings = replace(engine.daemon.settings, failure_log=os.fspath(tmp_path / "failures"))
    reason = "the target cannot delete it: Permission denied"
    problem = Problem(
        path=RelPath(b"d/goes"), stage=Stage.DELETE, message=reason, remedy="See who owns it."
    )
    status = engine.daemon.status()
    [seen] = status.sources
    failing = replace(seen, targets=(replace(seen.targets[0], problems=(problem,)),))
    engine.stop()
    (source / "d" / "goes").unlink()

    FailureLog().show(settings, replace(status, sources=(failing,)))

    listed = tmp_path / "failures"
    assert f"d/goes: {reason}. See who owns it\n" in listed.read_text()
    assert (rsyncd.root / "d" / "goes").exists()
    subprocess.run(["sh", listed], check=True, stdin=subprocess.DEVNULL)
    assert not (rsyncd.root / "d" / "goes").exists()


def test_a_command_to_paste_deletes_nothing_that_a_regular_expression_excludes(
    source: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    for root in (source, copy):
        (root / "static").mkdir(parents=True)
    (copy / "static" / "abcx").write_text("only here, and excluded")
    (source / "static" / "new").write_text("x")
    expression = Expression(b"^/static/[a-f]{3}x*")
    filters = Filter(expressions=[expression])
    endpoint = LocalDirectory(path=os.fsencode(copy))
    target = Target(name="copy", endpoint=endpoint, filters=filters)
    assert not filters.is_exact

    for paths in ((), [RelPath(b"static")], [RelPath(b"static/new")]):
        line = pasteable(
            Source(name="s", root=os.fsencode(source), targets=(target,)), target, paths
        )
        subprocess.run([b"sh", b"-c", os.fsencode(line)], check=True)

    assert (copy / "static" / "abcx").exists()
    assert (copy / "static" / "new").exists()
