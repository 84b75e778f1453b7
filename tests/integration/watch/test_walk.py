"""The source walked in slices, on the real file system."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sersync.model.filters import Filter, Rule
from sersync.model.path import ROOT, RelPath
from sersync.model.slices import Extent, Slice
from sersync.replication.ports import Scanner
from sersync.watch.walk import Walk

MakeWalk = Callable[..., Scanner]


@pytest.fixture
def walk(root: Path) -> MakeWalk:
    def make(*rules: Rule, **options: int) -> Scanner:
        return Walk(os.fsencode(root), Filter(rules), **options)  # type: ignore[arg-type]

    return make


def _tree(root: Path, *directories: str, files: int = 0, size_bytes: int = 10) -> None:
    for directory in directories:
        (root / directory).mkdir(parents=True, exist_ok=True)
        for number in range(files):
            (root / directory / f"file{number}").write_bytes(b"x" * size_bytes)


def _levels(slices: list[Slice]) -> list[bytes]:
    return [level for piece in slices for level in piece.levels]


def test_every_directory_comes_once_in_path_order_parents_first(root: Path, walk: MakeWalk) -> None:
    _tree(root, "b/x", "a/y/z", "a/x", "c")
    levels = _levels(list(walk().slices(ROOT)))
    assert levels == [b"", b"a", b"a/x", b"a/y", b"a/y/z", b"b", b"b/x", b"c"]


def test_the_root_level_is_a_slice_of_its_own(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a", "b", files=2)
    assert list(walk().slices(ROOT)) == [
        Slice(levels=(ROOT,), entries=2, bytes=0),
        Slice(levels=(RelPath(b"a"), RelPath(b"b")), entries=4, bytes=40),
    ]


def test_an_empty_source_is_one_slice(walk: MakeWalk) -> None:
    assert list(walk().slices(ROOT)) == [Slice(levels=(ROOT,), entries=0, bytes=0)]
    assert walk().measure() == Extent(entries=0, bytes=0)


def test_a_slice_is_complete_when_it_holds_enough_entries(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a", "b", "c", files=3)
    slices = list(walk(max_entries=5).slices(ROOT))
    assert [piece.levels for piece in slices] == [(b"",), (b"a", b"b"), (b"c",)]


def test_a_slice_is_complete_when_it_holds_enough_bytes(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a", "b", "c", files=1, size_bytes=600)
    slices = list(walk(max_bytes=1000).slices(ROOT))
    assert [piece.levels for piece in slices] == [(b"",), (b"a", b"b"), (b"c",)]


def test_large_files_do_not_fill_a_slice_but_are_counted(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a", "b", files=1, size_bytes=600)
    slices = list(walk(max_bytes=500, large_file_bytes=600).slices(ROOT))
    assert slices[1:] == [Slice(levels=(RelPath(b"a"), RelPath(b"b")), entries=2, bytes=1200)]


def test_a_subtree_is_walked_without_the_rest(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a/x", "b/x/y", files=1)
    assert list(walk().slices(RelPath(b"b/x"))) == [
        Slice(levels=(RelPath(b"b/x"), RelPath(b"b/x/y")), entries=2, bytes=10)
    ]


def test_a_subtree_that_is_gone_or_no_directory_has_no_slices(root: Path, walk: MakeWalk) -> None:
    (root / "file").touch()
    assert list(walk().slices(RelPath(b"gone"))) == []
    assert list(walk().slices(RelPath(b"file"))) == []


def test_excluded_entries_are_neither_walked_nor_counted(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a", "cache/deep", files=1)
    (root / "a" / "b.tmp").write_bytes(b"excluded")
    excluding = walk(Rule(False, b"cache/"), Rule(False, b"*.tmp"))
    assert _levels(list(excluding.slices(ROOT))) == [b"", b"a"]
    assert excluding.measure() == Extent(entries=2, bytes=10)
    assert list(excluding.slices(RelPath(b"cache/deep"))) == []


def test_links_and_special_files_are_entries_without_bytes(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a")
    (root / "link").symlink_to("a")
    os.mkfifo(root / "fifo")
    assert walk().measure() == Extent(entries=3, bytes=0)
    assert _levels(list(walk().slices(ROOT))) == [b"", b"a"]


def test_a_directory_that_vanishes_during_the_walk_is_left_out(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a", "b", "c", files=1)
    slices = walk(max_entries=1).slices(ROOT)
    assert next(slices).levels == (b"",)
    shutil.rmtree(root / "b")
    assert _levels(list(slices)) == [b"a", b"c"]


def test_the_walk_is_lazy(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a", files=1)
    slices = walk().slices(ROOT)
    next(slices)
    _tree(root, "a/new")
    assert _levels(list(slices)) == [b"a", b"a/new"]


def test_a_directory_that_cannot_be_read_is_still_in(
    root: Path, walk: MakeWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tree(root, "a", "b", files=1)
    scandir = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/a"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("sersync.watch.walk.os.scandir", refuse)
    assert _levels(list(walk().slices(ROOT))) == [b"", b"a", b"b"]


def test_any_byte_may_stand_in_a_name(root: Path, walk: MakeWalk) -> None:
    os.mkdir(os.fsencode(root) + b"/\xff\n")
    assert _levels(list(walk().slices(ROOT))) == [b"", b"\xff\n"]


def test_slices_together_hold_what_is_measured(root: Path, walk: MakeWalk) -> None:
    _tree(root, *(f"{one}/{two}" for one in range(5) for two in range(5)), files=3)
    slices = list(walk(max_entries=7).slices(ROOT))
    total = Extent(
        entries=sum(piece.entries for piece in slices), bytes=sum(piece.bytes for piece in slices)
    )
    assert total == walk().measure() == Extent(entries=105, bytes=750)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_on_one_file_system_a_mount_is_not_entered(root: Path, walk: MakeWalk) -> None:
    """Without root: ``test_on_one_file_system_all_of_it_is_walked``."""
    (root / "volume").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", root / "volume"], check=True)
    try:
        _tree(root, "volume/deep", files=1)
        assert _levels(list(walk(one_file_system=True).slices(ROOT))) == [b""]
        assert _levels(list(walk().slices(ROOT))) == [b"", b"volume", b"volume/deep"]
    finally:
        subprocess.run(["umount", root / "volume"], check=True)


def test_on_one_file_system_all_of_it_is_walked(root: Path, walk: MakeWalk) -> None:
    _tree(root, "a/b", files=1)
    assert _levels(list(walk(one_file_system=True).slices(ROOT))) == [b"", b"a", b"a/b"]
