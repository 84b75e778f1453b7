"""When a row may be stored, one condition at a time."""

from __future__ import annotations

import pytest

from sersync.model.look import Look
from sersync.model.manifest import Row
from sersync.model.path import RelPath
from sersync.replication.ripening import QUIET_S, Ripening

_D = RelPath(b"a/d")
_LOOKED_NS = 1_000_000_000_000


def look(directory: RelPath = _D, *, ripe_at_ns: int = _LOOKED_NS, size: int = 10) -> Look:
    row = Row(
        directory=directory,
        inode=1,
        changed_ns=1,
        filesystem=0,
        basis=1,
        entries=1,
        blob=bytes(size),
    )
    return Look(directory=directory, row=row, ripe_at_ns=ripe_at_ns)


def opened(*directories: RelPath) -> Ripening:
    ripening = Ripening()
    for directory in directories or (_D,):
        ripening.opening(directory, wall_ns=_LOOKED_NS)
    return ripening


def stored(ripening: Ripening) -> list[RelPath]:
    return [row.directory for row in ripening.take()]


def test_a_row_is_ripe_when_the_queue_was_empty_after_its_look() -> None:
    ripening = opened()
    ripening.looked(look(), now=10.0)
    ripening.drained(since=10.0)
    assert stored(ripening) == []
    ripening.drained(since=10.1)
    assert stored(ripening) == [_D]
    assert stored(ripening) == []


def test_a_report_during_the_look_keeps_its_row_from_ripening() -> None:
    ripening = opened()
    ripening.reported([_D], now=9.9)
    ripening.looked(look(), now=10.0)
    ripening.drained(since=11.0)
    assert stored(ripening) == []
    assert ripening.stale == 1


@pytest.mark.parametrize("is_drained", [False, True])
def test_a_report_after_the_look_keeps_its_row_from_being_stored(is_drained: bool) -> None:
    ripening = opened()
    ripening.looked(look(), now=10.0)
    if is_drained:
        ripening.drained(since=11.0)
    ripening.reported([_D], now=11.5)
    ripening.drained(since=12.0)
    assert stored(ripening) == []


def test_a_directory_that_changed_just_before_the_look_is_looked_at_later() -> None:
    ripening = opened()
    ripening.looked(look(ripe_at_ns=_LOOKED_NS + 10**9), now=10.0)
    ripening.drained(since=99.0)
    assert stored(ripening) == []
    assert ripening.next_stale(10.9) is None
    again = ripening.next_stale(11.0)
    assert again is not None
    assert again.directory == _D


def test_a_moved_tree_takes_the_rows_of_all_below_it_along() -> None:
    inside, outside = RelPath(b"a/d/e/f"), RelPath(b"a/dd")
    ripening = opened(_D, inside, outside)
    for each in (_D, inside, outside):
        ripening.looked(look(each), now=10.0)
    ripening.drained(since=11.0)
    ripening.forget([_D])
    assert stored(ripening) == [outside]


def test_a_look_that_has_just_begun_when_its_tree_moves_is_in_vain() -> None:
    ripening = opened(RelPath(b"a/d/e"))
    ripening.forget([_D], also_open=True)
    ripening.looked(look(RelPath(b"a/d/e")), now=10.0)
    ripening.drained(since=11.0)
    assert stored(ripening) == []


def test_what_is_busy_is_looked_at_when_it_has_been_quiet_and_the_longest_quiet_first() -> None:
    ripening = Ripening()
    for number, at in enumerate((1.0, 2.0, 3.0)):
        ripening.reported([RelPath(b"%d" % number)], now=at)
    ripening.reported([RelPath(b"0")], now=4.0)
    found = [ripening.next_stale(3.0 + QUIET_S) for _ in range(3)]
    assert [each and each.directory for each in found] == [b"1", b"2", None]


def test_what_was_to_be_looked_at_as_a_whole_stays_so() -> None:
    ripening = Ripening()
    ripening.stale_tree(_D, now=1.0)
    ripening.reported([_D], now=2.0)
    found = ripening.next_stale(60.0)
    assert found is not None
    assert found.is_tree


def test_a_row_that_says_what_is_stored_already_is_not_stored_again() -> None:
    ripening = opened()
    known = look()
    ripening.looked(Look(directory=_D, row=known.row, is_known=True), now=10.0)
    ripening.drained(since=11.0)
    assert (stored(ripening), ripening.stale) == ([], 0)


def test_what_ripens_is_bounded_and_what_finds_no_room_is_looked_at_later() -> None:
    ripening = Ripening(most_bytes=1000)
    many = [RelPath(b"%d" % number) for number in range(9)]
    for each in many:
        ripening.opening(each, wall_ns=_LOOKED_NS)
        ripening.looked(look(each, size=300), now=10.0)
    assert ripening.is_full
    assert ripening.rows + ripening.stale == len(many)
    ripening.drained(since=11.0)
    assert len(stored(ripening)) < len(many)
    assert not ripening.is_full


def test_rows_that_could_not_be_stored_are_made_again() -> None:
    ripening = opened()
    ripening.looked(look(), now=10.0)
    ripening.drained(since=11.0)
    ripening.failed(ripening.take(), now=12.0)
    assert ripening.next_stale(12.0 + QUIET_S) is not None


def test_rows_do_not_leak_room() -> None:
    ripening = Ripening(most_bytes=5000)
    for _ in range(100):
        ripening.opening(_D, wall_ns=_LOOKED_NS)
        ripening.looked(look(size=1000), now=10.0)
        ripening.reported([_D], now=10.0)
        ripening.next_stale(99.0)
    assert not ripening.is_full
