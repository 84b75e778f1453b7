"""The inotify watcher: every directory of a tree watched, and its events told as reports.

Levels, not edges: an event says where to look. A directory that appears is watched before it is
listed, and then reported as a whole, so that nothing in it can be missed. What the kernel no
longer tells us becomes a ``Desync`` of exactly that.
"""

from __future__ import annotations

import os
import time
from typing import Final

from sersync.errors import SourceError
from sersync.linux.inotify import (
    IN_ATTRIB,
    IN_CREATE,
    IN_DELETE,
    IN_DELETE_SELF,
    IN_IGNORED,
    IN_ISDIR,
    IN_MOVE_SELF,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_Q_OVERFLOW,
    IN_UNMOUNT,
    add_watch,
)
from sersync.linux.limits import Limit
from sersync.model.filters import Filter
from sersync.model.path import ROOT, RelPath, ancestors, display
from sersync.model.report import Desync, DesyncReason, Report
from sersync.model.trigger import EVERY_TRIGGER, Trigger
from sersync.watch.coalesce import Burst
from sersync.watch.coverage import AddWatch, Coverage
from sersync.watch.queue import EventQueue

_UNEXPLAINED_S: Final = 0.02
"""How much later than its creation the first write to a file is reported at most, and more."""
_MOST_NOTES: Final = 10


