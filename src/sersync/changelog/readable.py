"""The changelog as it is looked at: what is dirty for a target, and since when. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice, takewhile

from sersync.changelog.backlog import Backlog, reaching
from sersync.changelog.glimpse import Glimpse
from sersync.changelog.merge import changed, merged
from sersync.model.dirty import DirtyPath, Snapshot
from sersync.model.path import RelPath, overlap


class Readable:
    """The questions that a changelog answers; none of them changes what is dirty for whom."""

    def __init__(self) -> None:
        self._log: dict[RelPath, DirtyPath] = {}
        self._older: dict[RelPath, tuple[DirtyPath, ...]] = {}
        """What was reported before of paths in the log, oldest first, for who lacks that too."""
        self.sequence = 0  # Of the newest report or addition; only read by others.
        self._slowest = 0
        self._backlogs: dict[str, Backlog] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._backlogs

    def next_due(self, target: str) -> float | None:
        """Return when something can be taken: 0.0 is now, None is never as things stand."""
        backlog = self._backlogs[target]
        earliest = backlog.next_due()
        for entry in self._beyond(backlog):
            if entry.path in backlog.in_flight or entry.path in backlog.deferred:
                continue
            not_before = self._as_seen_by(backlog, entry).not_before
            if earliest is None or not_before < earliest:
                earliest = not_before
            if earliest <= 0.0:
                return 0.0
        return earliest

    def pending(self, target: str) -> int:
        """Count the paths that are dirty for *target* and not in flight, held ones included."""
        backlog = self._backlogs[target]
        waiting = backlog.own.keys() | backlog.deferred.keys()
        in_log = sum(self._is_beyond(backlog, path) for path in waiting)
        if backlog.cursor <= self._slowest:
            return len(self._log) + len(waiting) - in_log
        return sum(1 for _ in self._beyond(backlog)) + len(waiting) - in_log

    def is_dirty(self, target: str, path: RelPath) -> bool:
        """Tell whether *path* is dirty for *target*, by itself or with a directory above it."""
        backlog = self._backlogs[target]
        for place, least in reaching(path):
            entry = self._seen_by(backlog, place)
            if (entry and entry.scope >= least) or backlog.holds(place, least):
                return True
        return False

    def in_flight(self, target: str) -> int:
        """Count the paths of *target* that were taken and neither settled nor returned."""
        return len(self._backlogs[target].in_flight)

    def oldest(self, target: str) -> float | None:
        """Return when the oldest change was seen that *target* does not have; None: it has all."""
        entry = self.glimpse(target).oldest()
        return None if entry is None else entry.first_seen

    def glimpse(self, target: str) -> Glimpse:
        """Return a look at what *target* does not have."""
        backlog = self._backlogs[target]
        return Glimpse(backlog, partial(self._pending, backlog), partial(self._seen_by, backlog))

    def first_before(self, target: str, moment: float, within: RelPath) -> DirtyPath | None:
        """Return something dirty that was first seen at *moment* or before; None if all is carried.

        Only of *within*, and of what lies above it: a directory may stand for all below it.
        """
        backlog = self._backlogs[target]
        for entry in chain(backlog.in_flight.values(), self._pending(backlog)):
            if entry.first_seen <= moment and (not within or overlap(entry.path, within)):
                return entry
        return None

    def snapshot(self, target: str) -> Snapshot:
        """Return all that is dirty for *target*; quick, so that nobody waits for it."""
        backlog = self._backlogs[target]
        beyond = self._beyond(backlog)
        if self._older:
            beyond = (self._as_seen_by(backlog, entry) for entry in beyond)
        return Snapshot(
            in_flight=list(backlog.in_flight.values()),
            deferred=list(backlog.deferred.values()),
            waiting=[*backlog.own.values(), *beyond],
        )

    def paths(self, target: str, limit: int) -> list[DirtyPath]:
        """Return up to *limit* dirty paths, for people to look at; those at work come first."""
        seen = dict(islice(self._backlogs[target].in_flight.items(), limit))
        for entry in self.waiting(target, limit):
            seen.setdefault(entry.path, entry)
        return list(seen.values())[:limit]

    def waiting(self, target: str, limit: int) -> list[DirtyPath]:
        """Return up to *limit* dirty paths that are not in flight, as they would be taken."""
        seen: dict[RelPath, DirtyPath] = {}
        for entry in self._pending(self._backlogs[target]):
            if old := seen.get(entry.path):
                seen[entry.path] = merged(old, entry, created=False)
            elif len(seen) < limit:
                seen[entry.path] = entry
        return list(seen.values())

    def _pending(self, backlog: Backlog) -> Iterator[DirtyPath]:
        beyond = self._beyond(backlog)
        if self._older:
            beyond = (self._as_seen_by(backlog, entry) for entry in beyond)
        return chain(backlog.deferred.values(), backlog.own.values(), beyond)

    def _beyond(self, backlog: Backlog) -> Iterator[DirtyPath]:
        """Yield what *backlog* has not passed: oldest first for the slowest, else newest first."""
        if backlog.cursor <= self._slowest:
            return iter(self._log.values())
        cursor = backlog.cursor
        return takewhile(lambda entry: entry.sequence > cursor, reversed(self._log.values()))

    def _is_beyond(self, backlog: Backlog, path: RelPath) -> bool:
        entry = self._log.get(path)
        return entry is not None and entry.sequence > backlog.cursor

    def _seen_by(self, backlog: Backlog, path: RelPath) -> DirtyPath | None:
        is_there = self._is_beyond(backlog, path)
        return self._as_seen_by(backlog, self._log[path]) if is_there else None

    def _as_seen_by(self, backlog: Backlog, entry: DirtyPath) -> DirtyPath:
        """Return *entry* with what was reported before it and *backlog* has not passed either."""
        whole = entry
        for older in reversed(self._older.get(entry.path, ())):
            if older.sequence <= backlog.cursor:
                break
            whole = merged(older, whole, created=False)
        if whole is entry:
            return entry
        return changed(whole, first_seen=max(whole.first_seen, backlog.swept))
