"""Two runs to one target never touch the same path."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sersync.model.path import ROOT, RelPath, is_within
from sersync.transfer.locks import Occupied, hold

PATHS = st.lists(st.sampled_from((b"a", b"b", b"ab")), max_size=4).map(b"/".join).map(RelPath)


def occupied(*paths: bytes) -> Occupied:
    return Occupied([hold(map(RelPath, paths))])


def test_a_path_that_is_held_is_taken() -> None:
    assert occupied(b"a/b").overlaps(RelPath(b"a/b"))


def test_what_lies_below_a_held_path_is_taken() -> None:
    assert occupied(b"a/b").overlaps(RelPath(b"a/b/c/d"))


def test_what_lies_above_a_held_path_is_taken() -> None:
    assert occupied(b"a/b/c").overlaps(RelPath(b"a"))
    assert occupied(b"a/b/c").overlaps(ROOT)


def test_neighbours_are_free() -> None:
    held = occupied(b"a/b")

    assert not held.overlaps(RelPath(b"a/c"))
    assert not held.overlaps(RelPath(b"a/bc"))
    assert not held.overlaps(RelPath(b"ab"))


def test_the_root_holds_everything() -> None:
    held = occupied(b"")

    assert held.overlaps(ROOT)
    assert held.overlaps(RelPath(b"any/thing"))


def test_without_runs_everything_is_free() -> None:
    held = Occupied([])

    assert not held
    assert not held.overlaps(ROOT)
    assert not held.overlaps(RelPath(b"a"))


def test_a_hold_knows_all_directories_above_its_paths() -> None:
    assert hold([RelPath(b"a/b/c"), RelPath(b"a/d")]).above == {b"", b"a", b"a/b"}


@given(st.lists(st.lists(PATHS, min_size=1, max_size=4), max_size=3), PATHS)
def test_overlap_is_what_the_definition_says(runs: list[list[RelPath]], path: RelPath) -> None:
    expected = any(is_within(path, held) or is_within(held, path) for run in runs for held in run)

    assert Occupied(map(hold, runs)).overlaps(path) == expected
