"""The walk against its rows, on a real tree: every difference, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from sersync.model.dirty import Scope
from sersync.model.filters import Filter
from sersync.model.look import Difference, Look
from sersync.model.manifest import Row
from sersync.model.path import ROOT, RelPath
from sersync.model.report import Suspect, Touched
from sersync.model.rule import Rule
from sersync.watch.level import Levels
from sersync.watch.rescan import Rescan
from tests.support.trees import wait_until

_D, _F = RelPath(b"d"), RelPath(b"d/f")
_LEVEL, _TREE = Suspect(_D, Scope.LEVEL), Suspect(_D, Scope.TREE)


class Source:
    """A tree with the rows that were made of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.filters = Filter()
        self.rows: dict[RelPath, Row] = {}

    def looks(self, subtree: RelPath = ROOT, *, doubts_moves: bool = False) -> list[Look]:
        rescan = Rescan(Levels(os.fsencode(self.root), self.filters), self.filters)
        known = sorted(self.rows.items(), key=lambda item: item[0].split(b"/") if item[0] else [])
        rows = [row for path, row in known if path == subtree or (path + b"/").startswith(subtree)]
        return list(rescan.looks(subtree, rows, opening=lambda _: None, doubts_moves=doubts_moves))

    def remember(self) -> None:
        self.rows = {look.directory: look.row for look in self.looks() if look.row is not None}

    def differences(self, *, doubts_moves: bool = False) -> list[Difference]:
        return [each for look in self.looks(doubts_moves=doubts_moves) for each in look.differences]

    def voids(self) -> set[RelPath]:
        return {each for look in self.looks() for each in look.voids}


