"""The roll of children: what outlives us is ended, and nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.linux.child import Child, quiet_environment
from sersync.linux.roll import Roll, end_survivors


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child([b"sleep", b"600"], env=quiet_environment())
    # setpriv is still to become sleep.
    while os.readlink(f"/proc/{child.pid}/exe") != os.path.realpath("/bin/sleep"):
        os.sched_yield()
    yield child
    child.kill()


def written(tmp_path: Path, child: Child) -> Path:
    file = tmp_path / "children"
    Roll(os.fspath(file)).add(child)
    return file


def test_a_child_that_outlives_us_is_ended(tmp_path: Path, child: Child) -> None:
    file = written(tmp_path, child)

    assert end_survivors(os.fspath(file)) == 1
    assert child.ended() == -9


def test_a_process_that_has_the_number_of_an_ended_child_is_left_alone(
    tmp_path: Path, child: Child
) -> None:
    file = written(tmp_path, child)
    boot, entry, _ = file.read_bytes().split(b"\0")
    pid, started, program = entry.split(b" ", 2)
    for other in (
        b"%b %d %b" % (pid, int(started) - 1, program),
        b"%b %b %b" % (pid, started, b"/usr/bin/rsync"),
    ):
        file.write_bytes(b"\0".join((boot, other, b"")))
        assert end_survivors(os.fspath(file)) == 0
    assert child.ended() is None


def test_what_was_written_before_the_machine_was_started_anew_counts_for_nothing(
    tmp_path: Path, child: Child
) -> None:
    file = written(tmp_path, child)
    file.write_bytes(b"another" + file.read_bytes()[7:])

    assert end_survivors(os.fspath(file)) == 0
    assert child.ended() is None


def test_a_roll_that_is_missing_cut_or_garbage_is_no_trouble(tmp_path: Path, child: Child) -> None:
    file = written(tmp_path, child)
    whole = file.read_bytes()

    assert end_survivors(os.fspath(tmp_path / "missing")) == 0
    for broken in (b"", b"\0", whole[:-12], os.urandom(500)):
        file.write_bytes(broken)
        assert end_survivors(os.fspath(file)) == 0
    assert child.ended() is None


def test_the_roll_stays_short_and_holds_all_that_live(
    tmp_path: Path, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.linux.roll._MOST_LINES", 5)
    file = tmp_path / "children"
    roll = Roll(os.fspath(file))
    roll.add(child)
    for _ in range(20):
        other = Child([b"true"], env=quiet_environment())
        roll.add(other)
        other.kill()
        roll.remove(other)

    assert file.read_bytes().count(b"\0") <= 7
    assert end_survivors(os.fspath(file)) == 1


def test_a_place_that_cannot_be_written_is_no_trouble(tmp_path: Path, child: Child) -> None:
    Roll(os.fspath(tmp_path / "no" / "children")).add(child)

    assert subprocess.run(["test", "-e", tmp_path / "no"], check=False).returncode == 1
