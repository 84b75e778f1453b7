"""A backlog that grows too long becomes wider; it stays short, and covers what it stands for."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sersync.changelog.log import Changelog
from sersync.changelog.widening import widened
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath, is_within, parent

_NAMES = st.sampled_from([b"a", b"b", b"c", b"dd"])
_PATHS = st.lists(_NAMES, min_size=0, max_size=5).map(lambda parts: RelPath(b"/".join(parts)))


@st.composite
def dirty_paths(draw: st.DrawFn) -> DirtyPath:
    return DirtyPath(
        path=draw(_PATHS),
        scope=draw(st.sampled_from(Scope)),
        sequence=1,
        first_seen=draw(st.floats(0, 100)),
        content=draw(st.booleans()),
    )


def covers(wide: DirtyPath, entry: DirtyPath) -> bool:
    """Tell whether carrying *wide* carries *entry*."""
    if wide.scope is Scope.TREE:
        return is_within(entry.path, wide.path)
    if wide.scope is Scope.LEVEL and entry.scope is Scope.ENTRY:
        return entry.path == wide.path or (bool(entry.path) and parent(entry.path) == wide.path)
    return entry.path == wide.path and wide.scope >= entry.scope


@given(st.lists(dirty_paths(), max_size=60), st.integers(1, 20))
def test_what_stands_for_paths_is_short_and_covers_each_with_its_age_and_doubts(
    entries: list[DirtyPath], most: int
) -> None:
    wide = widened(entries, most=most, after=7)

    assert len(wide) <= most
    assert [each.sequence for each in wide] == list(range(8, 8 + len(wide)))
    for entry in entries:
        assert any(
            covers(each, entry)
            and each.first_seen <= entry.first_seen
            and each.content >= entry.content
            for each in wide
        ), f"{entry} is forgotten by {wide}"


def test_a_few_paths_stay_what_they_are() -> None:
    log = Changelog(["one"])
    for number in range(10):
        log.mark(RelPath(b"d/%d" % number), now=1.0)

    assert log.bound(10, now=2.0) == []
    assert len(log.take("one", now=3.0)) == 10


def test_names_become_levels_and_levels_trees() -> None:
    entries = [
        DirtyPath(path=RelPath(b"a/b%d/%d" % (a, b)), scope=Scope.ENTRY, sequence=1, first_seen=1.0)
        for a in range(8)
        for b in range(8)
    ]
    levels = widened(entries, most=10)
    [tree] = widened(entries, most=4)

    assert {each.scope for each in levels} == {Scope.LEVEL}
    assert [each.path for each in levels] == [b"a/b%d" % number for number in range(8)]
    assert (tree.path, tree.scope) == (b"a", Scope.TREE)


def test_the_memory_for_an_absent_target_stays_bounded_and_nothing_is_forgotten() -> None:
    log = Changelog(["present", "absent"])
    most = 1_000
    told: set[RelPath] = set()
    sizes = []
    for number in range(40_000):
        path = RelPath(b"d%d/e%d/f%d" % (number % 7, number % 301, number))
        told.add(path)
        log.mark(path, now=float(number), content=True)
        log.bound(most, now=float(number))
        if number % 97 == 0:
            log.settle("present", log.take("present", now=float(number)))
        if number == 20_000:
            # The target was there for a moment, and all of it failed.
            flying = log.take("absent", now=float(number))
            log.put_back("absent", flying, not_before=float(number) + 5, failed=True)
        sizes.append(log.pending("absent"))
        assert log.pending("present") <= 100, "one that is there is not widened"
    backlog = log._backlogs["absent"]

    assert max(sizes) <= most + 1
    assert len(log._log) + len(log._older) <= most + 1
    assert len(backlog._times) + len(backlog._attempted) <= 3 * most
    assert sys.getsizeof(log._log) < 1 << 20
    carried = log.take("absent", now=1e9)
    assert all(each.content for each in carried)
    assert min(each.first_seen for each in carried) == 0.0
    for path in told:
        entry = DirtyPath(path=path, scope=Scope.ENTRY, sequence=1, first_seen=0.0)
        assert any(covers(each, entry) for each in carried)


def test_what_is_in_flight_goes_on_and_is_carried_again_if_it_fails() -> None:
    log = Changelog(["one"])
    log.mark(RelPath(b"flying"), now=1.0)
    flying = log.take("one", now=1.0)
    for number in range(100):
        log.mark(RelPath(b"d/%d" % number), now=2.0)
    assert log.bound(50, now=3.0) == ["one"]
    assert log.in_flight("one") == 1
    log.put_back("one", flying, failed=True)

    assert sorted(each.path for each in log.take("one", now=4.0)) == [b"d", b"flying"]


@pytest.mark.parametrize("is_carried", [False, True])
def test_no_name_counts_as_new_until_all_is_carried(is_carried: bool) -> None:
    log = Changelog(["one"])
    for number in range(100):
        log.mark(RelPath(b"d/%d" % number), now=2.0)
    log.bound(50, now=3.0)
    taken = log.take("one", now=4.0)
    if is_carried:
        log.settle("one", taken)
    log.mark(RelPath(b"d/5"), now=5.0, created=True)
    [entry] = log.take("one", now=6.0)

    assert replace(entry, sequence=0).created is is_carried


def test_a_checkpoint_is_told_what_became_of_the_paths() -> None:
    log = Changelog(["one"])
    log.add("one", RelPath(b"d/own"), Scope.ENTRY, now=1.0)
    for number in range(100):
        log.mark(RelPath(b"d/%d" % number), now=2.0)
    log.target_changes("one")
    log.bound(50, now=3.0)
    cursor, waiting, gone, is_whole = log.target_changes("one")

    assert cursor == log.sequence
    assert [each.path.path for each in waiting] == [b"d"]
    assert (gone, is_whole) == ({b"d/own"}, False)
