"""A replica in memory that knows of its source only what reports say."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field

from sersync.model.path import RelPath
from sersync.model.report import Desync, Moved, NewTree, Report, Stage, Suspect


@dataclass(slots=True)
class Node:
    """One entry: a directory when *entries* is not None, else whatever *content* says."""

    mode: int
    content: bytes = b""
    entries: dict[bytes, Node] | None = field(default=None)


class Replica:
    """Applies reports the way replication does: a report says where to look, lstat decides.

    Files that are still being written are looked at when they are done, as the engine does.
    """

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._held: set[RelPath] = set()
        self.tree = self._copy(root)

    def apply(self, reports: Iterable[Report]) -> None:
        """Look at what the reports name."""
        for report in reports:
            match report:
                case Desync(subtree=path) | NewTree(path=path) | Moved(new=path) | Suspect(path):
                    self._look(path, whole=True)
                case _ if report.stage is Stage.DONE:
                    self._held.discard(report.path)
                    self._look(report.path, whole=False)
                case _:
                    self._held.add(report.path)

    def release(self) -> None:
        """Look at what was held, as the engine does after ``max_delay``."""
        for path in self._held:
            self._look(path, whole=False)
        self._held.clear()

    def _look(self, path: RelPath, *, whole: bool) -> None:
        found = self._copy(self._root + b"/" + path) if whole else None
        if not path:
            if whole:
                self.tree = found
            return
        *above, name = path.split(b"/")
        directory = self._directory(above)
        if directory is None:
            return
        try:
            status = os.lstat(self._root + b"/" + path)
        except OSError:
            directory.pop(name, None)
            return
        known = directory.get(name)
        if not whole and stat.S_ISDIR(status.st_mode) and known and known.entries is not None:
            known.mode = status.st_mode
            return
        fresh = found or self._copy(self._root + b"/" + path)
        if fresh is not None:
            directory[name] = fresh

    def _directory(self, names: list[bytes]) -> dict[bytes, Node] | None:
        here = self.tree
        for name in names:
            if here is None or here.entries is None:
                return None
            here = here.entries.get(name)
        return here.entries if here is not None else None

    def _copy(self, path: bytes) -> Node | None:
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISDIR(mode):
                return self._copy_directory(path, mode)
            if stat.S_ISLNK(mode):
                return Node(mode, os.readlink(path))
            if not stat.S_ISREG(mode):
                return Node(mode)
            with open(path, "rb") as file:
                return Node(mode, file.read())
        except OSError:
            return None

    def _copy_directory(self, path: bytes, mode: int) -> Node:
        entries = {}
        for name in os.listdir(path):
            entry = self._copy(path + b"/" + name)
            if entry is not None:
                entries[name] = entry
        return Node(mode, entries=entries)
