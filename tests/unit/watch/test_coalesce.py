"""Records in, reports out: each path once."""

from __future__ import annotations

import os
import stat

import pytest

from sersync.linux.inotify import (
    IN_ATTRIB,
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_DELETE,
    IN_IGNORED,
    IN_ISDIR,
    IN_MODIFY,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_Q_OVERFLOW,
)
from sersync.model.filters import Filter, Rule
from sersync.model.path import RelPath
from sersync.model.report import Moved, NewTree, Report, Stage, Touched
from sersync.watch.coalesce import Burst
from tests.support.records import encode

_PREFIXES = {1: b"", 2: b"d/"}
_F = RelPath(b"f")
_D = RelPath(b"d")


def _status(*, kind: int = stat.S_IFREG, links: int = 1, size: int = 0) -> os.stat_result:
    return os.stat_result((kind | 0o644, 1, 1, links, 0, 0, size, 0, 0, 0))


def _reports(
    burst: Burst, status: os.stat_result | None = None, filters: Filter | None = None
) -> list[Report]:
    return burst.reports(filters or Filter(), lambda _: status)


def _burst(*masks: int, name: bytes = b"f", wd: int = 1) -> Burst:
    burst = Burst()
    records = b"".join(encode(wd, mask, name) for mask in masks)
    assert not list(burst.absorb(records, _PREFIXES))
    return burst


_CASES = {
    "created, written, closed": (
        [IN_CREATE, IN_MODIFY, IN_CLOSE_WRITE],
        Touched(_F, True, Stage.DONE, True),
    ),
    "only created": ([IN_CREATE], Touched(_F, True, Stage.CREATED, True)),
    "created and chmodded": ([IN_CREATE, IN_ATTRIB], Touched(_F, True, Stage.CREATED, True)),
    "created and written": ([IN_CREATE, IN_MODIFY], Touched(_F, True, Stage.OPEN, True)),
    "written": ([IN_MODIFY], Touched(_F, True, Stage.OPEN)),
    "written and chmodded": ([IN_MODIFY, IN_ATTRIB], Touched(_F, True, Stage.OPEN)),
    "written and closed": ([IN_MODIFY, IN_CLOSE_WRITE], Touched(_F, True, Stage.DONE)),
    "closed": ([IN_CLOSE_WRITE], Touched(_F, True, Stage.DONE)),
    "closed, written again": ([IN_CLOSE_WRITE, IN_MODIFY], Touched(_F, True, Stage.DONE)),
    "chmodded": ([IN_ATTRIB], Touched(_F)),
    "moved in": ([IN_MOVED_TO], Touched(_F, True, Stage.DONE, True, replaces=True)),
    "moved out": ([IN_MOVED_FROM], Touched(_F, True)),
    "moved in and left": (
        [IN_MOVED_TO, IN_MOVED_FROM],
        Touched(_F, True, Stage.DONE, replaces=True),
    ),
    "deleted": ([IN_DELETE], Touched(_F, True)),
    "created and deleted": ([IN_CREATE, IN_MODIFY, IN_CLOSE_WRITE, IN_DELETE], Touched(_F, True)),
    "deleted and created": (
        [IN_DELETE, IN_CREATE],
        Touched(_F, True, Stage.CREATED, True, replaces=True),
    ),
}


@pytest.mark.parametrize(("masks", "expected"), _CASES.values(), ids=_CASES)
def test_the_events_of_a_file_become_one_report(masks: list[int], expected: Touched) -> None:
    assert _reports(_burst(*masks), _status()) == [expected]


@pytest.mark.parametrize(
    "status",
    [_status(kind=stat.S_IFLNK), _status(kind=stat.S_IFIFO), _status(links=2), None],
    ids=["a symlink", "a fifo", "a hard link", "gone"],
)
def test_a_new_name_that_nobody_will_close_is_done(status: os.stat_result | None) -> None:
    assert _reports(_burst(IN_CREATE), status) == [Touched(_F, True, Stage.DONE, True)]


def test_a_new_file_with_bytes_that_nobody_wrote_is_unexplained() -> None:
    burst = _burst(IN_CREATE)
    assert _reports(burst, _status(size=5)) == [Touched(_F, True, Stage.CREATED, True)]
    assert burst.unexplained == [_F]


def test_a_new_file_that_was_written_to_is_no_riddle() -> None:
    burst = _burst(IN_CREATE, IN_MODIFY)
    _reports(burst, _status(size=5))
    assert burst.unexplained == []


def test_a_file_said_to_be_complete_is_done() -> None:
    burst = Burst()
    assert not burst.mentions(_F)
    burst.complete(_F)
    assert burst.mentions(_F)
    assert _reports(burst) == [Touched(_F, True, Stage.DONE, True)]


def test_reports_come_in_the_order_of_first_mention() -> None:
    burst = Burst()
    records = encode(2, IN_MODIFY, b"b") + encode(1, IN_MODIFY, b"a") + encode(2, IN_ATTRIB, b"b")
    assert not list(burst.absorb(records, _PREFIXES))
    assert [report.path for report in _reports(burst) if isinstance(report, Touched)] == [
        b"d/b",
        b"a",
    ]


