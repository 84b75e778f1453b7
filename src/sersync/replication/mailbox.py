"""Where the watcher's thread and the targets' threads meet: the changelog behind a lock."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from sersync.changelog.glimpse import Oldest
from sersync.changelog.log import Changelog
from sersync.model.checkpoint import LogChanges, Waiting
from sersync.model.dirty import DirtyPath, Scope, Snapshot
from sersync.model.path import RelPath
from sersync.model.report import Desync, Moved, NewTree, Report, Stage, Suspect, Touched
from sersync.replication.glance import Glance, glance

CREATED_HOLD_S: Final = 1.0
"""How long a file that was created, but never written to, is held back for its writer."""


NEVER: Final = float("inf")

MOST_PENDING: Final = 200_000
"""What one target may have pending before whole directories stand for single paths: some 60 MB."""

log: Final = logging.getLogger("sersync.source")


class Mailbox:
    """One source's changelog. The watcher's thread puts, each target's thread takes its own."""

    def __init__(self, log: Changelog, *, max_delay_s: float) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._max_delay_s = max_delay_s
        self._wakes: dict[str, Callable[[], None]] = {}
        self._asleep_until: dict[str, float] = {}
        self._oldest: defaultdict[str, Oldest] = defaultdict(Oldest)

    def join(self, target: str, wake: Callable[[], None], *, now: float) -> None:
        """Let *target* follow from now on; *wake* is called when something is due for it.

        One that is known goes on from where it was: a state was restored, or it came back.
        """
        with self._lock:
            if target not in self._log:
                self._log.add_target(target, now=now)
            self._wakes[target] = wake
            self._asleep_until[target] = 0.0

    def leave(self, target: str) -> None:
        """Forget *target* and what it had still to get."""
        with self._lock:
            self._log.remove_target(target)
            del self._wakes[target], self._asleep_until[target]
            self._oldest.pop(target, None)

    def ground(self, target: str) -> list[DirtyPath]:
        """Put back what was in flight for *target*, whose worker has ended; return it."""
        with self._lock:
            return self._log.ground(target)

    def log_changes(self, since: int) -> LogChanges:
        """Return what was reported after the sequence number *since*; a negative one: all."""
        with self._lock:
            return self._log.changes(since)

    def target_changes(self, target: str) -> tuple[int, list[Waiting], set[RelPath], bool] | None:
        """Return the cursor of *target*, what waits for it and is new or changed, and what is gone.

        Counted from the last call; the last value tells whether it is all that waits. None: the
        target has left.
        """
        with self._lock:
            return self._log.target_changes(target) if target in self._log else None

    def forget_changes(self, target: str) -> None:
        """Let the next ``target_changes`` tell everything: what was told last was not stored."""
        with self._lock:
            if target in self._log:
                self._log.forget_changes(target)

    def put(self, reports: Iterable[Report], *, now: float) -> None:
        """Mark what *reports* name, and wake the targets that something is due for."""
        earliest = float("inf")
        with self._lock:
            mark = self._log.mark
            for report in reports:
                if type(report) is Touched:
                    not_before = 0.0
                    if report.stage is Stage.OPEN:
                        not_before = now + self._max_delay_s
                    elif report.stage is Stage.CREATED:
                        not_before = now + min(CREATED_HOLD_S, self._max_delay_s)
                    mark(
                        report.path,
                        now=now,
                        not_before=not_before,
                        content=report.content,
                        created=report.created and not report.replaces,
                    )
                    earliest = min(earliest, not_before)
                else:
                    self._put_wide(report, now)
                    earliest = 0.0
            widened = self._log.bound(MOST_PENDING, now=now)
            sleepers = [name for name, until in self._asleep_until.items() if earliest < until]
        for name in sleepers:
            self._wakes[name]()
        for name in widened:
            log.info(
                "%s: more than %d paths are pending; whole directories stand for them from now on",
                name,
                MOST_PENDING,
            )

    def _put_wide(self, report: Report, now: float) -> None:
        match report:
            case NewTree(path, replaces):
                self._log.mark(path, Scope.TREE, now=now, content=True, created=not replaces)
            case Desync(subtree=subtree):
                self._log.mark(subtree, Scope.TREE, now=now)
            case Suspect(path, scope, since):
                seen = now if since is None else min(now, since)
                self._log.mark(path, scope, now=seen, content=since is not None)
            case Moved(old, new):
                self._log.came_from(new, old)

    def wake(self) -> None:
        """Let every target look at how things stand."""
        with self._lock:
            wakes = list(self._wakes.values())
        for wake in wakes:
            wake()

    def sleep(self, target: str, until: float, *, ready_at: float) -> float:
        """Return until when *target* may sleep, at most *until*; it is woken if need be.

        *ready_at*: before that it can start nothing, so nothing wakes it either.
        """
        with self._lock:
            due = self._log.next_due(target)
            is_known = due is not None and due <= ready_at
            if due is not None:
                until = min(until, max(due, ready_at))
            self._asleep_until[target] = 0.0 if is_known or ready_at == NEVER else until
            return until

    def take(self, target: str, *, now: float, limit: int) -> list[DirtyPath]:
        """Return what is due for *target*; it is in flight from now on."""
        with self._lock:
            return self._log.take(target, now=now, limit=limit)

    def next_due(self, target: str) -> float | None:
        """Return when something is due for *target*: 0.0 is now, None is nothing."""
        with self._lock:
            return self._log.next_due(target)

    def is_due(self, target: str, now: float) -> bool:
        """Tell whether something is due for *target*."""
        due = self.next_due(target)
        return due is not None and due <= now

    def hasten(self, target: str, within: RelPath) -> int:
        """Make due what is held back for *target* of *within*; return how many paths that were."""
        with self._lock:
            return self._log.hasten(target, within)

    def snapshot(self, target: str) -> Snapshot:
        """Return all that is dirty for *target*."""
        with self._lock:
            return self._log.snapshot(target)

    def first_before(self, target: str, moment: float, within: RelPath) -> DirtyPath | None:
        """Return something of *within* that *target* has not got since *moment* or before."""
        with self._lock:
            return self._log.first_before(target, moment, within)

    def depart(self, target: str, paths: Iterable[DirtyPath]) -> None:
        """Note that *paths*, which were not taken, are in flight as well."""
        with self._lock:
            self._log.depart(target, paths)

    def defer(self, target: str, paths: Iterable[DirtyPath]) -> None:
        """Take *paths* back until the end of some run."""
        with self._lock:
            self._log.defer(target, paths)

    def settle(
        self,
        target: str,
        done: Iterable[DirtyPath],
        *,
        put_back: Iterable[DirtyPath] = (),
        not_before: float = 0.0,
        again: Iterable[DirtyPath] = (),
        now: float,
    ) -> None:
        """Record the end of a run in one step: what is done, what failed, what is dirty anew."""
        with self._lock:
            changelog = self._log
            for each in again:
                self._oldest[target].add(each)
                changelog.add(
                    target,
                    each.path,
                    each.scope,
                    now=now,
                    not_before=each.not_before,
                    content=each.content,
                    created=each.created,
                    first_seen=each.first_seen,
                    failures=each.failures,
                )
            changelog.settle(target, done)
            changelog.put_back(target, put_back, not_before=not_before, failed=True)
            changelog.release(target)

    @property
    def sequence(self) -> int:
        """The number of the newest report; another one tells that something was reported."""
        return self._log.sequence

    def waiting(self, target: str, limit: int) -> list[DirtyPath]:
        """Return up to *limit* paths that are pending for *target*, and leave them so."""
        with self._lock:
            return self._log.waiting(target, limit)

    def dirty(self, target: str, limit: int) -> list[DirtyPath]:
        """Return up to *limit* paths that *target* does not have, those in flight included."""
        with self._lock:
            return self._log.paths(target, limit)

    def stands(self, path: RelPath) -> bool:
        """Tell whether no target has still to get *path*, as far as is known."""
        with self._lock:
            return not any(self._log.is_dirty(target, path) for target in self._wakes)

    def counts(self, target: str) -> tuple[int, int]:
        """Return how many paths are pending for *target*, and how many are in flight."""
        with self._lock:
            return self._log.pending(target), self._log.in_flight(target)

    def glance(self, target: str, *, now: float, most: int) -> Glance:
        """Return what *target* lacks, with up to *most* paths. Short, however much that is."""
        with self._lock:
            if target not in self._log:
                return Glance()
            count = self._log.pending(target), self._log.in_flight(target)
            return glance(
                self._log.glimpse(target), self._oldest[target], *count, now=now, most=most
            )
