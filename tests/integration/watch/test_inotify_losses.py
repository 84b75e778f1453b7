"""What the kernel no longer tells becomes a desync of exactly that, with reason and remedy."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from sersync.errors import EnvironmentMissing, SourceError
from sersync.linux.inotify import IN_Q_OVERFLOW, add_watch
from sersync.model.filters import Filter, Rule
from sersync.model.path import ROOT, RelPath
from sersync.model.report import Desync, DesyncReason, NewTree, Touched
from sersync.watch.inotify import InotifyWatcher
from tests.integration.watch.conftest import Watch, Watched
from tests.support.records import encode

_ROOT_USER = os.geteuid() == 0
_AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2:]
from sersync.model.filters import Filter
from sersync.watch.inotify import InotifyWatcher
watcher = InotifyWatcher(os.fsencode(sys.argv[1]), Filter(), raise_limits=False)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for report in watcher.begin():
    print(report.subtree.decode(), report.reason.name, report.covered, report.detail)
print(watcher.directories, *watcher.uncovered)
"""


def _fill_queue(watched: Watched) -> None:
    """Cause more events than the queue holds; no two equal ones in a row, or they are merged.

    It is full when it grows no more. The kernel's limit does not tell when: other tests that run
    now change it, and a queue keeps that with which it was opened.
    """
    root, before = watched.root, -1
    with (root / "one").open("wb") as one, (root / "other").open("wb") as other:
        while (length_bytes := _queued_bytes(watched)) > before:
            before = length_bytes
            for _ in range(10_000):  # To ask for the length takes long when it is long.
                os.pwrite(one.fileno(), b"x", 0)
                os.pwrite(other.fileno(), b"x", 0)


def _queued_bytes(watched: Watched) -> int:
    """Return how much there is to be read (inotify(7), FIONREAD)."""
    told = fcntl.ioctl(watched.watcher._queue.fd, termios.FIONREAD, bytes(4))
    return int(struct.unpack("i", told)[0])