def test_all_that_is_no_files_event_is_yielded() -> None:
    events = [
        (1, IN_CREATE | IN_ISDIR, b"d"),
        (2, IN_IGNORED, b""),
        (-1, IN_Q_OVERFLOW, b""),
        (77, IN_MODIFY, b"f"),
    ]
    burst = Burst()
    records = b"".join(encode(*event) for event in events)
    told = [(wd, mask, name) for wd, mask, _, name in burst.absorb(records, _PREFIXES)]
    assert told == events
    assert _reports(burst) == []


def test_a_new_tree_speaks_for_all_that_happens_in_it() -> None:
    burst = Burst()
    burst.open_tree(_D, [2])
    assert not list(burst.absorb(encode(2, IN_CREATE, b"f"), _PREFIXES))
    assert burst.is_inside(2)
    assert not burst.is_inside(1)
    assert _reports(burst) == [NewTree(_D)]


def test_only_the_topmost_new_tree_is_reported() -> None:
    burst = Burst()
    burst.open_tree(RelPath(b"d/e"), [3])
    burst.open_tree(_D, [2])
    burst.extend_trees([4])
    assert _reports(burst) == [NewTree(_D)]
    assert burst.is_inside(4)


def test_a_tree_says_whether_it_took_the_place_of_another() -> None:
    burst = Burst()
    burst.touch(_D, IN_DELETE | IN_ISDIR)
    burst.open_tree(_D, [2])
    burst.open_tree(_F, [3], replaces=True)
    assert _reports(burst) == [NewTree(_D, replaces=True), NewTree(_F, replaces=True)]


def test_a_tree_that_is_gone_again_is_a_touched_path() -> None:
    burst = Burst()
    burst.open_tree(_D, [2])
    burst.touch(_D, IN_DELETE | IN_ISDIR)
    assert _reports(burst) == [Touched(_D, True, is_dir=True, was_directory=True)]


def test_that_a_directory_left_is_told_whatever_comes_to_its_name() -> None:
    burst = Burst()
    burst.touch(_F, IN_DELETE | IN_ISDIR)
    for mask in (IN_CREATE, IN_DELETE, IN_CREATE, IN_CLOSE_WRITE, IN_DELETE):
        assert not list(burst.absorb(encode(1, mask, b"f"), _PREFIXES))
        [report] = _reports(burst, _status())
        assert isinstance(report, Touched)
        assert report.was_directory


def test_a_directory_whose_attributes_changed_did_not_leave() -> None:
    burst = Burst()
    burst.touch(_D, IN_ATTRIB | IN_ISDIR)
    assert _reports(burst) == [Touched(_D, is_dir=True)]


def test_a_file_that_leaves_does_not_undo_the_tree_that_took_its_name() -> None:
    burst = Burst()
    burst.open_tree(_F, [2])
    assert not list(burst.absorb(encode(1, IN_MOVED_FROM, b"f"), _PREFIXES))
    assert _reports(burst) == [NewTree(_F)]


def test_what_is_excluded_is_not_reported() -> None:
    burst = _burst(IN_CLOSE_WRITE, name=b"f.tmp")
    assert _reports(burst, filters=Filter([Rule(False, b"*.tmp")])) == []


def test_what_lies_in_an_excluded_directory_is_not_reported() -> None:
    burst = _burst(IN_CLOSE_WRITE, wd=2)
    assert _reports(burst, filters=Filter([Rule(False, b"d/")])) == []


def test_a_file_that_takes_the_place_of_an_excluded_directory_is_reported() -> None:
    filters = Filter([Rule(False, b"f/")])
    burst = Burst()
    burst.touch(_F, IN_DELETE | IN_ISDIR)
    assert _reports(burst, filters=filters) == []
    assert not list(burst.absorb(encode(1, IN_CREATE, b"f"), _PREFIXES))
    came = Touched(_F, True, Stage.CREATED, True, replaces=True, was_directory=True)
    assert _reports(burst, _status(), filters) == [came]


def _moves(*events: tuple[int, int, bytes]) -> list[Report]:
    burst = Burst()
    records = b"".join(encode(1, mask, name, cookie) for mask, cookie, name in events)
    assert not list(burst.absorb(records, _PREFIXES))
    return [report for report in _reports(burst) if isinstance(report, Moved)]


def test_a_move_says_what_the_file_was_called() -> None:
    assert _moves((IN_MOVED_FROM, 7, b"a"), (IN_MOVED_TO, 7, b"b")) == [
        Moved(RelPath(b"a"), RelPath(b"b"))
    ]


def test_a_name_that_moves_on_is_told_by_its_first_one() -> None:
    first = [(IN_MOVED_FROM, 7, b"a"), (IN_MOVED_TO, 7, b"b")]
    assert _moves(*first, (IN_MOVED_FROM, 8, b"b"), (IN_MOVED_TO, 8, b"c")) == [
        Moved(RelPath(b"a"), RelPath(b"c"))
    ]


def test_the_name_of_a_file_that_was_just_created_is_no_name_that_a_target_knows() -> None:
    assert not _moves((IN_CREATE, 0, b"a"), (IN_MOVED_FROM, 7, b"a"), (IN_MOVED_TO, 7, b"b"))


def test_what_moved_in_from_outside_has_no_old_name() -> None:
    assert not _moves((IN_MOVED_TO, 7, b"b"))
