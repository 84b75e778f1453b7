"""From the kernel's records to reports: each path once, whatever happened to it. Pure."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from sersync.linux.inotify import (
    IN_ATTRIB,
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_DELETE,
    IN_DELETE_SELF,
    IN_IGNORED,
    IN_ISDIR,
    IN_MODIFY,
    IN_MOVE_SELF,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_Q_OVERFLOW,
    IN_UNMOUNT,
    decode,
)
from sersync.model.filters import Filter
from sersync.model.path import RelPath, ancestors
from sersync.model.report import Moved, NewTree, Report, Stage, Touched
from sersync.model.trigger import EVERY_TRIGGER, Trigger

ENTRY_EVENTS: Final = (
    IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE
)
"""What a directory is watched for."""
ROOT_EVENTS: Final = ENTRY_EVENTS | IN_DELETE_SELF | IN_MOVE_SELF
"""What the root is watched for: no directory above it tells of its own fate."""

_STRUCTURE: Final = (
    IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED
)
_GONE: Final = IN_DELETE | IN_MOVED_FROM
_CAME: Final = IN_CREATE | IN_MOVED_TO
_WRITTEN: Final = IN_CLOSE_WRITE | IN_MOVED_TO
_NEW_TREE: Final = 0x1
"""Ours, in a bit that we never watch (``IN_ACCESS``)."""
_LEFT: Final = 0x20
"""Ours (``IN_OPEN``): a directory left this name."""

_BITS: Final = {
    Trigger.DELETE: IN_DELETE,
    Trigger.CLOSE: IN_CLOSE_WRITE,
    Trigger.MOVE_FROM: IN_MOVED_FROM,
    Trigger.MOVE_TO: IN_MOVED_TO,
    Trigger.ATTRIBUTES: IN_ATTRIB,
    Trigger.MODIFY: IN_MODIFY,
}

Look = Callable[[RelPath], os.stat_result | None]


class Burst:
    """The events of one take, merged by path. Owned by the watcher's thread.

    Of each path the events since it last went away are kept, in one mask; the order of first
    mention is the order of the reports. Only what *triggers* name makes a report.
    """

    def __init__(self, triggers: frozenset[Trigger] = EVERY_TRIGGER) -> None:
        self._triggers = triggers
        self._told = sum(bit for trigger, bit in _BITS.items() if trigger in triggers)
        self._masks: dict[bytes, int] = {}
        self._inside: set[int] = set()
        self._leaving: dict[int, bytes] = {}
        self._origins: dict[bytes, bytes] = {}
        self.unexplained: list[RelPath] = []
        """Known after ``reports``: new files with bytes in them that nobody was seen to write."""

    def absorb(
        self, records: bytes, prefixes: Mapping[int, bytes]
    ) -> Iterator[tuple[int, int, int, bytes]]:
        """Merge events of files; yield every other one, to be dealt with before the next.

        Yielded are ``(wd, mask, cookie, name)`` of directories' events, of watches' own, and of
        descriptors that *prefixes* does not know. *prefixes* may change in between.
        """
        masks = self._masks
        known = masks.get
        inside = self._inside
        for wd, mask, cookie, name in decode(records):
            if mask & _STRUCTURE or wd not in prefixes:
                yield wd, mask, cookie, name
            elif wd not in inside:
                path = prefixes[wd] + name
                if cookie:
                    self.move(path, mask, cookie)
                before = known(path, 0)
                masks[path] = mask | (_lasting(before) if mask & _GONE else before)

    def move(self, path: bytes, mask: int, cookie: int) -> None:
        """Take note of one half of a move, before its event is merged; *cookie* joins the two.

        What came into being in this burst is on no target yet, so its old name is of no use.
        """
        if mask & IN_MOVED_FROM:
            is_new = self._masks.get(path, 0) & (IN_CREATE | _NEW_TREE)
            origin = self._origins.pop(path, b"" if is_new else path)
            if origin:
                self._leaving[cookie] = origin
        elif origin := self._leaving.pop(cookie, b""):
            self._origins[path] = origin

    def touch(self, path: RelPath, mask: int) -> None:
        """Merge one event of the directory *path*."""
        self._masks[path] = mask | _LEFT if mask & _GONE else self._masks.get(path, 0) | mask

    def open_tree(self, path: RelPath, wds: Iterable[int], *, replaces: bool = False) -> None:
        """Record that *path* is a new tree and *wds* the watches in it: it tells for them all.

        *replaces*: another directory was there until now; or else one may have left in this burst.
        """
        has_left = _LEFT if replaces else self._masks.get(path, 0) & _LEFT
        self._masks[path] = _NEW_TREE | has_left
        self._inside.update(wds)

    def extend_trees(self, wds: Iterable[int]) -> None:
        """Record that *wds* lie in a tree that is new already."""
        self._inside.update(wds)

    def is_inside(self, wd: int) -> bool:
        """Tell whether a new tree speaks for the directory of *wd*."""
        return wd in self._inside

    def mentions(self, path: RelPath) -> bool:
        """Tell whether anything was heard of *path*."""
        return path in self._masks

    def complete(self, path: RelPath) -> None:
        """Take it that the new file *path* is complete, although nobody closed it."""
        self._masks[path] = IN_CREATE | IN_CLOSE_WRITE

    def reports(self, filters: Filter, look: Look) -> list[Report]:
        """Return what the burst comes to; *look* is lstat(2), None for what is not there.

        Looked at are only new names that nobody closed: of a symlink, a hard link or a device no
        closing will ever be heard. A move follows what it says of its new name.
        """
        trees = {path for path, mask in self._masks.items() if mask & _NEW_TREE}
        found: list[Report] = []
        for key, mask in self._masks.items():
            path = RelPath(key)
            if filters and filters.excludes(path, is_dir=_is_directory(mask)):
                continue
            if mask & _NEW_TREE:
                if len(trees) == 1 or trees.isdisjoint(ancestors(path)):
                    found.append(NewTree(path, replaces=bool(mask & _LEFT)))
                    found += self._moved(path, filters, is_dir=True)
                continue
            report = self._touched(path, mask, look)
            if report is None:
                continue
            found.append(replace(report, was_directory=True) if mask & _LEFT else report)
            if mask & _WRITTEN:
                found += self._moved(path, filters, is_dir=False)
        return found

    def _touched(self, path: RelPath, mask: int, look: Look) -> Touched | None:
        """Return the report on what is no new tree; None if such changes are not told."""
        if mask & _WRITTEN & self._told:
            return Touched(path, True, Stage.DONE, bool(mask & _CAME), _replaces(mask))
        if mask & IN_CREATE:
            return self._created(path, mask, look(path))
        if mask & IN_MODIFY & self._told:
            return Touched(path, True, Stage.OPEN)
        if mask & self._told:
            # By the time that it is carried, something else may have that name already.
            return Touched(path, bool(mask & _GONE), is_dir=_is_directory(mask))
        return None

    def _moved(self, new: RelPath, filters: Filter, *, is_dir: bool) -> tuple[Moved, ...]:
        """Return how *new* was called before, if the targets know it by that name."""
        if Trigger.MOVE_FROM not in self._triggers:
            return ()
        old = RelPath(self._origins.get(new, b""))
        if not old or old == new or (filters and filters.excludes(old, is_dir=is_dir)):
            return ()
        return (Moved(old, new),)

    def _created(self, path: RelPath, mask: int, status: os.stat_result | None) -> Touched | None:
        """Return the report on a new name.

        A file that is being written is not done because its attributes change on the way.
        """
        if status is None or not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            return Touched(path, True, Stage.DONE, True, _replaces(mask))
        if mask & IN_MODIFY & self._told:
            return Touched(path, True, Stage.OPEN, True, _replaces(mask))
        if status.st_size and not mask & IN_MODIFY and Trigger.CLOSE in self._triggers:
            self.unexplained.append(path)
        if Trigger.CREATE_FILE not in self._triggers:
            return None
        return Touched(path, True, Stage.CREATED, True, _replaces(mask))


def _lasting(before: int) -> int:
    """Return what of a file's past must outlive its leaving.

    Two names that change places at once are told as from, to, from, to: so what has just been
    moved to the name that is left may be there.
    """
    return (before & (_NEW_TREE | _LEFT)) | (IN_CLOSE_WRITE if before & IN_MOVED_TO else 0)


def _replaces(mask: int) -> bool:
    """Tell whether what came may stand where something else did: it went, or was moved over.

    Of a name that is the target of a rename, nobody tells whether it was there before.
    """
    return bool(mask & (_GONE | IN_MOVED_TO))


def _is_directory(mask: int) -> bool:
    """Tell what the name was, or is: one that came back came back as a file, or as a tree."""
    return bool(mask & _NEW_TREE) or (bool(mask & IN_ISDIR) and not mask & _CAME)