def _lose_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next read of a queue return no events, but that there were too many."""
    read = os.read

    def overflow(fd: int, length: int) -> bytes:
        monkeypatch.setattr("sersync.watch.queue.os.read", read)
        read(fd, length)
        return encode(-1, IN_Q_OVERFLOW)

    monkeypatch.setattr("sersync.watch.queue.os.read", overflow)


def test_an_overflow_is_told_and_everything_is_watched_again(
    root: Path, tmp_path: Path, watch: Watch
) -> None:
    (root / "moves-out" / "below").mkdir(parents=True)
    watched = watch()
    _fill_queue(watched)
    (root / "lost" / "below").mkdir(parents=True)
    (root / "moves-out").rename(tmp_path / "outside")
    watched.until(lambda: bool(watched.desyncs()))
    (desync,) = watched.desyncs()
    assert (desync.subtree, desync.reason, desync.covered) == (ROOT, DesyncReason.OVERFLOW, True)
    assert watched.watcher.directories == 3
    (root / "lost" / "below" / "f").touch()
    (tmp_path / "outside" / "below" / "f").touch()
    watched.settle()
    assert RelPath(b"lost/below/f") in watched.touched()
    assert RelPath(b"moves-out/below/f") not in watched.touched()


def test_a_root_that_vanished_while_events_were_lost_is_gone(
    root: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch()
    root.rmdir()
    _lose_events(monkeypatch)
    watched.until(lambda: bool(watched.desyncs()))
    assert [desync.reason for desync in watched.desyncs()] == [DesyncReason.ROOT_GONE]


def test_an_event_of_an_unknown_watch_desyncs_the_root(
    root: Path, tmp_path: Path, watch: Watch
) -> None:
    (tmp_path / "stranger").mkdir()

    def and_a_stranger(queue: int, path: bytes, mask: int) -> int:
        add_watch(queue, os.fsencode(tmp_path / "stranger"), mask)
        return add_watch(queue, path, mask)

    watched = watch(add_watch=and_a_stranger)
    (tmp_path / "stranger" / "f").touch()
    watched.settle()
    assert {(desync.subtree, desync.reason) for desync in watched.desyncs()} == {
        (ROOT, DesyncReason.UNKNOWN_WATCH)
    }


class _Limited:
    """A kernel that has only so many watches to give."""

    def __init__(self, watches: int) -> None:
        self.watches = watches

    def __call__(self, queue: int, path: bytes, mask: int) -> int:
        if self.watches == 0 and os.path.exists(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        self.watches -= 1
        return add_watch(queue, path, mask)


def test_directories_beyond_the_limit_are_told_with_the_command_that_helps(
    root: Path, watch: Watch
) -> None:
    (root / "d" / "below").mkdir(parents=True)
    watched = watch(add_watch=_Limited(1))
    (desync,) = watched.desyncs()
    assert (desync.subtree, desync.covered) == (b"d", False)
    assert desync.reason is DesyncReason.WATCH_LIMIT
    assert "sudo sysctl -w fs.inotify.max_user_watches=" in desync.detail
    assert watched.watcher.uncovered == (b"d",)
    assert watched.watcher.notes == (desync.detail,)


def test_a_new_directory_beyond_the_limit_is_a_new_tree_and_a_desync(
    root: Path, watch: Watch
) -> None:
    watched = watch(add_watch=_Limited(1))
    (root / "d").mkdir()
    said = watched.settle()
    assert NewTree(RelPath(b"d")) in said
    assert [desync.subtree for desync in watched.desyncs()] == [b"d"]
    (root / "d").rmdir()
    watched.settle()
    assert watched.watcher.uncovered == ()


def test_where_too_many_directories_are_beyond_the_limit_the_one_above_stands_for_them(
    root: Path, watch: Watch
) -> None:
    (root / "other" / "deep").mkdir(parents=True)
    for number in range(1200):
        (root / "wide" / str(number)).mkdir(parents=True)
    limited = _Limited(4)
    watched = watch(add_watch=limited)
    limited.watches = 0
    assert sorted(watched.watcher.uncovered) in ([b"wide"], [b"other", b"wide"])
    assert RelPath(b"wide") in {desync.subtree for desync in watched.desyncs()}
    assert len(watched.watcher.notes) <= 2


def test_after_an_overflow_what_was_beyond_the_limit_is_tried_again(
    root: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "d").mkdir()
    limited = _Limited(1)
    watched = watch(add_watch=limited)
    limited.watches = 100
    _lose_events(monkeypatch)
    (root / "f").touch()
    watched.until(lambda: len(watched.desyncs()) > 1)
    assert watched.watcher.uncovered == ()
    assert watched.watcher.directories == 2


@pytest.mark.root
@pytest.mark.skipif(not _ROOT_USER, reason="becomes another user")
def test_an_unreadable_directory_is_told_and_the_rest_is_watched(tmp_path: Path) -> None:
    """Without root: ``test_a_directory_that_cannot_be_read_is_told_until_it_can``."""
    root = _tree_of_anyone(tmp_path)
    lines = _as_nobody(root)
    assert lines[0].startswith("closed UNREADABLE False closed and what is below it")
    assert "Permission denied" in lines[0]
    assert "sudo setfacl -m u:65534:rx" in lines[0]
    assert lines[1] == "3 b'closed'"


def _tree_of_anyone(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "open" / "below").mkdir(parents=True)
    (root / "closed").mkdir(mode=0o700)
    for directory in [root, *root.parents][:-2]:
        directory.chmod(0o755)
    return root


def _as_nobody(root: Path) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(root), *sys.path],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_a_directory_that_cannot_be_read_is_told_until_it_can(root: Path, watch: Watch) -> None:
    (root / "d" / "e").mkdir(parents=True)
    refused = {os.fsencode(root / "d")}

    def refusing(queue: int, path: bytes, mask: int) -> int:
        if path in refused:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
        return add_watch(queue, path, mask)

    watched = watch(add_watch=refusing)
    assert [(found.subtree, found.reason) for found in watched.desyncs()] == [
        (b"d", DesyncReason.UNREADABLE)
    ]
    refused.clear()
    (root / "d").chmod(0o755)
    assert watched.settle() == [NewTree(RelPath(b"d"), replaces=True)]
    assert watched.watcher.uncovered == ()
    assert watched.watcher.directories == 3


def test_a_deleted_root_is_told_once(root: Path, watch: Watch) -> None:
    watched = watch()
    root.rmdir()
    watched.until(lambda: bool(watched.desyncs()))
    (desync,) = watched.desyncs()
    assert desync == Desync(
        subtree=ROOT, reason=DesyncReason.ROOT_GONE, detail=desync.detail, covered=False
    )
    assert watched.take() == []
    assert watched.watcher.directories == 0
    assert watched.watcher.uncovered == (ROOT,)


@pytest.mark.root
@pytest.mark.skipif(not _ROOT_USER, reason="mounts")
def test_a_moved_root_that_is_mounted_inside_itself_is_watched_no_more(
    root: Path, tmp_path: Path, watch: Watch
) -> None:
    """Without root: ``test_a_second_watch_of_a_directory_takes_nothing_from_the_first``."""
    (root / "inside").mkdir()
    subprocess.run(["mount", "--bind", root, root / "inside"], check=True)
    try:
        watched = watch()
        root.rename(tmp_path / "moved")
        watched.until(
            lambda: DesyncReason.ROOT_GONE in {desync.reason for desync in watched.desyncs()}
        )
    finally:
        for place in (root, tmp_path / "moved"):
            subprocess.run(["umount", "-l", place / "inside"], capture_output=True)


def test_a_moved_root_is_watched_no_more(root: Path, tmp_path: Path, watch: Watch) -> None:
    watched = watch()
    root.rename(tmp_path / "moved")
    watched.until(lambda: bool(watched.desyncs()))
    assert watched.desyncs()[0].reason is DesyncReason.ROOT_GONE
    (tmp_path / "moved" / "f").touch()
    assert watched.take() == []


def test_a_root_that_came_back_can_be_watched_again(root: Path, watch: Watch) -> None:
    watched = watch()
    root.rmdir()
    watched.until(lambda: bool(watched.desyncs()))
    root.mkdir()
    assert watched.watcher.begin() == []
    (root / "f").touch()
    watched.settle()
    assert RelPath(b"f") in watched.touched()


def test_a_root_that_is_no_directory_is_refused(root: Path, watch: Watch) -> None:
    (root / "f").touch()
    watcher = InotifyWatcher(os.fsencode(root / "f"), Filter(), raise_limits=False)
    with pytest.raises(SourceError, match="f is not a directory"):
        watcher.begin()
    watcher.close()


@pytest.mark.root
@pytest.mark.skipif(not _ROOT_USER, reason="mounts a file system")
def test_a_file_system_unmounted_below_the_root_is_told(root: Path, watch: Watch) -> None:
    """Without root nothing can be mounted: ``test_a_deleted_root_is_told_once`` comes nearest."""
    (root / "volume").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", root / "volume"], check=True)
    try:
        (root / "volume" / "d").mkdir()
        watched = watch()
        assert watched.watcher.directories == 3
    finally:
        subprocess.run(["umount", root / "volume"], check=True)
    watched.until(lambda: bool(watched.desyncs()))
    watched.settle()
    (desync,) = watched.desyncs()
    assert (desync.subtree, desync.covered) == (b"volume", False)
    assert desync.reason is DesyncReason.UNMOUNTED
    assert watched.watcher.directories == 1
    assert watched.watcher.uncovered == (b"volume",)


def test_wake_lets_a_waiting_take_return(watch: Watch) -> None:
    watched = watch()
    timer = threading.Timer(0.05, watched.watcher.wake)
    timer.start()
    began = time.monotonic()
    assert watched.watcher.take(60.0) == []
    assert time.monotonic() - began < 50.0
    timer.join()


def test_excluded_changes_do_not_end_a_take_before_its_time(root: Path, watch: Watch) -> None:
    watched = watch(Filter([Rule(False, b"*.tmp")]))
    (root / "a.tmp").touch()
    began = time.monotonic()
    assert watched.watcher.take(0.2) == []
    assert time.monotonic() - began >= 0.2


def test_limits_that_are_too_low_are_raised_and_it_is_said(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "max_queued_events").write_text("16\n")
    (tmp_path / "max_user_watches").write_text("4\n")
    for number in range(9):
        (root / str(number)).mkdir()
    monkeypatch.setattr("sersync.linux.limits.DIRECTORY", tmp_path)
    watcher = InotifyWatcher(os.fsencode(root), Filter())
    assert watcher.begin() == []
    watcher.close()
    assert watcher.notes == (
        "fs.inotify.max_queued_events was 16; raised to 1048576 until the next boot",
        "fs.inotify.max_user_watches was 4; raised to 20 until the next boot",
    )


def _raisable(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the limit of watches, of a kernel of which more than that is not given away."""
    (directory / "max_queued_events").write_text("1048576\n")
    limit = directory / "max_user_watches"
    limit.write_text("100\n")
    monkeypatch.setattr("sersync.linux.limits.DIRECTORY", directory)
    return limit


