"""What a hook was not told before an end is told after the next start."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from sersync.daemon.hook_record import HookRecord
from sersync.model.hooks import Untold
from sersync.model.path import RelPath
from tests.support.cli import Cli, RunningCli
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until

_ENDS = [signal.SIGTERM, signal.SIGKILL]

_HANGS_ONCE = """\
import os, sys, time
record, path = sys.argv[1:]
if not os.path.exists(record):
    open(record, "w").close()
    time.sleep(600)
open(record, "a").write(path + "\\n")
"""
"""Does nothing at first, and for long; then notes each path."""


class Site:
    """One source with a target, and a hook that notes what it is told."""

    def __init__(self, home: Path, rsyncd: Rsyncd, cli: Cli) -> None:
        self.source = home / "tree"
        self.source.mkdir()
        (self.source / "kept").write_text("so that it is never empty")
        self.record = home / "record"
        self.state = home / "state"
        self._cli = cli
        self._file = home / "sersync.toml"
        command = [sys.executable, "-c", _HANGS_ONCE, os.fspath(self.record)]
        self._file.write_text(
            f"state_dir = {json.dumps(os.fspath(self.state))}\n"
            'checkpoint_every = "100ms"\n'
            f'[[source]]\nname = "tree"\nroot = {json.dumps(os.fspath(self.source))}\n'
            f"[[source.target]]\nto = {json.dumps(str(rsyncd.endpoint))}\n"
            f'[[hooks]]\ntype = "command"\ncommand = {json.dumps(command)}\ntimeout = "10min"\n'
        )

    def start(self) -> RunningCli:
        return self._cli.start("run", "-c", os.fspath(self._file))

    def untold(self) -> str:
        """Return what is stored for the next start."""
        return "".join(file.read_text() for file in self.state.glob("hooks-*.json"))

    def told(self) -> list[str]:
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return [os.path.relpath(line, self.source) for line in lines]


@pytest.fixture
def site(tmp_path: Path, rsyncd: Rsyncd, cli: Cli) -> Site:
    return Site(tmp_path, rsyncd, cli)


@pytest.mark.parametrize("end", _ENDS)
def test_what_waits_and_what_is_just_being_told_is_told_after_the_next_start(
    site: Site, rsyncd: Rsyncd, end: int
) -> None:
    daemon = site.start()
    wait_until((rsyncd.root / "kept").exists, 30)
    (site.source / "first").write_text("its hook hangs")
    wait_until(site.record.exists, 30)
    (site.source / "second").write_text("waits for the first")
    wait_until((rsyncd.root / "second").exists, 30)
    if end == signal.SIGKILL:
        wait_until(lambda: "first" in site.untold() and "second" in site.untold(), 30)
    daemon.stop(end)
    assert site.told() == []

    site.start()

    wait_until(lambda: set(site.told()) == {"first", "second"}, 30)
    wait_until(lambda: "second" not in site.untold(), 30)


@pytest.mark.parametrize("end", _ENDS)
def test_what_no_target_has_yet_is_told_when_it_has(site: Site, rsyncd: Rsyncd, end: int) -> None:
    site.record.touch()
    daemon = site.start()
    wait_until((rsyncd.root / "kept").exists, 30)
    rsyncd.stop()
    (site.source / "new").mkdir()
    (site.source / "new" / "file").write_text("x")
    wait_until(lambda: "new" in site.untold(), 30)
    daemon.stop(end)
    assert "new/file" not in site.told()

    site.start()
    rsyncd.start()

    wait_until(lambda: {"new", "new/file"} <= set(site.told()), 60)
    assert (rsyncd.root / "new" / "file").exists()


def test_any_name_comes_back_as_it_was(tmp_path: Path) -> None:
    untold = [
        Untold(path=RelPath(b"a\nb\xff"), created=True),
        Untold(path=RelPath(b"'`x`\""), was_dir=True, whole=True),
        Untold(path=RelPath(b"")),
    ]
    HookRecord(os.fspath(tmp_path), "source", b"/srv").save({"hook": untold, "idle": []})

    assert HookRecord(os.fspath(tmp_path), "source", b"/srv").load() == {"hook": untold}
    assert HookRecord(os.fspath(tmp_path), "source", b"/other").load() == {}


def test_a_record_that_makes_no_sense_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = HookRecord(os.fspath(tmp_path), "source", b"/srv")
    record.save({"hook": [Untold(path=RelPath(b"a"))]})
    [file] = tmp_path.glob("hooks-*.json")
    file.write_text('{"root": "/srv", "hooks": {"hook": [1]}}')

    assert HookRecord(os.fspath(tmp_path), "source", b"/srv").load() == {}
    assert "cannot be read" in caplog.text
