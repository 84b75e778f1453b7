"""The source, walked and compared with the manifest: what differs, and what is there now.

Both are in the order of a walk, so that the comparison is a merge: memory does not grow with
the tree, only with its largest directory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from sersync.model.dirty import Scope
from sersync.model.filters import Filter
from sersync.model.look import Difference, Look
from sersync.model.manifest import Entry, Row, unpack
from sersync.model.path import RelPath, ancestors, is_within, join
from sersync.model.report import Suspect, Touched
from sersync.watch.level import Level, Place

_NEVER: Final = -1
"""A file system without a name: no row of it counts."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A directory that the walk has yet to read."""

    path: RelPath
    device: int
    filesystem: int
    is_covered: bool
    """A difference above it speaks for it: everything below that is compared."""
    above_moved: bool
    """Names came or went in the directory above it."""


class _Rows:
    """The rows of a subtree, with a look at the next one."""

    def __init__(self, rows: Iterable[Row], basis: int) -> None:
        self._rows = (row for row in rows if row.basis == basis)
        self._next = next(self._rows, None)

    def take(self, directory: RelPath) -> tuple[Row | None, list[RelPath]]:
        """Return the row of *directory*, and which directories before it were not met."""
        unmet: list[RelPath] = []
        key = _key(directory)
        while self._next is not None and _key(self._next.directory) < key:
            unmet.append(self._next.directory)
            self._next = next(self._rows, None)
        if self._next is None or self._next.directory != directory:
            return None, unmet
        row = self._next
        self._next = next(self._rows, None)
        return row, unmet

    def has_any_below(self, directory: RelPath) -> bool:
        """Tell whether the next row is one of something below *directory*."""
        return self._next is not None and is_within(self._next.directory, directory)

    def rest(self) -> list[RelPath]:
        """Return the directories of all rows that are left."""
        left = [] if self._next is None else [self._next.directory]
        self._next = None
        return left + [row.directory for row in self._rows]


class LevelReader(Protocol):
    """Reads the directories of a tree, without what is excluded."""

    def read(self, directory: RelPath) -> Level:
        """Return what is in *directory*. Raises ``OSError`` when that cannot be."""
        ...

    def place(self, directory: RelPath) -> Place:
        """Return where *directory* lies. Raises ``OSError``."""
        ...


class Rescan:
    """Walks a tree, as *levels* reads it and *filters* have shaped it. Keeps nothing.

    Every call may run in a thread of its own.
    """

    def __init__(self, levels: LevelReader, filters: Filter) -> None:
        self._levels = levels
        rules = [bytes(rule) for rule in filters.rules]
        expressions = [repr(each).encode(errors="backslashreplace") for each in filters.expressions]
        self.basis = _fingerprint(b"%d" % len(rules), *rules, *expressions)

    def looks(
        self,
        subtree: RelPath,
        rows: Iterable[Row],
        *,
        opening: Callable[[RelPath], None],
        doubts_moves: bool,
    ) -> Iterator[Look]:
        """Look at *subtree* and all below it, lazily, parents before children.

        *rows*: what is stored of *subtree*, in the order of a walk. *opening* is told each
        directory before it is read. *doubts_moves*: rows were in use while moves went unseen, so
        a directory that may have been moved away and back is compared with all below it. (Its
        move changes its change time, and the names in the directory above it.)
        """
        known = _Rows(rows, self.basis)
        waiting = [self._start(subtree)]
        while waiting:
            here = waiting.pop()
            opening(here.path)
            row, unmet = known.take(here.path)
            try:
                level = self._levels.read(here.path)
            except (FileNotFoundError, NotADirectoryError):
                # The directory above it tells, but for the first one.
                gone = (Touched(subtree, content=True),) if here.path == subtree else ()
                yield Look(directory=here.path, differences=gone, voids=(*unmet, here.path))
                continue
            except OSError:
                seen = () if here.is_covered else (Suspect(here.path, Scope.TREE),)
                yield Look(directory=here.path, differences=seen, voids=(*unmet, here.path))
                continue
            filesystem = _filesystem(level, here)
            now = self._row(here.path, level, filesystem)
            found = _Comparison(here, row, now, doubts_moves=doubts_moves)
            found.compare(level, filesystem, known)
            yield found.result(level, unmet)
            for name in reversed(level.directories):
                path = join(here.path, name)
                is_covered = found.is_all_suspect or path in found.new_directories
                waiting.append(
                    _Waiting(path, level.place.device, filesystem, is_covered, found.is_moved)
                )
        if rest := known.rest():
            yield Look(directory=subtree, voids=tuple(rest))

    def look(
        self, directory: RelPath, rows: Iterable[Row], *, opening: Callable[[RelPath], None]
    ) -> Look:
        """Look at *directory* alone, as ``looks`` does."""
        return next(
            self.looks(
                directory,
                (row for row in rows if row.directory == directory),
                opening=opening,
                doubts_moves=False,
            )
        )

    def _row(self, directory: RelPath, level: Level, filesystem: int) -> Row | None:
        if level.blob is None or filesystem == _NEVER:
            return None
        return Row(
            directory=directory,
            inode=level.place.inode,
            changed_ns=level.changed_ns,
            filesystem=filesystem,
            basis=self.basis,
            entries=level.entries,
            blob=level.blob,
        )

    def _start(self, subtree: RelPath) -> _Waiting:
        """Return where a walk of *subtree* begins: below which file system, above all."""
        device, filesystem = -1, 0
        for directory in [*ancestors(subtree)][::-1]:
            try:
                place = self._levels.place(directory)
            except OSError:
                break
            if directory and place.device != device:
                filesystem = _mounted(place)
            device = place.device
        return _Waiting(subtree, device, filesystem, False, bool(subtree))


