"""Which directories are watched, and which cannot be, with the reason and the remedy."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sersync.linux.inotify import IN_DONT_FOLLOW, IN_EXCL_UNLINK, IN_ONLYDIR, remove_watch
from sersync.linux.limits import Limit, namespace_watches, raise_limit, read_limit
from sersync.linux.mounts import mount_points
from sersync.model.filters import Filter
from sersync.model.pasting import word
from sersync.model.path import ROOT, RelPath, ancestors, display, is_within, parent
from sersync.model.report import Desync, DesyncReason
from sersync.watch.coalesce import ENTRY_EVENTS, ROOT_EVENTS
from sersync.watch.table import WatchTable, prefix_of

_DIRECTORY_MASK: Final = ENTRY_EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK
_ROOT_MASK: Final = ROOT_EVENTS | IN_ONLYDIR | IN_EXCL_UNLINK
_ROOMY: Final = 0.8
_MOST_UNCOVERED: Final = 1000
_VANISHED: Final = frozenset({errno.ENOENT, errno.ENOTDIR})

AddWatch = Callable[[int, bytes, int], int]


class Coverage:
    """The watches of one queue on one tree. Owned by the watcher's thread."""

    def __init__(
        self, queue: int, root: bytes, filters: Filter, *, raise_limits: bool, add_watch: AddWatch
    ) -> None:
        self.table = WatchTable()
        self.uncovered: dict[RelPath, Desync] = {}
        """Topmost directories that are not watched, each with what was reported on it."""
        self.limit_notes: dict[Limit, str] = {}
        self._queue = queue
        self._root = root
        self._filters = filters
        self._raise_limits = raise_limits
        self._add_watch = add_watch
        self._news: list[Desync] = []
        self._leaving: set[int] = set()
        self._limit = read_limit(Limit.WATCHES)
        self._limit_is_final = not raise_limits

    def cover(self, directory: RelPath) -> list[int]:
        """Watch *directory* and all below it, each before it is listed; return the descriptors.

        What vanished meanwhile is skipped, and what is reached by way of a symlink by now: the
        directory above it is watched and will tell. What cannot be watched is added to
        ``uncovered``.
        """
        wds: list[int] = []
        waiting = [directory] if self._is_reached(directory) else []
        while waiting:
            here = waiting.pop()
            wd = self._watch(here)
            if wd is not None:
                wds.append(wd)
                waiting.extend(self._subdirectories(here))
        if 0 < self._limit * _ROOMY < len(self.table):
            self._make_room(2 * len(self.table))
        return wds

    def renew(self) -> bool:
        """Cover the whole tree anew after events were lost; false when there is no root."""
        self.uncovered.clear()
        self._limit_is_final = not self._raise_limits
        still = set(self.cover(ROOT))
        for wd in [wd for wd in self.table if wd not in still]:
            self._remove(wd)
        return bool(still) or bool(self.uncovered)

    def prune(self, directory: RelPath) -> None:
        """Watch *directory* and what is below it no longer: it is not in the tree any more."""
        for wd in self.table.below(prefix_of(directory)):
            self._remove(wd)
        self.forgive(directory)

    def forgive(self, directory: RelPath) -> None:
        """Take *directory* and what is below it off the list of what is not covered."""
        for path in [path for path in self.uncovered if is_within(path, directory)]:
            del self.uncovered[path]

    def leave(self) -> None:
        """Forget everything: the queue is closed, and its watches with it."""
        self.table.clear()
        self.uncovered.clear()
        self._leaving.clear()
        self._news.clear()

    def give_up(self, directory: RelPath, reason: DesyncReason, detail: str) -> None:
        """Add *directory* to what is not covered, and say so in the next ``news``.

        Where that becomes a long list, the directories above stand for theirs.
        """
        if not self.uncovered.keys().isdisjoint(ancestors(directory)):
            return
        desync = Desync(subtree=directory, reason=reason, detail=detail, covered=False)
        self.uncovered[directory] = desync
        self._news.append(desync)
        if len(self.uncovered) > _MOST_UNCOVERED:
            self._widen(desync)

    def holds(self, directory: RelPath) -> bool:
        """Tell whether *directory*, or something below that name, was watched until now."""
        return bool(self.table.below(prefix_of(directory)))

    def is_unreadable(self, directory: RelPath) -> bool:
        """Tell whether *directory* is not covered because it could not be read."""
        desync = self.uncovered.get(directory)
        return desync is not None and desync.reason is DesyncReason.UNREADABLE

    def news(self) -> list[Desync]:
        """Return what was given up since the last call."""
        news, self._news = self._news, []
        return news

    def was_given_up(self, wd: int) -> bool:
        """Tell whether *wd* was ours and we ended it: its last events may still come."""
        return wd in self._leaving

    def last_event(self, wd: int) -> None:
        """Forget *wd*: the kernel will not mention it again."""
        self._leaving.discard(wd)
        self.table.drop(wd)

    def _widen(self, example: Desync) -> None:
        """Put the directories above in place of what is not covered, until the list is short."""
        paths = set(self.uncovered)
        while len(paths) > _MOST_UNCOVERED:
            above = {parent(path) for path in paths}
            paths = {path for path in above if above.isdisjoint(ancestors(path))}
        self.uncovered = {
            path: replace(
                example,
                subtree=path,
                detail=f"in {display(path)}, many directories are not watched; {example.detail}",
            )
            for path in sorted(paths)
        }
        self._news += self.uncovered.values()

    def _remove(self, wd: int) -> None:
        """End a watch. Where the kernel was faster, its last events are still to be read."""
        remove_watch(self._queue, wd)
        self.table.drop(wd)
        self._leaving.add(wd)

    def _watch(self, directory: RelPath) -> int | None:
        mask = _DIRECTORY_MASK if directory else _ROOT_MASK
        path = self._absolute(directory)
        try:
            try:
                wd = self._add_watch(self._queue, path, mask)
            except OSError as error:
                if error.errno != errno.ENOSPC or not self._make_room(2 * self._limit):
                    raise
                # If that was to no use, another limit is reached, and this one stays as it is.
                is_final, self._limit_is_final = self._limit_is_final, True
                wd = self._add_watch(self._queue, path, mask)
                self._limit_is_final = is_final
        except OSError as error:
            self._explain(directory, error)
            return None
        known = self.table.prefixes.get(wd)
        if known is not None and known != prefix_of(directory):
            # A watch belongs to an inode (inotify(7)). Where a directory above has just become a
            # symlink, this one is another directory of the tree, which must keep its own name.
            wd_of_path = self._watched_at(directory)
            if wd_of_path is None or not self._is_left_to(directory, wd_of_path):
                return None
            wd = wd_of_path
        self.table.put(wd, prefix_of(directory))
        return wd

    def _watched_at(self, directory: RelPath) -> int | None:
        """Watch what is really at *directory*; None when a symlink leads there."""
        if not self._is_reached(directory):
            return None
        try:
            wd = self._add_watch(self._queue, self._absolute(directory), _DIRECTORY_MASK)
        except OSError:
            return None
        return wd if self._is_reached(directory) else None

    def _is_left_to(self, directory: RelPath, wd: int) -> bool:
        """Tell whether *wd* is to stand for *directory*, and not for where it is mounted as well.

        One directory at two places of the tree (mount(8), ``--bind``) has one watch, so only one
        of them is told of: that which is there without the mount.
        """
        known = self.table.prefixes.get(wd)
        if known is None or known == prefix_of(directory):
            return True
        first = RelPath(known[:-1])
        if not self._are_one(first, directory):
            return True
        points = [RelPath(point[len(self._root) + 1 :]) for point in mount_points(self._root)]
        is_mounted = any(is_within(first, point) for point in points)
        kept, told = (directory, first) if is_mounted else (first, directory)
        self.give_up(
            told,
            DesyncReason.SECOND_PLACE,
            f"{display(told)} and what is below it is not watched: it is the same directory as"
            f" {display(kept)}, mounted at a second place. What changes is told of {display(kept)};"
            f" {display(told)} is looked through every poll_every. If it need not be carried twice,"
            " exclude one of them.",
        )
        return kept == directory

    def _are_one(self, first: RelPath, second: RelPath) -> bool:
        """Tell whether both are there, and are the same directory."""
        try:
            one, other = os.lstat(self._absolute(first)), os.lstat(self._absolute(second))
        except OSError:
            return False
        return os.path.samestat(one, other) and self._is_reached(first)

    def _is_reached(self, directory: RelPath) -> bool:
        """Tell whether every directory above *directory* is one, and no symlink to one."""
        try:
            return all(
                stat.S_ISDIR(os.lstat(self._absolute(above)).st_mode)
                for above in ancestors(directory)
                if above
            )
        except OSError as error:
            # What may not be looked at may not be watched either: the attempt says why.
            return error.errno not in _VANISHED

    def _subdirectories(self, directory: RelPath) -> list[RelPath]:
        prefix = prefix_of(directory)
        try:
            with os.scandir(self._absolute(directory)) as entries:
                found = [
                    RelPath(prefix + entry.name)
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False)
                ]
        except OSError as error:
            self._explain(directory, error)
            return []
        if not self._filters:
            return found
        return [path for path in found if not self._filters.excludes(path, is_dir=True)]

    def _absolute(self, directory: RelPath) -> bytes:
        return self._root + b"/" + directory

    def _explain(self, directory: RelPath, error: OSError) -> None:
        if error.errno in _VANISHED:
            return
        if error.errno == errno.ENOSPC:
            wanted = 2 * max(self._limit, len(self.table), 1)
            most, command = f"{self._limit} inotify watches", Limit.WATCHES.command(wanted)
            if 0 < (inside := namespace_watches()) < self._limit:
                most = f"{inside} inotify watches in this user namespace"
                command = f"sudo sysctl -w user.max_inotify_watches={2 * inside}"
            self.give_up(
                directory,
                DesyncReason.WATCH_LIMIT,
                f"{display(directory)} and what is below it is not watched: the limit of {most} is"
                f" reached. To watch it, run '{command}' and restart.",
            )
            return
        path = word(self._absolute(directory))
        remedy = f"Let this user read it: sudo setfacl -m u:{os.geteuid()}:rx {path}"
        if error.errno == errno.ENAMETOOLONG:
            remedy = "Move it up, shorten names above it, or exclude one of those."
        self.give_up(
            directory,
            DesyncReason.UNREADABLE,
            f"{display(directory)} and what is below it is not watched: {error.strerror}. {remedy}",
        )

    def _make_room(self, wanted: int) -> bool:
        """Raise the limit of watches to *wanted* if that is possible; tell whether it rose."""
        if self._limit_is_final or 0 < namespace_watches() < self._limit:
            return False
        raised = raise_limit(Limit.WATCHES, wanted)
        rose = raised.now > self._limit
        self._limit = raised.now
        self._limit_is_final = not raised.is_enough
        if raised.before < wanted:
            self.limit_notes[Limit.WATCHES] = str(raised)
        return rose
