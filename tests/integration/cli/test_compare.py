"""The demo's comparison sees every kind of difference."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sersync.cli.compare import compare_trees


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    first = tmp_path / "first"
    (first / "dir").mkdir(parents=True)
    (first / "dir" / "file").write_text("content")
    (first / "link").symlink_to("dir")
    second = tmp_path / "second"
    shutil.copytree(first, second, symlinks=True)
    for path in (Path("dir/file"), Path("dir"), Path("link"), Path()):
        times = (first / path).lstat()
        os.utime(second / path, ns=(times.st_atime_ns, times.st_mtime_ns), follow_symlinks=False)
    return first, second


def _differences(first: Path, second: Path) -> tuple[str, ...]:
    return compare_trees(os.fsencode(first), os.fsencode(second)).differences


def test_equal_trees_are_equal(trees: tuple[Path, Path]) -> None:
    result = compare_trees(*map(os.fsencode, trees))

    assert result.differences == ()
    assert result.entries == 4


def _same_size_and_time(tree: Path) -> None:
    times = (tree / "dir/file").stat()
    (tree / "dir/file").write_text("CONTENT")
    os.utime(tree / "dir/file", ns=(times.st_atime_ns, times.st_mtime_ns))


def _another_link(tree: Path) -> None:
    times = (tree / "link").lstat()
    above = tree.stat()
    (tree / "link").unlink()
    (tree / "link").symlink_to("elsewhere")
    os.utime(tree / "link", ns=(times.st_atime_ns, times.st_mtime_ns), follow_symlinks=False)
    os.utime(tree, ns=(above.st_atime_ns, above.st_mtime_ns))


def _no_link(tree: Path) -> None:
    above = tree.stat()
    (tree / "link").unlink()
    (tree / "link").mkdir()
    os.utime(tree, ns=(above.st_atime_ns, above.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_same_size_and_time, "dir/file: content differs"),
        (lambda tree: (tree / "dir/file").chmod(0o640), "dir/file: mode differs"),
        (lambda tree: os.utime(tree / "dir", ns=(0, 1)), "dir: modification time differs"),
        (lambda tree: os.utime(tree, ns=(0, 1)), ".: modification time differs"),
        (_another_link, "link: link target differs"),
        (_no_link, "link: type differs"),
    ],
)
def test_every_difference_is_told(
    trees: tuple[Path, Path], change: Callable[[Path], None], said: str
) -> None:
    first, second = trees

    change(second)

    assert _differences(first, second) == (said,)


def test_missing_and_surplus_entries_are_told(trees: tuple[Path, Path]) -> None:
    first, second = trees
    (second / "dir/file").rename(second / "dir/other")
    times = (first / "dir").stat()
    os.utime(second / "dir", ns=(times.st_atime_ns, times.st_mtime_ns))

    assert _differences(first, second) == (
        "dir/file: missing on the target",
        "dir/other: not in the source",
    )
