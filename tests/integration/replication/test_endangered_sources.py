"""Accidents at the source that would delete a replica, and must not."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.daemon.control import Control
from sersync.model.request import Request, Verb
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees, snapshot, wait_until


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    path = tmp_path / "copy"
    return copy_at(path, LocalDirectory(path=os.fsencode(path)), max_delete=None)


def fill(root: Path, files: int = 20) -> None:
    (root / "d").mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (root / "d" / f"file-{number}").write_text(str(number))


def halted(engine: Engine, says: str) -> None:
    engine.wait_for_state(TargetState.HALTED)

    def is_told() -> bool:
        reason = engine.status().reason
        return reason is not None and says in reason.message and bool(reason.remedy)

    # A root that is being replaced is gone for a moment, and told so first.
    wait_until(is_told, 30.0, lambda: f"it does not say {says!r}: {engine.status().reason}")


def move_out(source: Path) -> Path:
    """Move all that is in *source* out of it; return where it is."""
    outside = source.parent / "outside"
    outside.mkdir()
    for entry in list(source.iterdir()):
        entry.rename(outside / entry.name)
    return outside


def test_an_emptied_source_halts_and_goes_on_when_files_are_back(
    source: Path, copy: Copy, engines: Engines
) -> None:
    fill(source)
    engine = engines(source, copy)
    engine.wait_for_rest()
    outside = move_out(source)
    halted(engine, "emptied")
    for entry in list(outside.iterdir()):
        entry.rename(source / entry.name)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_an_emptied_source_in_which_a_new_file_appears_stays_halted_until_that_is_confirmed(
    source: Path, copy: Copy, engines: Engines
) -> None:
    for number in range(10):
        (source / f"file-{number}").write_text(str(number))
    engine = engines(source, copy)
    engine.wait_for_rest()
    move_out(source)
    halted(engine, "emptied")
    wait_until(lambda: not engine.status().runs)  # What had begun before may end.
    before = snapshot(copy.path)
    (source / "app.log").write_text("a program that goes on")
    halted(engine, "holds other files now")
    assert snapshot(copy.path).keys() == before.keys()
    control = Control(lambda: tuple(engine.daemon._pipelines.values()))
    control(Request(verb=Verb.RESUME, confirm=True))
    wait_until((copy.path / "app.log").exists)


def test_a_source_that_is_moved_away_halts_and_goes_on_when_it_is_back(
    source: Path, copy: Copy, engines: Engines
) -> None:
    fill(source)
    engine = engines(source, copy)
    engine.wait_for_rest()
    before = snapshot(copy.path)
    source.rename(source.parent / "away")
    halted(engine, "gone")
    (source.parent / "away" / "d" / "file-1").write_text("changed while it was away")
    assert snapshot(copy.path) == before
    (source.parent / "away").rename(source)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_a_source_that_is_replaced_by_another_directory_halts(
    source: Path, copy: Copy, engines: Engines
) -> None:
    fill(source)
    engine = engines(source, copy)
    engine.wait_for_rest()
    before = snapshot(copy.path)
    source.rename(source.parent / "away")
    source.mkdir()
    (source / "another").write_text("a file of another directory")
    halted(engine, "another directory")

    assert snapshot(copy.path) == before


def test_a_source_that_is_deleted_halts_and_its_target_keeps_most(
    source: Path, copy: Copy, engines: Engines
) -> None:
    fill(source, 500)
    engine = engines(source, copy)
    engine.wait_for_rest()
    shutil.rmtree(source)
    status = engine.wait_for_state(TargetState.HALTED)

    assert status.reason is not None
    assert copy.path.is_dir()


def test_an_empty_source_at_the_start_deletes_nothing(
    tmp_path: Path, copy: Copy, engines: Engines
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    fill(copy.path)
    before = snapshot(copy.path)
    engine = engines(source, copy)
    halted(engine, "is empty")

    assert snapshot(copy.path).keys() == before.keys()


def test_an_empty_source_and_an_empty_target_are_in_sync_and_the_first_file_arrives(
    tmp_path: Path, copy: Copy, engines: Engines
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    engine = engines(source, copy)
    engine.wait_for_state(TargetState.IN_SYNC)
    (source / "first").write_text("first")
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_more_deletions_than_allowed_halt_and_the_target_keeps_the_rest(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    fill(source, 100)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, max_delete=10))
    engine.wait_for_rest()
    shutil.rmtree(source / "d")
    # It may halt before all is gone, even for a single entry; the number follows.
    halted(engine, "are to be deleted")
    reason = engine.status().reason

    assert reason is not None
    assert "limit" in reason.message
    assert "max_delete" in reason.remedy
    assert "are to be deleted" in reason.message
    assert reason.needs_confirm
    assert len(list((rsyncd.root / "d").iterdir())) >= 100 - 10
    (source / "file").write_text("nothing is carried while it is halted")
    wait_until(lambda: engine.status().pending > 1)
    assert not (rsyncd.root / "file").exists()


def test_deletions_in_many_small_batches_are_counted_together(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    fill(source, 60)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, max_delete=20))
    engine.wait_for_rest()
    for number in range(60):
        (source / "d" / f"file-{number}").unlink()
        before = engine.status()
        if before.state is TargetState.HALTED:
            break
        wait_until(
            lambda: engine.status().pending == 0 or engine.status().state is TargetState.HALTED
        )
    halted(engine, "limit")

    assert len(list((rsyncd.root / "d").iterdir())) >= 60 - 20


def entries(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*")}


def tells_all_that_is_pending(engine: Engine, copy: Copy) -> None:
    """Wait until the number that is told is that of all that the source does not hold."""

    def is_told() -> bool:
        if engine.status().runs:
            return False  # One that began beside what halted it may still delete.
        pending = len(entries(copy.path) - entries(engine.root))
        reason = engine.status().reason
        return reason is not None and reason.message.startswith(f"{pending} entries are to be")

    # How long a count takes says how soon the next one comes, so it is not to be slowed down.
    wait_until(
        is_told, 60.0, lambda: f"it tells another number: {engine.status().reason}", poll_s=0.2
    )


def test_a_mass_deletion_halts_with_exact_numbers_and_goes_on_when_it_is_confirmed(
    source: Path, copy: Copy, engines: Engines
) -> None:
    for directory in range(4):
        fill(source / f"part-{directory}", 400)
    engine = engines(source, copy)
    engine.wait_for_rest()
    for directory in range(4):
        shutil.rmtree(source / f"part-{directory}" / "d")
    halted(engine, "to be deleted")
    reason = engine.status().reason
    assert reason is not None
    assert "the limit is 1000" in reason.message
    tells_all_that_is_pending(engine, copy)
    assert sum(1 for _ in copy.path.rglob("file-*")) >= 600
    [worker] = engine.daemon.workers()
    worker.resume(confirm=True)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_what_is_deleted_while_it_is_halted_is_told_and_confirmed_with_the_rest(
    source: Path, copy: Copy, engines: Engines
) -> None:
    for directory in range(4):
        fill(source / f"part-{directory}", 1200)
    engine = engines(source, copy)
    engine.wait_for_rest()
    shutil.rmtree(source / "part-0" / "d")
    shutil.rmtree(source / "part-1")
    shutil.rmtree(source / "part-2")
    halted(engine, "to be deleted")
    tells_all_that_is_pending(engine, copy)
    shutil.rmtree(source / "part-3" / "d")
    tells_all_that_is_pending(engine, copy)
    [worker] = engine.daemon.workers()
    worker.resume(confirm=True)
    # A second halt would end this: nobody confirms again.
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_what_was_deleted_and_is_back_is_asked_for_no_more(
    source: Path, copy: Copy, engines: Engines
) -> None:
    fill(source, 2500)
    engine = engines(source, copy)
    engine.wait_for_rest()
    outside = source.parent / "outside"
    (source / "d").rename(outside)
    halted(engine, "to be deleted")
    outside.rename(source / "d")
    # It is counted again after a rest of twenty times as long as it took before.
    engine.wait_for_rest(timeout_s=60.0)

    assert_same_trees(source, copy.path)


def test_what_a_full_pass_would_delete_is_told_as_a_whole(
    source: Path, copy: Copy, engines: Engines
) -> None:
    for directory in range(3):
        fill(source / f"part-{directory}", 1200)
    engine = engines(source, copy)
    engine.wait_for_rest()
    engine.stop()
    for directory in range(3):
        # Not the half of it, so that nobody doubts that it is the right target.
        fill(copy.path / f"part-{directory}" / "more", 1100)
    engine = engines(source, copy)
    halted(engine, "to be deleted")
    tells_all_that_is_pending(engine, copy)
    [worker] = engine.daemon.workers()
    worker.resume(confirm=True)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


@pytest.mark.parametrize("kind", ["local", "daemon"])
def test_a_target_that_holds_other_things_is_not_emptied_until_that_is_confirmed(
    kind: str, source: Path, copy: Copy, rsyncd: Rsyncd, engines: Engines
) -> None:
    if kind == "daemon":
        copy = copy_at(rsyncd.root, rsyncd.endpoint, max_delete=None)
    fill(source, 50)
    fill(copy.path / "somebody-elses", 150)
    engine = engines(source, copy)
    halted(engine, "is it the right target?")
    reason = engine.status().reason
    assert reason is not None
    # 150 files and their two directories are strange; the root is shared.
    assert "and 152 of them are not in the source" in reason.message
    assert len(list((copy.path / "somebody-elses" / "d").iterdir())) == 150
    [worker] = engine.daemon.workers()
    worker.resume(confirm=True)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path, owner=kind == "local")


def test_a_target_that_lags_behind_is_known_by_what_it_shares_and_is_cleaned_up(
    source: Path, copy: Copy, engines: Engines
) -> None:
    fill(source, 300)
    fill(copy.path, 300)
    fill(copy.path / "old", 200)
    engine = engines(source, copy)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


@pytest.mark.parametrize("limit", [0, 1, 7])
def test_no_more_than_a_chosen_limit_is_ever_deleted_however_many_lanes(
    limit: int, source: Path, copy: Copy, engines: Engines
) -> None:
    for directory in range(8):
        fill(source / f"part-{directory}", 10)
    target = dataclasses.replace(copy.target, max_delete=limit, parallel=4)
    engine = engines(source, Copy(target=target, path=copy.path))
    engine.wait_for_rest()
    for directory in range(8):
        shutil.rmtree(source / f"part-{directory}" / "d")
    halted(engine, "to be deleted")

    wait_until(lambda: engine.status().runs == 0)
    assert sum(1 for _ in copy.path.rglob("*")) >= 1 + 8 * 12 + 1 - limit


@pytest.fixture
def mounted(source: Path) -> Iterator[Path]:
    """A file system of its own, mounted at the source."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source], check=True)
    yield source
    subprocess.run(["umount", "-l", source], capture_output=True)


