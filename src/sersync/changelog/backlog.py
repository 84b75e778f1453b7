"""One target's side of the changelog: its cursor, and what is different for it than for others.

Pure. Owner: the changelog that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import chain

from sersync.changelog.merge import changed, merged
from sersync.model.checkpoint import Waiting
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath, ancestors, overlap


class Backlog:
    """What one target has yet to get, apart from the log beyond its cursor.

    A path is in flight at most once, and then its newer version waits in the deferred set; so no
    two runs can be given the same path.
    """

    def __init__(self, *, cursor: int, now: float) -> None:
        self.cursor = cursor
        """Everything in the log up to this sequence has been passed."""
        self.swept = now
        """Everything reported before this time has been passed."""
        self.own: dict[RelPath, DirtyPath] = {}
        """To be taken at their time: held ones, retries, slices."""
        self.deferred: dict[RelPath, DirtyPath] = {}
        """Waiting for a run to end."""
        self.in_flight: dict[RelPath, DirtyPath] = {}
        self._times: list[tuple[float, int, RelPath]] = []
        self._attempted: set[RelPath] = set()
        self._doubts_new = False
        self._touched: set[RelPath] | None = None

    @classmethod
    def restored(cls, cursor: int, waiting: Iterable[Waiting], *, now: float) -> Backlog:
        """Return the backlog of a target that *waiting* was stored for; all of it is due.

        Nothing of it is a new name any more: some run may have carried it meanwhile.
        """
        backlog = cls(cursor=cursor, now=now)
        for each in waiting:
            backlog.keep(changed(each.path, not_before=0.0, created=False))
        # A level among them may stand for a name that went; which names were tried is not stored.
        backlog._doubts_new = bool(backlog.own)
        return backlog

    def __len__(self) -> int:
        return len(self.own) + len(self.deferred)

    def keep(self, entry: DirtyPath) -> None:
        """Put *entry* into the own set; what is there already is merged with it."""
        old = self.own.get(entry.path)
        if old is not None:
            entry = self._onto(old, entry)
        self.own[entry.path] = entry
        self._touch(entry.path)
        if old is None or entry.not_before < old.not_before:
            heappush(self._times, (entry.not_before, entry.sequence, entry.path))

    def take_own(self, taken: dict[RelPath, DirtyPath], *, now: float, limit: int) -> None:
        """Move what is due from the own set to *taken*, until that holds *limit* paths."""
        while self._times and self._times[0][0] <= now and len(taken) < limit:
            not_before, _, path = heappop(self._times)
            entry = self.own.get(path)
            if entry is None or entry.not_before != not_before:
                continue
            del self.own[path]
            self._touch(path)
            if path in self.in_flight:
                self._wait(changed(entry, created=False))
            elif path in self.deferred:
                self._wait(entry)
            else:
                taken[path] = entry

    def accept(self, entry: DirtyPath, taken: dict[RelPath, DirtyPath], *, now: float) -> None:
        """Sort *entry*, fresh from the log, into *taken* or to those that wait."""
        path = entry.path
        if path in self.in_flight:
            # The run that holds it may carry either state: the name is no longer a new one.
            self._wait(changed(entry, created=False))
            return
        if path in self.deferred:
            self._wait(entry)
            return
        if path in taken:
            taken[path] = self._onto(taken[path], entry)
            return
        if path in self.own:
            self._touch(path)
            entry = self._onto(self.own[path], entry)
        elif entry.created and (self._doubts_new or path in self._attempted):
            entry = changed(entry, created=False)
        if entry.not_before > now:
            self.keep(entry)
        else:
            self.own.pop(path, None)
            taken[path] = entry

    def depart(self, paths: Iterable[DirtyPath]) -> None:
        """Note *paths* as in flight."""
        for entry in paths:
            self.in_flight[entry.path] = entry
            self._touch(entry.path)

    def land(self, entry: DirtyPath) -> DirtyPath | None:
        """End the flight of *entry*; None if it is another version that is in flight, or none."""
        flying = self.in_flight.get(entry.path)
        if flying is None or flying.sequence != entry.sequence:
            return None
        del self.in_flight[entry.path]
        self._touch(entry.path)
        return flying

    def wake(self, path: RelPath) -> None:
        """Make the newer version of *path* due that waited for the flight to end."""
        waiting = self.deferred.pop(path, None)
        if waiting is not None:
            self.keep(waiting)

    def attempted(self, path: RelPath) -> None:
        """Remember that an older state of *path* may stand on the target.

        A later report that the name is new would be wrong: what stands there may look the same.
        """
        self._attempted.add(path)

    def forget_attempt(self, path: RelPath) -> None:
        """Forget ``attempted``: the newest state of *path* is carried, or covered by a TREE."""
        self._attempted.discard(path)

    def defer(self, entry: DirtyPath) -> None:
        """Let *entry*, which no run has begun with, wait until a run has ended."""
        self._wait(entry)

    def release(self) -> None:
        """Make all deferred paths due, except those that are in flight themselves."""
        waiting = self.deferred
        self.deferred = {}
        for path, entry in waiting.items():
            if path in self.in_flight:
                self.deferred[path] = entry
            else:
                self.keep(entry)

    def begin_anew(self, entries: Iterable[DirtyPath], *, cursor: int, now: float) -> None:
        """Let *entries* stand for all that waits up to *cursor*; what is in flight goes on."""
        self.cursor, self.swept = cursor, max(self.swept, now)
        for path in (*self.own, *self.deferred):
            self._touch(path)
        # Which names were tried is forgotten: until all of it is carried, none counts as new.
        self._attempted.clear()
        self._doubts_new = True
        self.own, self.deferred, self._times = {}, {}, []
        for entry in entries:
            self.keep(entry)

    def rest(self) -> None:
        """Take note that runs have ended: if nothing is left, new names are new again."""
        if self._doubts_new and not (self.own or self.deferred or self.in_flight):
            self._doubts_new = False

    def hasten(self, within: RelPath) -> int:
        """Make due what is held back of *within*, and of what lies above it; return how much."""
        held = 0
        for place in (self.own, self.deferred):
            for path, entry in list(place.items()):
                if entry.not_before and overlap(path, within):
                    held += 1
                    place[path] = changed(entry, not_before=0.0)
                    self._touch(path)
                    if place is self.own:
                        heappush(self._times, (0.0, entry.sequence, path))
        return held

    def next_due(self) -> float | None:
        """Return the earliest hold in the own set; None if nothing there can be taken."""
        while self._times:
            not_before, _, path = self._times[0]
            entry = self.own.get(path)
            if entry is not None and entry.not_before == not_before:
                if path not in self.in_flight and path not in self.deferred:
                    return not_before
                del self.own[path]
                self._wait(changed(entry, created=False) if path in self.in_flight else entry)
            heappop(self._times)
        return None

    def changes(self) -> tuple[list[Waiting], set[RelPath], bool]:
        """Return what waits and is new or not as it was, what is gone, and whether that is all.

        Counted from the last call; the first one, and the one after ``forget_changes``, tells
        all. What was told once is told no more.
        """
        touched = self._touched
        self._touched = set()
        if touched is None:
            paths = set(chain(self.own, self.deferred, self.in_flight))
            return list(map(self._waiting, paths)), set(), True
        own, deferred, flying = self.own.keys(), self.deferred.keys(), self.in_flight.keys()
        here = (touched & own) | (touched & deferred) | (touched & flying)
        return list(map(self._waiting, here)), touched - here, False

    def forget_changes(self) -> None:
        """Let the next ``changes`` tell everything: what was told before is lost."""
        self._touched = None

    def _waiting(self, path: RelPath) -> Waiting:
        """Return the one entry that stands for all that waits of *path*."""
        whole: DirtyPath | None = None
        flying = self.in_flight.get(path)
        for entry in (flying, self.deferred.get(path), self.own.get(path)):
            if entry is not None:
                whole = entry if whole is None else merged(whole, entry, created=False)
        if whole is None:
            raise AssertionError("only what waits is asked for")
        return Waiting(path=whole, is_flying=flying is not None)

    def _touch(self, path: RelPath) -> None:
        if self._touched is not None:
            self._touched.add(path)

    def holds(self, path: RelPath, least: Scope) -> bool:
        """Tell whether *path* waits or is in flight with at least that scope."""
        held = (self.in_flight.get(path), self.deferred.get(path), self.own.get(path))
        return any(entry is not None and entry.scope >= least for entry in held)

    def _wait(self, entry: DirtyPath) -> None:
        other = self.deferred.get(entry.path)
        if other is not None:
            older, newer = sorted((other, entry), key=_sequence)
            entry = merged(older, newer, created=older.created)
        self.deferred[entry.path] = entry
        self._touch(entry.path)

    def _onto(self, older: DirtyPath, newer: DirtyPath) -> DirtyPath:
        is_new = not self._doubts_new and older.path not in self._attempted
        created = older.created and is_new
        return merged(older, newer, created=created)


def _sequence(entry: DirtyPath) -> int:
    return entry.sequence


def reaching(path: RelPath) -> Iterator[tuple[RelPath, Scope]]:
    """Yield *path* and those above it, each with the least scope in which it reaches *path*."""
    yield path, Scope.ENTRY
    least = Scope.LEVEL
    for above in ancestors(path):
        yield above, least
        least = Scope.TREE
