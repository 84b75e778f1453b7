"""By what a root is recognised that was emptied and is filled again."""

from __future__ import annotations

import os
from pathlib import Path

from sersync.watch.familiar import Familiar


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fill(root: Path, *names: str) -> None:
    for name in names:
        (root / name).touch()


def empty(root: Path) -> None:
    for entry in root.iterdir():
        entry.unlink()


def test_it_is_back_with_half_of_its_names_and_not_with_others(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b", "c", "d")
    familiar = Familiar(os.fsencode(tmp_path))
    empty(tmp_path)
    fill(tmp_path, "log", "pid", "a")
    assert not familiar.is_back()
    fill(tmp_path, "b")
    assert familiar.is_back()


def test_what_remained_while_it_was_emptied_does_not_stand_for_all(tmp_path: Path) -> None:
    clock = Clock()
    fill(tmp_path, "a", "b", "c", "log")
    familiar = Familiar(os.fsencode(tmp_path), clock=clock)
    for name in ("a", "b", "c"):
        clock.now += 30
        (tmp_path / name).unlink()
        familiar.look()
    assert not familiar.is_back()


def test_names_that_are_gone_for_long_count_no_more(tmp_path: Path) -> None:
    clock = Clock()
    fill(tmp_path, "a", "b", "c", "log")
    familiar = Familiar(os.fsencode(tmp_path), clock=clock)
    for name in ("a", "b", "c"):
        (tmp_path / name).unlink()
    for _ in range(2):
        clock.now += 60
        familiar.look()
    assert familiar.is_back()


def test_a_root_that_was_empty_at_first_is_known_by_what_came_into_it(tmp_path: Path) -> None:
    familiar = Familiar(os.fsencode(tmp_path))
    fill(tmp_path, "a")
    familiar.look()
    empty(tmp_path)
    fill(tmp_path, "log")
    assert not familiar.is_back()
