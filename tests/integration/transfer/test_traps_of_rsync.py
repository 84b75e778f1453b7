"""What rsync does silently wrong when it is called naively, and the engine must not."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from sersync.config.rsync_options import parse_rsync_options
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.engine import Engines, copy_at
from tests.support.rsyncd import Rsyncd, RsyncdFactory
from tests.support.trees import assert_same_trees, wait_until


def test_a_rewrite_of_the_same_size_within_the_second_is_sent(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    for number in range(10):
        (source / "file").write_text(f"number {number}")
        wait_until(partial(_reads, rsyncd.root / "file", f"number {number}"))
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_a_rewrite_that_puts_size_and_time_back_is_sent(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    (source / "old").write_text("0000")
    os.utime(source / "old", ns=(10**18, 10**18))
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    for name in ("old", "new", "new"):
        (source / "new").touch()
        engine.wait_for_rest()
        before = (source / name).stat()
        (source / name).write_text(f"{before.st_ino % 9}{before.st_mtime_ns % 997:03}")
        os.utime(source / name, ns=(before.st_atime_ns, before.st_mtime_ns))
        engine.wait_for_rest()

        assert_same_trees(source, rsyncd.root)


_A_TIME_NS = 10**18


def _file(at: Path, text: str) -> Path:
    at.write_text(text)
    os.utime(at, ns=(_A_TIME_NS, _A_TIME_NS))
    return at


def _move_over(there: Path, fresh: Path) -> None:
    fresh.rename(there)


def _remove_and_copy(there: Path, fresh: Path) -> None:
    there.unlink()
    subprocess.run(["cp", "-p", fresh, there], check=True)


def _remove_and_link(there: Path, fresh: Path) -> None:
    there.unlink()
    os.link(fresh, there)


def _write_and_put_back(there: Path, fresh: Path) -> None:
    there.write_bytes(fresh.read_bytes())
    os.utime(there, ns=(_A_TIME_NS, _A_TIME_NS))


@pytest.mark.parametrize("delete", [True, False])
@pytest.mark.parametrize(
    "replace", [_move_over, _remove_and_copy, _remove_and_link, _write_and_put_back]
)
def test_another_file_of_the_same_size_and_time_is_sent_also_after_a_restart(
    source: Path,
    tmp_path: Path,
    rsyncd: Rsyncd,
    engines: Engines,
    replace: Callable[[Path, Path], None],
    delete: bool,
) -> None:
    there = _file(source / "file", "old bytes")
    copy = copy_at(rsyncd.root, rsyncd.endpoint, delete=delete)
    state_dir = tmp_path / "state"
    first = engines(source, copy, state_dir=state_dir)
    first.wait_for_rest()
    first.stop()
    # What was carried is remembered only as long as the daemon runs.
    engine = engines(source, copy, state_dir=state_dir)
    engine.wait_for_rest()
    replace(there, _file(tmp_path / "fresh", "new bytes"))
    engine.wait_for_rest()

    assert (rsyncd.root / "file").read_text() == "new bytes"


def test_a_name_that_a_target_keeps_after_its_deletion_is_sent_when_it_is_there_again(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    _file(source / "file", "old bytes")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, delete=False))
    engine.wait_for_rest()
    (source / "file").unlink()
    engine.wait_for_rest()
    subprocess.run(
        ["cp", "-p", _file(tmp_path / "fresh", "new bytes"), source / "file"], check=True
    )
    engine.wait_for_rest()

    assert (rsyncd.root / "file").read_text() == "new bytes"


def test_a_file_that_is_written_to_a_temporary_name_and_renamed_goes_by_a_warm_run(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    (source / "file").write_text("old bytes")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    for number in range(5):
        fresh = source.parent / "fresh"
        fresh.write_text(f"new bytes {number}")
        fresh.chmod(0o640)
        fresh.rename(source / "file")
        engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)
    kinds = {
        batch.outcome.kind
        for batch in engine.batches
        if any(path.path == b"file" for path in batch.outcome.paths)
    }
    assert kinds == {"entries"}


def test_a_file_that_is_rewritten_by_a_new_name_is_sent_by_its_old_one_too(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    (source / "d").mkdir()
    old, new = source / "d" / "old", source / "new"
    old.write_text("before")
    os.utime(old, ns=(10**18, 10**18))
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    os.link(old, new)
    old.chmod(0o640)
    with new.open("r+") as file:
        file.write("after!")
    os.utime(new, ns=(10**18, 10**18))
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_a_file_in_a_directory_that_was_moved_in_is_sent_when_its_time_is_put_back(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("before")
    outside.rename(source / "moved")
    engine.wait_for_rest()
    moved = source / "moved" / "file"
    before = moved.stat()
    moved.write_text("behind")
    os.utime(moved, ns=(before.st_atime_ns, before.st_mtime_ns))
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_a_time_that_is_put_back_while_its_directory_is_compared_hides_nothing(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    (source / "d").mkdir()
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    file = source / "d" / "file"
    for number in range(12):
        file.write_text(f"{number:04}")
        engine.wait_for_rest()
        before = file.stat()
        for other in range(20):
            (source / "d" / f"other-{other}").write_text(f"{number}")
        file.write_text(f"{number + 5000:04}")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        for other in range(20):
            (source / "d" / f"other-{other}").unlink()
        engine.wait_for_rest()

        assert_same_trees(source, rsyncd.root)


def test_names_that_look_like_comments_are_created_and_deleted(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    names = ("#a", ";b", "d/#c", "d/;d", "#e/#f")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    for name in names:
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(name)
    engine.wait_for_rest()
    assert all((rsyncd.root / name).read_text() == name for name in names)
    for name in names:
        (source / name).unlink()
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_a_directory_that_becomes_a_symlink_is_not_copied_through(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret").write_text("not in the source")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    for _ in range(5):
        (source / "d" / "e").mkdir(parents=True)
        (source / "d" / "e" / "secret").write_text("in the source")
        subprocess.run(["rm", "-rf", source / "d"], check=True)
        (source / "d").symlink_to(elsewhere)
        engine.wait_for_rest()
        assert (rsyncd.root / "d").is_symlink()
        assert_same_trees(source, rsyncd.root)
        (source / "d").unlink()


def test_symlinks_that_stay_inside_arrive_as_they_are_also_without_chroot(
    source: Path, rsyncd_factory: RsyncdFactory, engines: Engines
) -> None:
    rsyncd = rsyncd_factory(chroot=False)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    (source / "link").symlink_to("kept")
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_the_other_name_of_a_file_on_the_target_is_not_overwritten(
    source: Path, rsyncd: Rsyncd, engines: Engines, tmp_path: Path
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    (source / "file").write_text("first")
    engine.wait_for_rest()
    os.link(rsyncd.root / "file", rsyncd.root.parent / "snapshot")
    (source / "file").write_text("second")
    engine.wait_for_rest()

    assert (rsyncd.root.parent / "snapshot").read_text() == "first"
    assert (rsyncd.root / "file").read_text() == "second"


def test_a_log_that_is_rotated_and_written_anew_arrives_whole(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    (source / "log").write_text("one line\n" * 1000)
    engine.wait_for_rest()
    (source / "log").rename(source / "log.1")
    (source / "log").write_text("another\n" * 10)
    engine.wait_for_rest()
    os.truncate(source / "log.1", 5)
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_a_change_during_a_slow_transfer_of_the_same_file_wins(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    copy = copy_at(rsyncd.root, rsyncd.endpoint, bandwidth_kib_s=3000, large_file_bytes=1 << 20)
    engine = engines(source, copy)
    engine.wait_for_rest()
    for content in (b"a", b"b"):
        (source / "large").write_bytes(content * (4 << 20))
        wait_until(lambda: engine.status().runs > 0)
        (source / "large").write_bytes(content.upper() * (1 << 20))
        (source / "small").write_bytes(content)
        engine.wait_for_rest()

        assert_same_trees(source, rsyncd.root)


def test_a_directory_that_changes_while_a_slow_run_is_inside_keeps_its_attributes(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    copy = copy_at(rsyncd.root, rsyncd.endpoint, bandwidth_kib_s=3000, large_file_bytes=1 << 20)
    engine = engines(source, copy)
    (source / "d").mkdir()
    engine.wait_for_rest()
    (source / "d" / "large").write_bytes(b"x" * (3 << 20))
    wait_until(lambda: engine.status().runs > 0)
    (source / "d" / "small").write_text("beside it")
    (source / "d").chmod(0o711)
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.root
def test_a_full_target_is_told_and_takes_the_rest_when_there_is_room_again(
    source: Path, small_disk: Path, engines: Engines
) -> None:
    copy = small_disk / "copy"
    copy.mkdir()
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (700 << 10))
    engine = engines(source, copy_at(copy, LocalDirectory(path=os.fsencode(copy))))
    engine.wait_for_rest()
    for number in range(6):
        (source / f"file-{number}").write_bytes(bytes([number]) * (100 << 10))

    def is_told() -> bool:
        # A run beside the one that failed may still come to its end, and all seems well again.
        status = engine.status()
        is_full = status.reason is not None and "full" in status.reason.message
        return is_full and status.state is TargetState.BACKING_OFF

    wait_until(is_told, 20.0, message=lambda: str(engine.status()))
    ballast.unlink()
    engine.wait_for_rest(timeout_s=40.0)

    assert_same_trees(source, copy)


def _reads(path: Path, text: str) -> bool:
    try:
        return path.read_text() == text
    except OSError:
        return False


def test_a_name_that_cannot_be_converted_is_shown_and_makes_nobody_busy(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    """For it rsync skips the deletions of its level, which are due again: but not at once."""
    ours = tmp_path / "ours"
    parsed = parse_rsync_options(["-a", "--iconv=utf-8,iso-8859-1"], base=())
    copy = copy_at(ours, LocalDirectory(path=os.fsencode(ours)), options=parsed.options)
    (source / "good").write_text("good")
    (source / "odd \udcff").write_text("odd")
    engine = engines(source, copy)
    wait_until(lambda: engine.status().full_passes == 1 and bool(engine.status().problems), 30.0)
    (source / "gone").write_text("gone")
    wait_until((ours / "gone").exists)
    (source / "gone").unlink()
    wait_until(lambda: not (ours / "gone").exists())
    began, before = time.monotonic(), len(engine.batches)
    wait_until(lambda: time.monotonic() > began + 3.0)
    runs, took_s = len(engine.batches) - before, time.monotonic() - began

    assert runs < 5 * took_s / 3.0, "fewer than five in three seconds"
    [problem] = engine.status().problems
    assert problem.path == b"odd \xff"
    assert (ours / "good").read_text() == "good"


def test_what_a_receiver_leaves_behind_that_is_killed_in_its_first_moment_is_removed(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    """A connection that is lost so soon may be that of a spare which had died before."""
    engine = engines(
        source, copy_at(rsyncd.root, rsyncd.endpoint, bandwidth_kib_s=4096, witness_every_s=0.0)
    )
    engine.wait_for_rest()
    (source / "large").write_bytes(os.urandom(6 << 20))
    begun: list[Path] = []

    def has_begun() -> bool:
        begun[:] = rsyncd.root.glob(".large.*")
        return bool(begun)

    wait_until(has_begun, poll_s=0.002)
    subprocess.run(["pkill", "-KILL", "-P", str(rsyncd.daemon.pid)], check=True)
    # The next attempt, with a temporary file of its own, may have begun by now.
    [left] = begun
    assert not (rsyncd.root / "large").exists(), "it was killed too late"

    wait_until(lambda: not left.exists(), 30)
    engine.wait_for_rest(timeout_s=40)
    assert_same_trees(source, rsyncd.root)
