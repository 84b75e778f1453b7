"""Slices on their way to one target."""

from __future__ import annotations

from sersync.model.dirty import Scope
from sersync.model.path import ROOT, RelPath
from sersync.model.slices import Slice
from sersync.replication.full_pass import FullPass
from tests.support.fakes import level


def begun(*slices: Slice) -> FullPass:
    return FullPass(ROOT, iter(slices), now=0.0)


def test_slices_are_given_one_after_the_other_as_levels() -> None:
    full = begun(level(b""), level(b"a", b"b"))

    first, second = full.next(), full.next()
    assert [path.path for path in first] == [b""]
    assert [path.path for path in second] == [b"a", b"b"]
    assert {path.scope for path in first + second} == {Scope.LEVEL}


def test_its_paths_cannot_be_mistaken_for_reported_ones() -> None:
    full = begun(level(b"a", b"b"), level(b"c"))
    sequences = [path.sequence for path in full.next() + full.next()]

    assert all(sequence < 0 for sequence in sequences)
    assert len(set(sequences)) == 3


def test_it_is_over_when_all_was_walked_and_carried() -> None:
    full = begun(level(b"a"))
    paths = full.next()
    assert full.is_under_way
    assert not full.is_over
    full.settle(paths)
    assert not full.is_over
    assert full.next() == []

    assert full.is_over


def test_what_had_to_wait_comes_before_the_next_slice() -> None:
    full = begun(level(b"a", b"b"), level(b"c"))
    one, other = full.next()
    full.settle([one])
    full.wait_with([other])
    assert not full.is_under_way

    assert full.next() == [other]


def test_a_slice_counts_when_all_of_it_was_carried() -> None:
    full = begun(level(b"a", b"b", entries=10))
    one, other = full.next()
    full.settle([one])
    before = full.entries
    full.settle([other])

    assert before < 10
    assert full.entries == 10


def test_progress_never_exceeds_its_total() -> None:
    full = begun(level(b"a", entries=10))
    full.settle(full.next())
    progress = full.progress(5.0, entries_total=3, bytes_total=0, bytes_moving=7)

    assert (progress.entries, progress.entries_total) == (10, 10)
    assert progress.bytes <= progress.bytes_total
    assert progress.elapsed_s == 5.0


def test_a_pass_over_a_subtree_covers_that_and_nothing_beside_it() -> None:
    full = FullPass(RelPath(b"a"), iter(()), now=0.0)

    assert full.covers(RelPath(b"a/b"))
    assert full.covers(RelPath(b"a"))
    assert not full.covers(RelPath(b"ab"))
    assert not full.covers(ROOT)