@pytest.mark.root
def test_a_source_that_is_unmounted_halts_and_deletes_nothing(
    mounted: Path, copy: Copy, engines: Engines
) -> None:
    fill(mounted)
    engine = engines(mounted, copy)
    engine.wait_for_rest()
    before = snapshot(copy.path)
    subprocess.run(["umount", "-l", mounted], check=True)
    halted(engine, "another directory")

    assert snapshot(copy.path) == before
    assert (mounted / "kept").exists()


@pytest.mark.root
def test_a_file_system_that_is_mounted_over_the_source_halts_until_it_is_unmounted(
    source: Path, copy: Copy, engines: Engines
) -> None:
    fill(source)
    engine = engines(source, copy)
    engine.wait_for_rest()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source], check=True)
    try:
        halted(engine, "another directory")
    finally:
        subprocess.run(["umount", "-l", source], check=True)
    (source / "file").write_text("back")
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_a_target_inside_the_source_by_way_of_a_symlink_is_a_circle(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    (source / "copies").mkdir()
    way = tmp_path / "way"
    way.symlink_to(source / "copies")
    inside = way / "copy"
    inside.mkdir()
    engine = engines(source, copy_at(inside, LocalDirectory(path=os.fsencode(inside))))
    halted(engine, "inside its own source")

    assert not (inside / "copies" / "copy" / "copies").exists()


@pytest.mark.root
def test_a_target_inside_the_source_by_way_of_a_bind_mount_is_a_circle(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    (source / "copies").mkdir()
    way = tmp_path / "way"
    way.mkdir()
    subprocess.run(["mount", "--bind", source / "copies", way], check=True)
    try:
        engine = engines(source, copy_at(way, LocalDirectory(path=os.fsencode(way))))
        halted(engine, "inside its own source")
        engine.stop()
    finally:
        subprocess.run(["umount", "-l", way], check=True)
