"""The changelog: every dirty path once, in the order of the last report, and one cursor a target.

Pure: the time is an argument. Think of a compacted topic with consumer offsets, in memory.

- Marking a path moves it to the end with a new sequence number, whatever the number of targets.
- A report is merged with an older one of the same path only while no cursor has passed that.
  Once one has, the entry is new for those who passed it; for the others the older report is kept
  aside, so that one target's backlog never widens what another one carries.
- What every cursor has passed is dropped. Without targets nothing is kept.
- ``first_seen`` is honest for each target: never later than the first report that it has not
  passed, never earlier than the entry's first.
- ``created`` is what the *oldest* report in a merge says, since that one knows what the target
  has: a file that is removed and made again is no new name there. It is false as soon as the
  older state was passed by a cursor or handed to a run.

Entries are never changed once they are in the log or handed out; they are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice, takewhile
from typing import Final

from sersync.changelog.backlog import Backlog
from sersync.changelog.merge import absorb, changed, merged
from sersync.changelog.readable import Readable
from sersync.changelog.widening import widened
from sersync.model.checkpoint import LogChanges, Waiting
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath, overlap

_COMPACT_AFTER: Final = 10_000


class Changelog(Readable):
    """Dirty paths of one source, and how far each of its targets has come.

    Not locked: whoever owns it (the mailbox of the engine) lets one thread in at a time. Times
    are seconds of the monotonic clock. An unknown target is a ``KeyError``.
    """

    def __init__(self, targets: Iterable[str] = ()) -> None:
        super().__init__()
        self._fastest = 0
        self._dropped = 0
        self._backlogs = {name: Backlog(cursor=0, now=float("-inf")) for name in targets}

    @classmethod
    def of(
        cls, entries: Iterable[DirtyPath], sequence: int, backlogs: Mapping[str, Backlog]
    ) -> Changelog:
        """Return a log of *entries*, oldest first, in which *sequence* was the newest number."""
        log = cls()
        log._log = {entry.path: entry for entry in entries}
        log._backlogs = dict(backlogs)
        log.sequence = sequence
        log._advance()
        return log

    def add_target(self, name: str, *, now: float) -> None:
        """Let *name* follow from the end of the log on."""
        self._backlogs[name] = Backlog(cursor=self.sequence, now=now)
        self._advance()

    def remove_target(self, name: str) -> None:
        """Forget *name* and whatever it had still to get."""
        del self._backlogs[name]
        self._advance()

    def mark(
        self,
        path: RelPath,
        scope: Scope = Scope.ENTRY,
        *,
        now: float,
        not_before: float = 0.0,
        content: bool = False,
        created: bool = False,
    ) -> None:
        """Note that *path* may be stale on every target, to be carried from *not_before* on."""
        if not self._backlogs:
            return
        self.sequence += 1
        first_seen = now
        origin = None
        old = self._log.pop(path, None)
        if old is not None:
            if old.sequence <= self._fastest:
                self._set_aside(old)
            else:
                # As in merged(), spelled out: this is the hottest place of the daemon.
                if old.scope > scope:
                    scope = old.scope
                if old.not_before < not_before:
                    not_before = old.not_before
                first_seen = min(now, old.first_seen)
                content = content or old.content
                created = old.created
                origin = old.origin
        self._log[path] = DirtyPath(
            path=path,
            scope=scope,
            sequence=self.sequence,
            first_seen=first_seen,
            not_before=not_before,
            content=content,
            created=created,
            origin=origin,
        )

    def bound(self, most: int, *, now: float) -> list[str]:
        """Widen each backlog of more than *most* paths to a quarter; return whose these were.

        What is in flight goes on. Cheap while there is nothing to do.
        """
        if len(self._log) + max(map(len, self._backlogs.values()), default=0) <= most:
            return []
        too_long = [name for name in self._backlogs if self.pending(name) > most]
        for name in too_long:
            backlog = self._backlogs[name]
            wide = widened(self._pending(backlog), most=most // 4, after=self.sequence)
            self.sequence += len(wide)
            backlog.begin_anew(wide, cursor=self.sequence, now=now)
        self._advance()
        return too_long

    def came_from(self, path: RelPath, origin: RelPath) -> None:
        """Add to what was just marked that the targets may have it as *origin*."""
        entry = self._log.get(path)
        if entry is not None:
            self._log[path] = changed(entry, origin=origin)

    def take(self, target: str, *, now: float, limit: int = 100_000) -> list[DirtyPath]:
        """Hand out everything that is due for *target*, about *limit* paths; they are in flight.

        Of these, what is due in the own set gets up to half of *limit*. What is held moves to the
        own set. A path that is in flight already waits until that flight has ended.
        """
        backlog = self._backlogs[target]
        taken: dict[RelPath, DirtyPath] = {}
        backlog.take_own(taken, now=now, limit=(limit + 1) // 2)
        beyond = self._oldest_beyond(backlog, limit - len(taken) + 1)
        cut = len(beyond) > limit - len(taken)
        if cut:
            beyond.pop()
        for entry in beyond:
            backlog.accept(self._as_seen_by(backlog, entry), taken, now=now)
        if not cut:
            backlog.cursor = self.sequence
            backlog.swept = max(backlog.swept, now)
        elif beyond:
            backlog.cursor = beyond[-1].sequence
        self._advance()
        due = absorb(taken)
        for entry in due:
            del taken[entry.path]
        for path in taken:
            backlog.forget_attempt(path)
        backlog.depart(due)
        return due

    def add(
        self,
        target: str,
        path: RelPath,
        scope: Scope,
        *,
        now: float,
        not_before: float = 0.0,
        content: bool = False,
        created: bool = False,
        first_seen: float | None = None,
        failures: int = 0,
    ) -> None:
        """Make *path* dirty for *target* alone: a slice of a full pass, an unconfirmed path."""
        self.sequence += 1
        self._backlogs[target].keep(
            DirtyPath(
                path=path,
                scope=scope,
                sequence=self.sequence,
                first_seen=now if first_seen is None else first_seen,
                not_before=not_before,
                content=content,
                created=created,
                failures=failures,
            )
        )

    def depart(self, target: str, paths: Iterable[DirtyPath]) -> None:
        """Note that *paths* are in flight, which were not taken; those that are stay so."""
        backlog = self._backlogs[target]
        backlog.depart([each for each in paths if each.path not in backlog.in_flight])

    def settle(self, target: str, paths: Iterable[DirtyPath]) -> None:
        """Note that *paths* were carried. A newer version of one becomes due now."""
        backlog = self._backlogs[target]
        for path in paths:
            if backlog.land(path) is None:
                continue
            backlog.wake(path.path)
            if self._is_beyond(backlog, path.path):
                backlog.attempted(path.path)
            else:
                backlog.forget_attempt(path.path)
        backlog.rest()

    def put_back(
        self,
        target: str,
        paths: Iterable[DirtyPath],
        *,
        not_before: float = 0.0,
        failed: bool = False,
    ) -> None:
        """Return *paths* from their flight to the own set; *failed* counts one more failure.

        A newer version of one is merged with it, and is not held up by *not_before*.
        """
        backlog = self._backlogs[target]
        for path in paths:
            entry = backlog.land(path) or path
            backlog.attempted(entry.path)
            backlog.keep(
                changed(entry, not_before=not_before, failures=entry.failures + int(failed))
            )
            if entry.path not in backlog.in_flight:
                backlog.wake(entry.path)

    def defer(self, target: str, paths: Iterable[DirtyPath]) -> None:
        """Return *paths*, which no run has begun with, to wait for ``release``."""
        backlog = self._backlogs[target]
        for path in paths:
            backlog.defer(backlog.land(path) or path)

    def release(self, target: str) -> None:
        """Make everything deferred due: a run has ended."""
        self._backlogs[target].release()

    def hasten(self, target: str, within: RelPath) -> int:
        """Make due what is held back for *target* of *within*; return how many paths that were."""
        backlog = self._backlogs[target]
        held = backlog.hasten(within)
        beyond = [each for each in self._beyond(backlog) if each.not_before]
        for entry in beyond:
            if overlap(entry.path, within):
                held += 1
                self._log[entry.path] = changed(entry, not_before=0.0)
        return held

    def ground(self, target: str) -> list[DirtyPath]:
        """Put back everything in flight, whose end nobody will tell; return it."""
        flying = list(self._backlogs[target].in_flight.values())
        self.put_back(target, flying)
        self.release(target)
        return flying

    def changes(self, since: int) -> LogChanges:
        """Return what was reported after the sequence number *since*; a negative one: all.

        What a slow target has yet to get of an older report of the same path is part of it.
        """
        newest_first = takewhile(lambda entry: entry.sequence > since, reversed(self._log.values()))
        reported = [self._whole(entry) for entry in newest_first]
        reported.reverse()
        return LogChanges(
            reported=reported,
            sequence=self.sequence,
            size=len(self._log),
            is_whole=since < 0,
        )

    def target_changes(self, target: str) -> tuple[int, list[Waiting], set[RelPath], bool]:
        """Return the cursor of *target*, and what ``Backlog.changes`` tells."""
        backlog = self._backlogs[target]
        return backlog.cursor, *backlog.changes()

    def forget_changes(self, target: str) -> None:
        """Let the next ``target_changes`` tell everything."""
        self._backlogs[target].forget_changes()

    def _oldest_beyond(self, backlog: Backlog, count: int) -> list[DirtyPath]:
        if backlog.cursor <= self._slowest:
            return list(islice(self._log.values(), count))
        newest_first = list(self._beyond(backlog))
        return newest_first[: -count - 1 : -1]

    def _whole(self, entry: DirtyPath) -> DirtyPath:
        for older in reversed(self._older.get(entry.path, ())):
            entry = merged(older, entry, created=False)
        return entry

    def _set_aside(self, passed: DirtyPath) -> None:
        """Keep *passed* for the targets that have not passed it.

        Reports are merged that every target has passed both of, or neither.
        """
        kept: list[DirtyPath] = []
        for each in (*self._older.get(passed.path, ()), passed):
            if kept and not self._is_any_between(kept[-1], each):
                kept[-1] = merged(kept[-1], each, created=False)
            elif each.sequence > self._slowest:
                kept.append(each)
        self._older[passed.path] = tuple(kept)

    def _is_any_between(self, older: DirtyPath, newer: DirtyPath) -> bool:
        """Tell whether a target has passed *older*, and not *newer*."""
        cursors = (backlog.cursor for backlog in self._backlogs.values())
        return any(older.sequence <= cursor < newer.sequence for cursor in cursors)

    def _advance(self) -> None:
        """Drop from the front what every cursor has passed."""
        cursors = [backlog.cursor for backlog in self._backlogs.values()]
        self._slowest = min(cursors, default=self.sequence)
        self._fastest = max(cursors, default=self.sequence)
        if self._slowest >= self.sequence:
            self._log.clear()
            self._older.clear()
            self._dropped = 0
            return
        passed = []
        for entry in self._log.values():
            if entry.sequence > self._slowest:
                break
            passed.append(entry.path)
        for path in passed:
            del self._log[path]
            self._older.pop(path, None)
        self._dropped += len(passed)
        if self._dropped > max(len(self._log), _COMPACT_AFTER):
            # A dict keeps the gaps of its deleted front, and every look at the front crosses them.
            self._log = dict(self._log)
            self._dropped = 0