class _Comparison:
    """One directory as it is, against its row."""

    def __init__(
        self, here: _Waiting, row: Row | None, now: Row | None, *, doubts_moves: bool
    ) -> None:
        self._here = here
        self._row = row
        self._now = now
        self._doubts_moves = doubts_moves
        self._differences: list[Difference] = []
        self._voids: list[RelPath] = []
        self.is_known = False
        self.is_moved = True
        """Names came or went, or its attributes changed."""
        self.is_all_suspect = here.is_covered
        """Everything below is compared with the targets."""
        self.new_directories: set[RelPath] = set()

    def compare(self, level: Level, filesystem: int, known: _Rows) -> None:
        """Find out what differs."""
        path, row, now = self._here.path, self._row, self._now
        if self._here.is_covered:
            return
        if row is None:
            self._suspect(Scope.LEVEL if known.has_any_below(path) else Scope.TREE)
            return
        if (row.inode, row.filesystem) != (level.place.inode, filesystem):
            self._doubt_all()
            return
        self.is_moved = row.changed_ns != level.changed_ns
        if self.is_moved and self._here.above_moved and self._doubts_moves:
            self._doubt_all()
        elif now is None:
            # Something in it could not be looked at.
            self._voids.append(path)
            self._suspect(Scope.LEVEL)
        elif row.blob != now.blob:
            self._compare_entries(row, now)
        elif self.is_moved:
            self._suspect(Scope.LEVEL)
        else:
            self.is_known = True

    def result(self, level: Level, unmet: list[RelPath]) -> Look:
        """Return what the comparison came to."""
        return Look(
            directory=self._here.path,
            row=self._now,
            is_known=self.is_known,
            ripe_at_ns=level.ripe_at_ns,
            differences=tuple(self._differences),
            voids=(*unmet, *self._voids),
            entries=level.entries,
            bytes=level.size,
        )

    def _compare_entries(self, row: Row, now: Row) -> None:
        """Say which names differ, and that the whole level may.

        The level also where its own time is the same, which no file system should do: a name
        that came after the row was made and went unseen stands on a target, and in no list.
        """
        try:
            before = {entry.name: entry for entry in unpack(row.blob)}
        except ValueError:
            self._doubt_all()
            return
        if self.is_moved or {*before} != {entry.name for entry in unpack(now.blob)}:
            self._suspect(Scope.LEVEL)
        for entry in unpack(now.blob):
            old = before.pop(entry.name, None)
            if old != entry:
                self._differs(join(self._here.path, entry.name), entry, old)
        for old in before.values():
            self._differs(join(self._here.path, old.name), None, old)

    def _differs(self, path: RelPath, now: Entry | None, old: Entry | None) -> None:
        if now is not None and now.is_directory:
            self.new_directories.add(path)
            self._voids.append(path)
            self._differences.append(Suspect(path, Scope.TREE))
            return
        if old is not None and old.is_directory:
            self._voids.append(path)
        self._differences.append(Touched(path, content=True))

    def _doubt_all(self) -> None:
        self._voids.append(self._here.path)
        self._suspect(Scope.TREE)

    def _suspect(self, scope: Scope) -> None:
        self._differences.append(Suspect(self._here.path, scope))
        self.is_all_suspect = scope is Scope.TREE


def _key(directory: RelPath) -> bytes:
    """Return what sorts like a walk: a directory, then what is below it, then its sibling."""
    return directory.replace(b"/", b"\0")


def _filesystem(level: Level, here: _Waiting) -> int:
    """Return the fingerprint of the file system that *level*, the directory *here*, lies on."""
    if not here.path or level.place.device == here.device:
        return here.filesystem
    return _mounted(level.place)


def _mounted(root: Place) -> int:
    """Return the fingerprint of a mounted file system with that *root*."""
    if not root.filesystem_id:
        return _NEVER
    return _fingerprint(b"%d" % root.filesystem_id, b"%d" % root.inode)


def _fingerprint(*parts: bytes) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return int.from_bytes(digest.digest()) >> 1
