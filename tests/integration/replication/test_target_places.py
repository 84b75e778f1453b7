"""A local target whose directory is not where it was: nothing is carried to another place."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sersync.linux.rename import exchange
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.trees import assert_same_trees, wait_until


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    (tmp_path / "copy").mkdir()
    return copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))


def carried(engines: Engines, source: Path, copy: Copy) -> Engine:
    (source / "file").write_text("carried")
    engine = engines(source, copy, state_dir=source.parent / "state")
    engine.wait_for_rest()
    return engine


def halted(engine: Engine) -> str:
    status = engine.wait_for_state(TargetState.HALTED)
    assert status.reason is not None
    assert "findmnt -T" in status.reason.command
    assert "--confirm" in status.reason.remedy
    return status.reason.message


@pytest.mark.parametrize(("is_made", "told"), [(False, "is gone"), (True, "is another one")])
def test_nothing_is_carried_to_another_directory_and_it_goes_on_when_the_first_is_back(
    source: Path, copy: Copy, engines: Engines, is_made: bool, told: str
) -> None:
    engine = carried(engines, source, copy)
    away = copy.path.with_name("away")
    if is_made:
        away.mkdir()
        exchange(copy.path, away)  # At no moment it is gone: that would be told, and stay so.
    else:
        copy.path.rename(away)
    (source / "new").write_text("not there")
    assert told in halted(engine)
    assert not (copy.path / "new").exists()
    if is_made:
        assert list(copy.path.iterdir()) == []
        copy.path.rmdir()
    away.rename(copy.path)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_a_new_place_that_is_confirmed_gets_everything(
    source: Path, copy: Copy, engines: Engines
) -> None:
    engine = carried(engines, source, copy)
    copy.path.rename(copy.path.with_name("away"))
    (source / "new").write_text("there, with all else")
    halted(engine)
    [worker] = engine.daemon.workers()
    worker.resume()
    assert engine.status().state is TargetState.HALTED
    worker.resume(confirm=True)
    wait_until(lambda: engine.status().full_passes == 2, 30.0)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


@pytest.mark.root
def test_an_unmounted_disk_is_not_filled_up_at_its_mount_point(
    source: Path, copy: Copy, engines: Engines
) -> None:
    """Without root: the tests above rename the directory."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "disk", copy.path], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not possible here")
    try:
        engine = carried(engines, source, copy)
    finally:
        subprocess.run(["umount", "-l", copy.path], check=True)
    (source / "new").write_text("not on the root file system")

    assert "is another one" in halted(engine)
    assert list(copy.path.iterdir()) == []


@pytest.mark.parametrize(("is_made", "told"), [(False, "is not there"), (True, "is empty")])
def test_a_copy_that_is_missing_at_a_restart_is_not_taken_for_current(
    source: Path, copy: Copy, engines: Engines, is_made: bool, told: str
) -> None:
    engine = carried(engines, source, copy)
    engine.wait_for_rows()
    engine.stop()
    copy.path.rename(copy.path.with_name("away"))
    if is_made:
        copy.path.mkdir()
    again = engines(source, copy, state_dir=source.parent / "state")

    assert told in halted(again)
    [worker] = again.daemon.workers()
    worker.resume(confirm=True)
    wait_until(lambda: again.status().full_passes == 1, 30.0)
    again.wait_for_rest()

    assert_same_trees(source, copy.path)