@pytest.fixture
def tree(tmp_path: Path) -> Source:
    root = tmp_path / "root"
    for name in ("d/f", "d/e/deep/g", "x/y/f", "quiet/f"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("f")
    source = Source(root)
    source.remember()
    let_the_clock_tick(tmp_path / "clock")
    return source


def let_the_clock_tick(file: Path) -> None:
    """Return when a change no longer gets the times of what was looked at before.

    Before Linux 6.13 all that happens within some milliseconds has one time.
    """
    file.touch()
    before_ns = file.stat().st_ctime_ns

    def has_ticked() -> bool:
        file.touch()
        return file.stat().st_ctime_ns > before_ns

    wait_until(has_ticked)


def paths(differences: Iterable[Difference]) -> set[bytes]:
    return {each.path for each in differences}


def test_an_unchanged_tree_has_no_difference(tree: Source) -> None:
    looks = tree.looks()
    assert not [look for look in looks if look.differences or look.voids or not look.is_known]
    assert [look.directory for look in looks] == [
        *(b"", b"d", b"d/e", b"d/e/deep", b"quiet", b"x", b"x/y"),
    ]


def test_without_rows_everything_is_suspect_at_once(tree: Source) -> None:
    tree.rows.clear()
    assert tree.differences() == [Suspect(ROOT, Scope.TREE)]


def test_where_one_row_is_missing_that_level_is_suspect(tree: Source) -> None:
    del tree.rows[_D]
    assert tree.differences() == [_LEVEL]


def test_where_a_subtree_has_no_rows_it_is_suspect_as_a_whole(tree: Source) -> None:
    tree.rows = {path: row for path, row in tree.rows.items() if not path.startswith(b"d")}
    assert tree.differences() == [_TREE]


def test_a_written_file_is_the_only_difference(tree: Source) -> None:
    before = (tree.root / "d" / "f").stat()
    (tree.root / "d" / "f").write_text("F")
    os.utime(tree.root / "d" / "f", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tree.differences() == [Touched(_F, content=True)]


def test_a_name_that_came_or_went_makes_its_level_suspect(tree: Source) -> None:
    (tree.root / "d" / "f").rename(tree.root / "d" / "g")
    expected = [_LEVEL, Touched(RelPath(b"d/g"), content=True), Touched(_F, content=True)]
    assert tree.differences() == expected


def test_a_name_that_came_and_went_meanwhile_makes_its_level_suspect(tree: Source) -> None:
    (tree.root / "d" / "short-lived").touch()
    (tree.root / "d" / "short-lived").unlink()
    assert tree.differences() == [_LEVEL]


def test_attributes_of_a_directory_make_its_level_suspect(tree: Source) -> None:
    (tree.root / "d").chmod(0o711)
    assert tree.differences() == [_LEVEL]


def test_a_directory_of_another_identity_is_suspect_as_a_whole_and_its_rows_void(
    tree: Source,
) -> None:
    (tree.root / "d").rename(tree.root.parent / "kept")
    (tree.root / "d").mkdir()
    assert _TREE in tree.differences()
    assert _D in tree.voids()


def test_a_directory_that_vanished_voids_the_rows_of_all_that_was_below_it(tree: Source) -> None:
    shutil.rmtree(tree.root / "d")
    assert paths(tree.differences()) == {b"", b"d"}
    assert _D in tree.voids()


def test_a_directory_moved_away_and_back_is_suspect_when_moves_are_doubted(tree: Source) -> None:
    (tree.root / "x").rename(tree.root / "away")
    (tree.root / "away").rename(tree.root / "x")
    found = tree.differences(doubts_moves=True)
    assert Suspect(RelPath(b"x"), Scope.TREE) in found
    assert not [path for path in paths(found) if path.startswith((b"d", b"quiet"))]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_suspect_and_void_and_nothing_is_said_to_be_gone(
    tree: Source,
) -> None:
    (tree.root / "d" / "e").chmod(0)
    try:
        [look] = [look for look in tree.looks() if look.directory == b"d/e"]
    finally:
        (tree.root / "d" / "e").chmod(0o755)
    assert look.differences == (Suspect(RelPath(b"d/e"), Scope.TREE),)
    assert RelPath(b"d/e") in look.voids
    assert look.row is None


def test_what_cannot_be_looked_up_is_suspect_and_void(tree: Source, tmp_path: Path) -> None:
    """As above, for root too: a path that is too long to be opened."""
    here = tree.root / "d"
    deep = "n" * 250
    for _ in range(15):
        here = here / deep
        here.mkdir()
    fd = os.open(here, os.O_RDONLY)
    for _ in range(3):
        os.mkdir(deep, dir_fd=fd)
        below = os.open(deep, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    unread = [look for look in tree.looks() if look.row is None]
    assert unread
    assert all(look.directory in look.voids for look in unread)


def test_what_is_excluded_is_not_looked_at(tree: Source) -> None:
    tree.filters = Filter([Rule(False, b"/d/")])
    tree.remember()
    (tree.root / "d" / "f").write_text("longer than before")
    assert tree.differences() == []
    assert _D not in {look.directory for look in tree.looks()}


def test_rows_that_other_filters_shaped_do_not_count(tree: Source) -> None:
    tree.filters = Filter([Rule(False, b"*.tmp")])
    assert tree.differences() == [Suspect(ROOT, Scope.TREE)]


def test_a_subtree_is_walked_by_itself(tree: Source) -> None:
    (tree.root / "d" / "e" / "new").touch()
    (tree.root / "x" / "new").touch()
    found = [each for look in tree.looks(_D) for each in look.differences]
    assert paths(found) == {b"d/e", b"d/e/new"}


def test_a_subtree_that_is_gone_is_a_difference(tree: Source) -> None:
    shutil.rmtree(tree.root / "d")
    found = [each for look in tree.looks(_D) for each in look.differences]
    assert found == [Touched(_D, content=True)]
    assert not [look for look in tree.looks(_D) if look.row]


def test_a_large_file_that_was_just_written_ripens_late(tree: Source) -> None:
    with (tree.root / "d" / "f").open("r+b") as file:
        file.truncate(100 << 20)
    [large] = [look for look in tree.looks() if look.directory == _D]
    (tree.root / "quiet" / "f").write_text("small")
    [small] = [look for look in tree.looks() if look.directory == b"quiet"]
    # Each counted from its own change: the second one may have come seconds later.
    large_ns = (tree.root / "d" / "f").stat().st_ctime_ns
    small_ns = (tree.root / "quiet" / "f").stat().st_ctime_ns
    assert large.ripe_at_ns - large_ns > small.ripe_at_ns - small_ns


def test_names_of_any_bytes_are_compared(tree: Source) -> None:
    names = [b"#x", b"-x", b"new\nline", b"\xff\xfe", b"]", b" ", b"'\"`$(x)", b"l" * 255]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(tree.root), b"d", name))).write_text("x")
    assert {b"d/" + name for name in names} < paths(tree.differences())
    tree.remember()
    assert tree.differences() == []
