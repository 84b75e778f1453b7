"""Directories that come, move, change places and go, by the real kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sersync.linux.rename import exchange
from sersync.model.path import RelPath, is_within
from sersync.model.report import Moved, NewTree, Stage, Touched
from tests.integration.watch.conftest import Watch, Watched

_D = RelPath(b"d")
_D_LEFT = Touched(_D, True, is_dir=True, was_directory=True)


def test_a_new_directory_is_a_new_tree(root: Path, watch: Watch) -> None:
    watched = watch()
    (root / "d").mkdir()
    assert watched.settle() == [NewTree(_D)]
    (root / "d" / "f").touch()
    watched.settle()
    assert RelPath(b"d/f") in watched.touched()


def test_only_the_topmost_of_nested_new_directories_is_told(root: Path, watch: Watch) -> None:
    watched = watch()
    (root / "d" / "e" / "f").mkdir(parents=True)
    assert NewTree(_D) in watched.settle()
    assert watched.watcher.directories == 4


def test_no_file_is_missed_in_directories_made_and_filled_at_once(root: Path, watch: Watch) -> None:
    watched = watch()
    script = (
        "import os, sys\n"
        "for n in range(500):\n"
        "    here = f'{sys.argv[1]}/{n}'\n"
        "    for name in 'abcd':\n"
        "        here += '/' + name\n"
        "        os.makedirs(here)\n"
        "        open(here + '/file', 'w').close()\n"
    )
    copied: set[RelPath] = set()
    with subprocess.Popen([sys.executable, "-c", script, str(root)]) as writer:
        while writer.poll() is None:
            copied |= _look(watched, first=len(watched.reports))
    first = len(watched.reports)
    watched.settle()
    copied |= _seen(watched, first)
    made = {
        RelPath(os.path.relpath(os.path.join(directory, b"file"), os.fsencode(root)))
        for directory, _, files in os.walk(os.fsencode(root))
        if files
    }
    assert len(made) == 2000
    assert made <= copied


def _look(watched: Watched, *, first: int) -> set[RelPath]:
    watched.take()
    return _seen(watched, first)


def _seen(watched: Watched, first: int) -> set[RelPath]:
    """Return the files that one sees who looks, now, where the reports say."""
    root = os.fsencode(watched.root)
    seen: set[RelPath] = set()
    for report in watched.reports[first:]:
        if isinstance(report, NewTree):
            for directory, _, files in os.walk(os.path.join(root, report.path)):
                seen |= {
                    RelPath(os.path.relpath(os.path.join(directory, name), root)) for name in files
                }
        elif isinstance(report, Touched):
            seen.add(report.path)
    return seen


def test_a_populated_directory_moved_in_is_a_new_tree_and_watched(
    root: Path, tmp_path: Path, watch: Watch
) -> None:
    (tmp_path / "outside" / "e").mkdir(parents=True)
    watched = watch()
    (tmp_path / "outside").rename(root / "d")
    assert watched.settle() == [NewTree(_D)]
    (root / "d" / "e" / "f").touch()
    watched.settle()
    assert watched.touched()[RelPath(b"d/e/f")].stage is Stage.DONE


@pytest.mark.parametrize("is_full", [False, True])
def test_a_directory_that_takes_the_place_of_another_says_so(
    root: Path, tmp_path: Path, watch: Watch, is_full: bool
) -> None:
    (tmp_path / "outside").mkdir()
    (root / "d").mkdir()
    if is_full:
        (root / "d" / "file").touch()
    watched = watch()
    if is_full:
        shutil.rmtree(root / "d")
    (tmp_path / "outside").rename(root / "d")
    assert NewTree(_D, replaces=True) in watched.settle()


def test_a_directory_that_is_made_anew_before_it_is_missed_says_that_it_replaces_one(
    root: Path, watch: Watch
) -> None:
    (root / "d").mkdir()
    watched = watch()
    (root / "d").rmdir()
    (root / "d").mkdir()
    assert NewTree(_D, replaces=True) in watched.settle()


def test_what_is_written_in_a_directory_moved_out_is_not_told(
    root: Path, tmp_path: Path, watch: Watch
) -> None:
    (root / "d" / "e").mkdir(parents=True)
    watched = watch()
    (root / "d").rename(tmp_path / "outside")
    assert watched.settle() == [_D_LEFT]
    (tmp_path / "outside" / "e" / "f").write_text("not ours")
    (tmp_path / "outside" / "new").mkdir()
    assert watched.settle() == []
    assert watched.watcher.directories == 1


def test_a_renamed_directory_is_told_under_its_new_name(root: Path, watch: Watch) -> None:
    (root / "d" / "e").mkdir(parents=True)
    watched = watch()
    (root / "d").rename(root / "n")
    assert watched.settle() == [
        _D_LEFT,
        NewTree(RelPath(b"n")),
        Moved(_D, RelPath(b"n")),
    ]
    (root / "n" / "e" / "f").touch()
    watched.settle()
    assert set(watched.touched()) == {b"d", b"n/e/f"}


def test_directories_that_change_places_are_both_new_trees(root: Path, watch: Watch) -> None:
    (root / "d" / "in-d").mkdir(parents=True)
    (root / "e" / "in-e").mkdir(parents=True)
    watched = watch()
    exchange(root / "d", root / "e")
    watched.settle()
    assert watched.trees() == {b"d", b"e"}
    (root / "d" / "in-e" / "f").touch()
    (root / "e" / "in-d" / "f").touch()
    watched.settle()
    assert set(watched.touched()) == {b"d/in-e/f", b"e/in-d/f"}
    assert watched.watcher.directories == 5


def test_a_directory_and_a_file_that_change_places_are_both_told(root: Path, watch: Watch) -> None:
    (root / "d" / "e").mkdir(parents=True)
    (root / "f").write_text("file")
    watched = watch()
    exchange(root / "d", root / "f")
    watched.settle()
    assert watched.trees() == {b"f"}
    came = Touched(_D, True, Stage.DONE, True, replaces=True, was_directory=True)
    assert watched.touched()[_D] == came
    (root / "f" / "e" / "new").touch()
    watched.settle()
    assert RelPath(b"f/e/new") in watched.touched()


def test_a_removed_tree_is_watched_no_more(root: Path, watch: Watch) -> None:
    (root / "d" / "e" / "f").mkdir(parents=True)
    watched = watch()
    assert watched.watcher.directories == 4
    shutil.rmtree(root / "d")
    watched.settle()
    assert _D in watched.touched()
    assert all(is_within(path, _D) for path in watched.touched())
    assert watched.watcher.directories == 1


def test_a_directory_removed_and_made_again_is_a_new_tree(root: Path, watch: Watch) -> None:
    (root / "d").mkdir()
    watched = watch()
    (root / "d").rmdir()
    (root / "d").mkdir()
    (root / "d" / "f").touch()
    watched.settle()
    assert watched.trees() == {b"d"}
    (root / "d" / "g").touch()
    watched.settle()
    assert RelPath(b"d/g") in watched.touched()
    assert watched.watcher.directories == 2


def test_a_directory_that_was_gone_before_we_looked_is_touched(root: Path, watch: Watch) -> None:
    watched = watch()
    (root / "d").mkdir()
    (root / "d").rmdir()
    assert watched.settle() == [_D_LEFT]


def test_the_attributes_of_a_directory_are_touched(root: Path, watch: Watch) -> None:
    (root / "d" / "e").mkdir(parents=True)
    watched = watch()
    (root / "d" / "e").chmod(0o700)
    assert watched.settle() == [Touched(RelPath(b"d/e"), is_dir=True)]


def test_many_directories_moved_at_once_are_all_told(root: Path, watch: Watch) -> None:
    for number in range(300):
        (root / "from" / str(number) / "below").mkdir(parents=True)
    (root / "to").mkdir()
    watched = watch()
    for number in range(300):
        (root / "from" / str(number)).rename(root / "to" / str(number))
    watched.settle()
    assert watched.trees() == {b"to/%d" % number for number in range(300)}
    assert watched.watcher.directories == 603


def test_a_directory_that_became_a_symlink_to_another_one_does_not_take_its_events(
    root: Path, watch: Watch
) -> None:
    (root / "was").mkdir()
    (root / "d" / "e").mkdir(parents=True)
    watched = watch()
    (root / "was" / "e").mkdir()
    shutil.rmtree(root / "was")
    (root / "was").symlink_to("d")
    watched.settle()
    (root / "d" / "e" / "file").write_text("told under its own name")
    watched.settle()

    assert RelPath(b"d/e/file") in watched.touched()


def test_what_a_symlink_leads_to_outside_of_the_tree_is_not_watched(
    root: Path, tmp_path: Path, watch: Watch
) -> None:
    (root / "was").mkdir()
    (tmp_path / "outside" / "e" / "f").mkdir(parents=True)
    watched = watch()
    (root / "was" / "e").mkdir()
    shutil.rmtree(root / "was")
    (root / "was").symlink_to(tmp_path / "outside")
    watched.settle()

    assert watched.watcher.directories == 1