def test_a_limit_whose_raising_is_to_no_use_is_raised_once(
    root: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = _raisable(tmp_path, monkeypatch)
    for number in range(9):
        (root / str(number)).mkdir()
    watched = watch(add_watch=_Limited(1), raise_limits=True)
    assert limit.read_text() == "200\n"
    assert len(watched.watcher.uncovered) == 9


def test_the_limit_of_a_user_namespace_is_named_and_no_other_one_is_raised(
    root: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = _raisable(tmp_path, monkeypatch)
    (tmp_path / "inside").write_text("4\n")
    monkeypatch.setattr("sersync.linux.limits.NAMESPACE_WATCHES", tmp_path / "inside")
    (root / "d").mkdir()
    (desync,) = watch(add_watch=_Limited(1), raise_limits=True).desyncs()
    assert "the limit of 4 inotify watches in this user namespace is reached" in desync.detail
    assert "'sudo sysctl -w user.max_inotify_watches=8'" in desync.detail
    assert limit.read_text() == "100\n"


def test_the_notes_name_some_and_count_the_rest(root: Path, watch: Watch) -> None:
    for number in range(30):
        (root / str(number)).mkdir()
    watched = watch(add_watch=_Limited(1))
    assert len(watched.watcher.notes) == 11
    assert watched.watcher.notes[-1] == "20 more directories are not watched"


def test_no_queue_left_is_told_with_the_command_that_helps(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("sersync.watch.queue.open_queue", refuse)
    watcher = InotifyWatcher(os.fsencode(root), Filter(), raise_limits=False)
    with pytest.raises(EnvironmentMissing, match="Too many open files") as caught:
        watcher.begin()
    watcher.close()
    assert "sudo sysctl -w fs.inotify.max_user_instances=" in caught.value.hint


def test_touched_directories_of_a_removed_root_are_not_told(root: Path, watch: Watch) -> None:
    (root / "f").touch()
    watched = watch()
    (root / "f").unlink()
    root.rmdir()
    watched.until(lambda: bool(watched.desyncs()))
    assert all(isinstance(report, Desync | Touched) for report in watched.reports)
