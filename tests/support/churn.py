"""Random operations on a tree, the kind that breaks watchers. Every run has its seed."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from sersync.linux.rename import exchange

_NAMES = tuple(f"n{number}" for number in range(6))


class Churn:
    """Changes the tree at *root* at random, and moves things to *outside* and back.

    Directories that lie outside are written to while they are there. Operations that the kernel
    refuses are refused: that is part of it.
    """

    def __init__(self, root: Path, outside: Path, seed: int) -> None:
        self._root = root
        self._outside = outside
        self._random = random.Random(seed)
        self._count = 0
        self._operations: dict[Callable[[], None], int] = {
            self._write: 20,
            self._append: 8,
            self._replace: 8,
            self._truncate: 3,
            self._make_directory: 10,
            self._make_chain: 8,
            self._unlink: 6,
            self._remove_tree: 2,
            self._rename: 16,
            self._exchange: 3,
            self._move_out: 3,
            self._move_in: 5,
            self._make_symlink: 3,
            self._chmod: 5,
        }

    def run(self, operations: int) -> None:
        """Do as many operations, one after the other."""
        kinds, weights = list(self._operations), list(self._operations.values())
        for operation in self._random.choices(kinds, weights, k=operations):
            self._count += 1
            with contextlib.suppress(OSError):
                operation()

    def _directory(self) -> Path:
        here = self._root
        while self._random.random() < 0.75:
            below = here / self._random.choice(_NAMES)
            if below.is_symlink() or not below.is_dir():
                break
            here = below
        return here

    def _path(self) -> Path:
        return self._directory() / self._random.choice(_NAMES)

    def _write(self) -> None:
        self._path().write_text(str(self._count) * self._random.randint(1, 5))

    def _append(self) -> None:
        with self._path().open("a") as file:
            file.write(f"+{self._count}")

    def _replace(self) -> None:
        path = self._path()
        fresh = path.with_name(".fresh")
        fresh.write_text(f"fresh {self._count}")
        fresh.rename(path)

    def _truncate(self) -> None:
        os.truncate(self._path(), 1)

    def _make_directory(self) -> None:
        self._path().mkdir()

    def _make_chain(self) -> None:
        top = self._path()
        (top / "n0" / "n1").mkdir(parents=True)
        for directory in (top, top / "n0", top / "n0" / "n1"):
            (directory / "n2").write_text(str(self._count))

    def _unlink(self) -> None:
        self._path().unlink()

    def _remove_tree(self) -> None:
        shutil.rmtree(self._path())

    def _rename(self) -> None:
        self._path().rename(self._path())

    def _exchange(self) -> None:
        exchange(self._path(), self._path())

    def _move_out(self) -> None:
        self._path().rename(self._outside / f"o{self._count}")

    def _move_in(self) -> None:
        moved = self._random.choice(sorted(self._outside.iterdir()) or [self._outside])
        if moved.is_dir() and not moved.is_symlink():
            (moved / "n3").write_text(f"outside {self._count}")
        moved.rename(self._path())

    def _make_symlink(self) -> None:
        self._path().symlink_to(f"nowhere-{self._count}")

    def _chmod(self) -> None:
        self._path().chmod(self._random.choice([0o700, 0o755, 0o711]))