class InotifyWatcher:
    """Tells what changes below *root*. One thread owns it; ``wake`` is for any thread.

    *settle_busy_s*: how long a take lets events gather while many come; alone, an event is
    reported at once. *raise_limits*: the kernel's limits may be raised where they are too low.
    *triggers*: only these kinds of change are reported.
    """

    def __init__(
        self,
        root: bytes,
        filters: Filter,
        *,
        settle_busy_s: float = 0.010,
        raise_limits: bool = True,
        add_watch: AddWatch = add_watch,
        triggers: frozenset[Trigger] = EVERY_TRIGGER,
    ) -> None:
        self._root = root
        self._filters = filters
        self._triggers = triggers
        self._raise_limits = raise_limits
        self._add_watch = add_watch
        self._queue = EventQueue(settle_busy_s)
        self._coverage = self._new_coverage()
        self._unknown_wds: set[int] = set()
        self._unmounted: set[RelPath] = set()
        self._complete_at: dict[RelPath, float] = {}
        self._overflowed = False
        self._root_is_gone = False

    def begin(self) -> list[Report]:
        """Watch the whole tree, and only then return: from here on nothing is missed.

        Returns what could not be watched. May be called again, for a root that came back.
        Raises ``SourceError`` when the root is no directory, ``EnvironmentMissing`` when the
        kernel has no queue left for this user.
        """
        if not os.path.isdir(self._root):
            raise self._no_root()
        note = self._queue.open(raise_limits=self._raise_limits)
        self._coverage = self._new_coverage()
        if note:
            self._coverage.limit_notes[Limit.QUEUED_EVENTS] = note
        self._overflowed = self._root_is_gone = False
        self._unknown_wds.clear()
        self._unmounted.clear()
        self._complete_at.clear()
        if not self._coverage.cover(ROOT) and not self._coverage.uncovered:
            raise self._no_root()
        return list(self._coverage.news())

    def cover(self, directory: RelPath) -> list[Report]:
        """Watch what stands at *directory* now: a file system came or went there.

        Returns what could not be watched.
        """
        self._coverage.prune(directory)
        self._coverage.cover(directory)
        return list(self._coverage.news())

    def take(self, timeout_s: float | None) -> list[Report]:
        """Wait for changes and return everything known of by now, each path at most once.

        An empty list: *timeout_s* is over, or ``wake`` was called. None waits for ever.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            moments = [*self._complete_at.values(), *([] if deadline is None else [deadline])]
            is_woken = self._queue.wait(min(moments, default=None))
            reports = self._read()
            is_late = deadline is not None and time.monotonic() >= deadline
            if reports or is_woken or is_late:
                return reports

    def wake(self) -> None:
        """Let a waiting ``take`` return. For any thread."""
        self._queue.wake()

    def close(self) -> None:
        """Give everything back to the kernel. Nobody may call ``wake`` any more."""
        self._queue.close()

    @property
    def directories(self) -> int:
        """How many directories are watched."""
        return len(self._coverage.table)

    def is_watched(self, directory: RelPath) -> bool:
        """Tell whether the kernel tells of the entries of *directory*. For any thread; slow."""
        return self._coverage.table.holds(directory)

    @property
    def uncovered(self) -> tuple[RelPath, ...]:
        """The topmost directories that are not watched: only comparing shows their changes."""
        return tuple(self._coverage.uncovered)

    @property
    def is_drained(self) -> bool:
        """The last ``take`` read all that the kernel had to tell."""
        return self._queue.is_drained

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know: limits raised or too low, directories not watched."""
        details = [desync.detail for desync in self._coverage.uncovered.values()]
        more = len(details) - _MOST_NOTES
        if more > 0:
            details[_MOST_NOTES:] = [f"{more} more directories are not watched"]
        return (*self._coverage.limit_notes.values(), *details)

    def _no_root(self) -> SourceError:
        return SourceError(
            f"{display(self._root)} is not a directory, so it cannot be watched",
            hint="create it, mount it, or correct the source's root",
        )

    def _new_coverage(self) -> Coverage:
        return Coverage(
            self._queue.fd,
            self._root,
            self._filters,
            raise_limits=self._raise_limits,
            add_watch=self._add_watch,
        )

    def _read(self) -> list[Report]:
        """Read what is queued, and return what it comes to."""
        burst = Burst(self._triggers)
        prefixes = self._coverage.table.prefixes
        for records in self._queue.chunks():
            for wd, mask, cookie, name in burst.absorb(records, prefixes):
                self._follow(burst, wd, mask, cookie, name)
        losses = self._conclude() if self._queue.is_drained else []
        return [*losses, *self._complete(burst)]

    def _follow(self, burst: Burst, wd: int, mask: int, cookie: int, name: bytes) -> None:
        """Deal with an event that is not a file's."""
        prefix = self._coverage.table.prefixes.get(wd)
        if mask & IN_Q_OVERFLOW:
            self._overflowed = True
        elif prefix is None:
            self._follow_unknown(wd, mask)
        elif name:
            if cookie and not burst.is_inside(wd):
                burst.move(prefix + name, mask, cookie)
            self._follow_directory(burst, wd, mask, RelPath(prefix + name))
        else:
            self._follow_itself(burst, wd, mask, RelPath(prefix[:-1]))

    def _follow_unknown(self, wd: int, mask: int) -> None:
        if not self._coverage.was_given_up(wd):
            self._unknown_wds.add(wd)
        if mask & IN_IGNORED:
            self._coverage.last_event(wd)

    def _follow_directory(self, burst: Burst, wd: int, mask: int, path: RelPath) -> None:
        """Deal with an event of the directory *path* in the watched directory of *wd*."""
        is_inside = burst.is_inside(wd)
        if mask & IN_MOVED_FROM:
            self._coverage.prune(path)
        elif mask & IN_ATTRIB and not self._coverage.is_unreadable(path):
            if not is_inside:
                burst.touch(path, mask)
            return
        elif (mask & IN_CREATE and Trigger.CREATE_DIRECTORY not in self._triggers) or (
            mask & IN_MOVED_TO and Trigger.MOVE_TO not in self._triggers
        ):
            return
        self._enter(burst, path, mask, is_inside=is_inside)

    def _enter(self, burst: Burst, path: RelPath, mask: int, *, is_inside: bool) -> None:
        """Cover the directory that is at *path* by now, or else note that it is gone.

        That something left proves nothing: when two names change places, the second leaves after
        the first has arrived under it. What is there has replaced another directory then, as does
        one that is moved to the name of an empty one, of which nobody says that it leaves.
        """
        if self._filters and self._filters.excludes(path, is_dir=True):
            return
        was_watched = bool(mask & IN_MOVED_TO) and self._coverage.holds(path)
        replaces = was_watched or not mask & (IN_CREATE | IN_MOVED_TO)
        self._coverage.forgive(path)
        wds = self._coverage.cover(path)
        if is_inside:
            burst.extend_trees(wds)
        elif wds or path in self._coverage.uncovered:
            burst.open_tree(path, wds, replaces=replaces)
        else:
            burst.touch(path, (mask & IN_MOVED_FROM or IN_DELETE) | IN_ISDIR)

    def _follow_itself(self, burst: Burst, wd: int, mask: int, directory: RelPath) -> None:
        """Deal with an event of a watched directory itself."""
        if mask & IN_UNMOUNT:
            self._unmounted.add(directory)
        if mask & IN_IGNORED:
            self._coverage.last_event(wd)
        if directory:
            return
        if mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF):
            self._root_is_gone = True
        elif mask & IN_ATTRIB:
            burst.touch(ROOT, IN_ATTRIB | IN_ISDIR)

    def _conclude(self) -> list[Desync]:
        """Return what we no longer vouch for, now that the queue was read to its end."""
        desyncs: list[Desync] = []
        if self._unknown_wds:
            detail = f"watch descriptors {sorted(self._unknown_wds)[:5]} are not on our list"
            desyncs.append(_desync_of_all(DesyncReason.UNKNOWN_WATCH, detail))
            self._unknown_wds.clear()
        if self._overflowed and not self._root_is_gone:
            self._root_is_gone = not self._coverage.renew()
            detail = "the kernel's event queue was full, and it dropped events"
            desyncs.append(_desync_of_all(DesyncReason.OVERFLOW, detail))
        self._overflowed = False
        if self._root_is_gone:
            return self._leave_root()
        for path in self._unmounted:
            if self._unmounted.isdisjoint(ancestors(path)):
                self._coverage.forgive(path)
                detail = f"the file system at {display(path)} was unmounted; it is not watched"
                self._coverage.give_up(path, DesyncReason.UNMOUNTED, detail)
        self._unmounted.clear()
        return desyncs + self._coverage.news()

    def _leave_root(self) -> list[Desync]:
        """Stop watching a root that is not the one we began with; say so once."""
        self._root_is_gone = False
        self._queue.leave()
        self._complete_at.clear()
        self._coverage.leave()
        reason = DesyncReason.UNMOUNTED if ROOT in self._unmounted else DesyncReason.ROOT_GONE
        detail = f"{reason.value}: {display(self._root)} is not watched any more"
        self._coverage.give_up(ROOT, reason, detail)
        return self._coverage.news()

    def _complete(self, burst: Burst) -> list[Report]:
        """Return the burst's reports, and those on files that nobody will ever close.

        A new file with bytes in it that were not seen being written was complete before it got
        its name, by link(2) or O_TMPFILE, unless its first write is just being reported: so it
        is said to be complete when nothing more was heard of it for a moment.
        """
        now = time.monotonic()
        for path, at in list(self._complete_at.items()):
            if burst.mentions(path):
                del self._complete_at[path]
            elif at <= now:
                del self._complete_at[path]
                burst.complete(path)
        reports = burst.reports(self._filters, self._look)
        for path in burst.unexplained:
            self._complete_at[path] = now + _UNEXPLAINED_S
        return reports

    def _look(self, path: RelPath) -> os.stat_result | None:
        try:
            return os.lstat(self._root + b"/" + path)
        except OSError:
            return None


def _desync_of_all(reason: DesyncReason, detail: str) -> Desync:
    """Return the report that the whole tree, still watched, must be compared again."""
    return Desync(subtree=ROOT, reason=reason, detail=f"{detail}; the whole tree is compared again")
