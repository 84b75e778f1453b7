"""What changed while nobody watched is found at the start, and nothing else is compared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sersync.api.client import NotReachable, fetch_status
from sersync.model.dirty import Scope
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.cli import Cli, cli
from tests.support.engine import Copy, Engine, Engines, copy_at, engines, source
from tests.support.trees import assert_same_trees, trees_are_same

__all__ = ["cli", "engines", "source"]

Change = Callable[[Path], None]


def edit(at: Path) -> None:
    (at / "f").write_text("longer than it was")


def edit_of_the_same_size(at: Path) -> None:
    (at / "f").write_text("F")


def edit_with_the_old_time(at: Path) -> None:
    before = (at / "f").stat()
    (at / "f").write_text("F")
    os.utime(at / "f", ns=(before.st_atime_ns, before.st_mtime_ns))


def rename_of_a_file(at: Path) -> None:
    (at / "f").rename(at / "renamed")


def rename_of_a_directory(at: Path) -> None:
    (at / "d").rename(at / "renamed")


def move_to_another_directory(at: Path) -> None:
    (at / "d" / "below" / "g").rename(at / "g")


def deletion(at: Path) -> None:
    (at / "f").unlink()


def deletion_of_a_directory(at: Path) -> None:
    shutil.rmtree(at / "d")


def chmod(at: Path) -> None:
    (at / "f").chmod(0o600)


def chmod_of_a_directory(at: Path) -> None:
    (at / "d").chmod(0o700)


def time_of_a_directory(at: Path) -> None:
    os.utime(at / "d" / "below", ns=(1, 10**18))


def file_becomes_directory(at: Path) -> None:
    (at / "f").unlink()
    (at / "f").mkdir()
    (at / "f" / "inside").write_text("new")


def directory_becomes_file(at: Path) -> None:
    shutil.rmtree(at / "d")
    (at / "d").write_text("new")


def directory_is_replaced(at: Path) -> None:
    (at / "d").rename(at.parent.parent / f"away-{at.name}")
    (at / "d" / "below").mkdir(parents=True)
    (at / "d" / "below" / "h").write_text("new")


def directory_is_made_again_with_the_old_times(at: Path) -> None:
    before = {name: (at / name).stat() for name in ("d/f", "d/below/g")}
    shutil.rmtree(at / "d")
    (at / "d" / "below").mkdir(parents=True)
    for name, status in before.items():
        (at / name).write_text("F")
        os.utime(at / name, ns=(status.st_atime_ns, status.st_mtime_ns))


def directories_change_places(at: Path) -> None:
    (at / "d" / "other").mkdir()
    (at / "d" / "below").rename(at / "d" / "x")
    (at / "d" / "other").rename(at / "d" / "below")


def new_tree(at: Path) -> None:
    (at / "n" / "m").mkdir(parents=True)
    (at / "n" / "m" / "f").write_text("new")


def symlink(at: Path) -> None:
    (at / "f").unlink()
    (at / "f").symlink_to("nowhere")


CHANGES: tuple[Change, ...] = (
    edit,
    edit_of_the_same_size,
    edit_with_the_old_time,
    rename_of_a_file,
    rename_of_a_directory,
    move_to_another_directory,
    deletion,
    deletion_of_a_directory,
    chmod,
    chmod_of_a_directory,
    time_of_a_directory,
    file_becomes_directory,
    directory_becomes_file,
    directory_is_replaced,
    directory_is_made_again_with_the_old_times,
    directories_change_places,
    new_tree,
    symlink,
)


def plant(root: Path) -> None:
    for change in CHANGES:
        at = root / change.__name__
        (at / "d" / "below").mkdir(parents=True)
        (at / "quiet" / "below").mkdir(parents=True)
        for name in ("f", "d/f", "d/below/g", "quiet/f", "quiet/below/f"):
            (at / name).write_text("f")


def fed(engine: Engine) -> set[tuple[str, Scope]]:
    """Return what was in the lists of all runs."""
    return {
        (os.fsdecode(path.path), path.scope)
        for batch in list(engine.batches)
        for path in batch.outcome.paths
        if batch.outcome.kind
    }


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    (tmp_path / "copy").mkdir()
    return copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))


def settled(engines: Engines, source: Path, copy: Copy) -> Engine:
    """Return an engine that has carried everything and knows it."""
    engine = engines(source, copy, state_dir=source.parent / "state")
    engine.wait_for_state(TargetState.IN_SYNC)
    engine.wait_for_rows()
    return engine


def test_every_kind_of_offline_change_arrives_and_only_what_changed_is_compared(
    engines: Engines, source: Path, copy: Copy
) -> None:
    plant(source)
    settled(engines, source, copy).stop()
    for change in CHANGES:
        change(source / change.__name__)
    again = engines(source, copy, state_dir=source.parent / "state")
    again.wait_for_state(TargetState.IN_SYNC)
    assert_same_trees(source, copy.path)
    names = {name for name, _ in fed(again)}
    assert {name.split("/")[0] for name in names} == {each.__name__ for each in CHANGES}
    assert not [name for name in names if "quiet" in name]
    assert again.status().full_passes == 0


def test_a_restart_on_an_unchanged_tree_feeds_no_list(
    engines: Engines, source: Path, copy: Copy
) -> None:
    plant(source)
    settled(engines, source, copy).stop()
    again = engines(source, copy, state_dir=source.parent / "state")
    again.wait_for_state(TargetState.IN_SYNC)
    assert fed(again) == set()
    assert again.status().full_passes == again.status().batches == 0


def test_a_directory_that_moved_and_moved_back_while_nobody_watched_is_carried(
    engines: Engines, source: Path, copy: Copy
) -> None:
    (source / "b" / "in" / "deep").mkdir(parents=True)
    (source / "b" / "in" / "deep" / "f").write_text("f")
    first = settled(engines, source, copy)
    (source / "b").rename(source / "c")
    first.wait_for_rest()
    assert not (copy.path / "b").exists()
    first.stop()
    (source / "c").rename(source / "b")
    again = engines(source, copy, state_dir=source.parent / "state")
    again.wait_for_state(TargetState.IN_SYNC)
    assert_same_trees(source, copy.path)


def test_only_a_target_that_is_new_gets_everything(
    engines: Engines, source: Path, copy: Copy, tmp_path: Path
) -> None:
    plant(source)
    settled(engines, source, copy).stop()
    (tmp_path / "second").mkdir()
    second = copy_at(
        tmp_path / "second", LocalDirectory(path=os.fsencode(tmp_path / "second")), name="second"
    )
    (source / "new").write_text("new")
    again = engines(source, copy, second, state_dir=source.parent / "state")
    again.wait_for_state(TargetState.IN_SYNC)
    again.wait_for_state(TargetState.IN_SYNC, "second")
    for each in (copy, second):
        assert_same_trees(source, each.path)
    assert (again.status().full_passes, again.status("second").full_passes) == (0, 1)


def seen(state_dir: Path) -> dict[str, Any]:
    """Return what a daemon tells of its source and its one target; empty while it does not."""
    try:
        [of_source] = fetch_status(os.fspath(state_dir / "control.sock"))["sources"]
    except (NotReachable, ValueError):
        return {}
    [of_target] = of_source["targets"]
    return {**of_target, "outdated": of_source["outdated"]}


def has_carried_all(state_dir: Path) -> bool:
    """Tell whether nothing is pending; what was under way at a kill stays unconfirmed for long."""
    told = seen(state_dir)
    is_current = told.get("state") in ("in-sync", "settling")
    return is_current and bool(told["pending"] == told["in_flight"] == 0)


def test_a_kill_right_after_a_move_and_a_move_back_lose_nothing(
    source: Path, tmp_path: Path, cli: Cli
) -> None:
    (source / "b" / "in" / "deep").mkdir(parents=True)
    (source / "b" / "in" / "deep" / "f").write_text("f")
    copy = tmp_path / "copy"
    copy.mkdir()
    arguments = ("mirror", "source", "copy", "--state-dir", "state")
    state = tmp_path / "state"
    first = cli.start(*arguments)
    first.wait_until(lambda: seen(state).get("state") == "in-sync")
    first.wait_until(lambda: seen(state).get("outdated") == 0)
    (source / "b").rename(source / "c")
    first.wait_until(lambda: (copy / "c/in/deep/f").exists() and not (copy / "b").exists())
    first.child.kill()
    first.child.wait()
    (source / "c").rename(source / "b")
    again = cli.start(*arguments)
    again.wait_until(lambda: has_carried_all(state))
    again.wait_until(lambda: trees_are_same(source, copy))
    assert seen(state)["full_passes"] == 0
    assert again.stop() == 0


def test_a_kill_during_the_first_pass_is_followed_by_another_one(
    source: Path, tmp_path: Path, cli: Cli
) -> None:
    for number in range(40):
        (source / f"d{number}").mkdir()
        (source / f"d{number}" / "f").write_bytes(os.urandom(100_000))
    copy = tmp_path / "copy"
    copy.mkdir()
    arguments = ("mirror", "source", "copy", "--state-dir", "state")
    first = cli.start(*arguments)
    first.wait_until(lambda: bool(seen(tmp_path / "state")))
    first.child.kill()
    first.child.wait()
    copy.rename(tmp_path / "away")  # Its rsync may still be at work there for a moment.
    copy.mkdir()
    (copy / "kept").write_text("something else")
    again = cli.start(*arguments)
    again.wait_until(lambda: seen(tmp_path / "state").get("state") == "in-sync")
    again.wait_until(lambda: trees_are_same(source, copy))
    assert again.stop() == 0


def test_what_a_killed_daemon_left_for_a_moment_is_gone_after_the_next_start(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    copy = copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))
    state_dir = tmp_path / "state"
    left = state_dir / "scratch" / "sersync-probe-old"
    left.mkdir(parents=True)
    (left / "file").touch()
    engine = engines(source, copy, state_dir=state_dir)
    engine.wait_for_rest()

    assert not left.exists()
    assert not [entry for entry in (state_dir / "scratch").iterdir() if "probe" in entry.name]
