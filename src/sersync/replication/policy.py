"""When to try again, and when to stop: decisions over time. Pure: times are arguments."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from sersync.model.batch import Reason
from sersync.model.checkpoint import Bucket, Offer
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, parent
from sersync.model.written import Written

OFFER_AFTER_S: Final = (60.0, 600.0, 3600.0)
"""When an unconfirmed path is carried again, counted from the loss."""
SETTLED_MATTERS_S: Final = 120.0
"""How long a power cut may undo on the target what was carried."""

_LEAST_LIMIT: Final = 1000
_MOST_UNCOUNTED: Final = 1024
"""A run that deletes more is counted by a dry run before."""
_MOST_UNCONFIRMED: Final = 10_000
_BUCKETS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Ever longer pauses between attempts: they double from *first_s* up to *ceiling_s*."""

    first_s: float = 1.0
    ceiling_s: float = 300.0

    def delay(self, failures: int, *, jitter: float) -> float:
        """Return the pause in seconds after so many failures in a row, 1 being the first.

        *jitter*, from 0.0 up to 1.0, takes up to a quarter off, so that many targets that failed
        together do not come back together.
        """
        if failures <= 0:
            return 0.0
        doublings = min(failures - 1, 30)
        return min(self.ceiling_s, self.first_s * 2.0**doublings) * (1.0 - jitter / 4.0)


QUARANTINED_AFTER: Final = 5
"""A path that failed so often in a row is tried slowly from then on."""
_QUARANTINE_PAUSE_S: Final = 600.0


def path_pause_s(failures: int, *, jitter: float) -> float:
    """Return how long to wait with a path after so many failures in a row, 1 being the first."""
    if failures < QUARANTINED_AFTER:
        return Backoff().delay(failures, jitter=jitter)
    return _QUARANTINE_PAUSE_S * (1.0 - jitter / 4.0)


class DeletionGuard:
    """Counts what is deleted on one target within the last *window_s*, against a limit.

    *limit* is a number of entries; None is half of what the source is known to hold, at least
    1000; negative is no limit. Owner: the target's worker.
    """

    def __init__(self, *, limit: int | None = None, window_s: float = 60.0) -> None:
        self.window_s = window_s
        self._set_limit = limit
        self._known = 0
        self._credit = 0
        self._recorded: deque[tuple[float, int]] = deque()
        self._sum = 0

    @property
    def limit(self) -> int | None:
        """Entries that may be deleted within the window; None is no limit."""
        if self._set_limit is None:
            return max(_LEAST_LIMIT, self._known // 2)
        return self._set_limit if self._set_limit >= 0 else None

    def know(self, entries: int) -> None:
        """Take note of how many entries the source holds; the most that it ever held counts."""
        self._known = max(self._known, entries)

    def record(self, now: float, deleted: int) -> None:
        """Count *deleted* entries, but for those that a person has allowed."""
        credited = min(deleted, self._credit)
        self._credit -= credited
        deleted -= credited
        if deleted > 0:
            self._recorded.append((now, deleted))
            self._sum += deleted
        self._forget(now)

    def deleted(self, now: float) -> int:
        """Return how many entries were deleted within the window."""
        self._forget(now)
        return self._sum

    def allows(self, now: float, more: int) -> bool:
        """Tell whether *more* entries may be deleted now."""
        left = self._left(now)
        return left is None or more <= left

    def share(self, now: float, *, reserved: int, slots: int, free: int) -> int | None:
        """Return how many entries each of the *free* runs may delete, of *slots* in all.

        *reserved*: what runs that are under way may delete, together. None is no limit. Shares
        are powers of two, since a connection that stands ready was started with one.
        """
        left = self._left(now)
        if left is None:
            return None
        share = min(left // slots, (left - reserved) // max(1, free), _MOST_UNCOUNTED)
        return 1 << (share.bit_length() - 1) if share > 0 else 0

    def allow(self, more: int) -> None:
        """Let *more* entries be deleted besides: a person has said that they are meant."""
        self._credit += more

    def disallow(self) -> None:
        """Take back what ``allow`` gave and was not needed."""
        self._credit = 0

    def reason(
        self, *, target: str, confirm: str, entries: int, deleted: int, written: Written
    ) -> Reason:
        """Return why *target* halts before *entries* are deleted, and how to go on.

        *deleted*: how many were deleted within the window before. *written*: where its limit is.
        """
        are = "entry is" if entries == 1 else "entries are"
        counted = f"{entries} {are} to be deleted on {target}"
        if deleted:
            were = "was" if deleted == 1 else "were"
            counted += f", after {deleted} that {were} deleted already within {self.window_s:.0f} s"
        limit = self.limit
        return Reason(
            message=f"{counted}; the limit is {'none' if limit is None else limit}",
            remedy="They stay until a person decides. Look at the source: is everything there"
            f" that should be? If the deletions are meant: {confirm}. To allow as much at any"
            f" time, {written.allows_deletions(target, deleted + entries)}.",
            command=confirm,
            needs_confirm=True,
        )

    def _left(self, now: float) -> int | None:
        limit = self.limit
        return None if limit is None else max(0, limit + self._credit - self.deleted(now))

    def _forget(self, now: float) -> None:
        while self._recorded and self._recorded[0][0] <= now - self.window_s:
            self._sum -= self._recorded.popleft()[1]


def widen(paths: Mapping[RelPath, Scope], *, most: int) -> dict[RelPath, Scope]:
    """Return at most *most* scopes that cover *paths*: as they are, as levels, or as one tree.

    An entry becomes the level of its parent; a level or tree stays what it is.
    """
    if len(paths) <= most:
        return dict(paths)
    wider: dict[RelPath, Scope] = {}
    for path, scope in paths.items():
        _include(wider, *((parent(path), Scope.LEVEL) if scope is Scope.ENTRY else (path, scope)))
    return wider if len(wider) <= most else {ROOT: Scope.TREE}


class Unconfirmed:
    """Paths of one target whose last transfer may not have lasted; each is offered three times.

    A run whose end is unknown may still be at work on the target, and may put old bytes over
    newer ones. And a target that lost power may have lost what it took shortly before. Memory is
    bounded: beyond *most* paths their parents' levels stand for them, and the whole tree for
    those. Owner: the target's worker.
    """

    def __init__(self, *, most: int = _MOST_UNCONFIRMED) -> None:
        self._most = most
        self._offers: dict[RelPath, _Offer] = {}
        self._times: list[tuple[float, RelPath]] = []
        self._settled: deque[tuple[float, dict[RelPath, Scope]]] = deque()
        self._first_bucket = 0
        self.offers_changed = 0
        """Counts the changes of what ``offers`` returns."""
        self.settled_changed = 0
        """Counts the changes of what ``settled`` returns."""

    @property
    def count(self) -> int:
        """How many paths, levels or trees are not confirmed."""
        return len(self._offers)

    @property
    def next_due(self) -> float | None:
        """When something is to be offered again; None: nothing is unconfirmed."""
        while self._times:
            at, path = self._times[0]
            offer = self._offers.get(path)
            if offer is not None and offer.at == at:
                return at
            heappop(self._times)
        return None

    def remember_settled(self, paths: Iterable[DirtyPath | RelPath], now: float) -> None:
        """Keep *paths* in mind, which were just carried; a bare path is one entry."""
        self._forget_settled(now)
        begun = self._settled[-1][0] if self._settled else float("-inf")
        if now - begun >= SETTLED_MATTERS_S / _BUCKETS:
            self._settled.append((now, {}))
        start, bucket = self._settled[-1]
        self.settled_changed += 1
        for each in paths:
            _include(bucket, *_scoped(each))
        self._settled[-1] = start, widen(bucket, most=self._most // _BUCKETS)

    def lost(
        self,
        paths: Iterable[DirtyPath | RelPath],
        now: float,
        *,
        with_settled: bool = True,
    ) -> None:
        """Note that the connection was lost, and with it a run that carried *paths*, if any.

        *with_settled*: what was settled within the last two minutes is not confirmed any more
        either.
        """
        self._forget_settled(now)
        lost: dict[RelPath, Scope] = {}
        for each in paths:
            _include(lost, *_scoped(each))
        if with_settled:
            for _, settled in self._settled:
                for path, scope in settled.items():
                    _include(lost, path, scope)
            self._first_bucket += len(self._settled)
            self.settled_changed += 1
            self._settled.clear()
        for path, scope in lost.items():
            before = self._offers.get(path)
            self._schedule(path, scope if before is None else max(scope, before.scope), 0, now)
        if len(self._offers) > self._most:
            offered = {path: offer.scope for path, offer in self._offers.items()}
            self._offers.clear()
            self._times.clear()
            for path, scope in widen(offered, most=self._most).items():
                self._schedule(path, scope, 0, now)

    def due(self, now: float) -> list[tuple[RelPath, Scope]]:
        """Return what is to be carried again now; after its third time it counts as confirmed."""
        due = []
        while (at := self.next_due) is not None and at <= now:
            _, path = heappop(self._times)
            offer = self._offers.pop(path)
            self.offers_changed += 1
            due.append((path, offer.scope))
            if offer.turn + 1 < len(OFFER_AFTER_S):
                lost_at = at - OFFER_AFTER_S[offer.turn]
                self._schedule(path, offer.scope, offer.turn + 1, lost_at)
        return due

    # What outlives the daemon.

    def offers(self) -> tuple[Offer, ...]:
        """Return all that is not confirmed."""
        return tuple(
            Offer(path=path, scope=each.scope, turn=each.turn, at=each.at)
            for path, each in self._offers.items()
        )

    def settled(self, *, since: int = 0) -> tuple[int, tuple[Bucket, ...]]:
        """Return the number of the first bucket of what was settled, and those from *since* on."""
        first = self._first_bucket
        buckets = tuple(
            Bucket(number=number, since=start, paths=dict(paths))
            for number, (start, paths) in enumerate(self._settled, first)
            if number >= since
        )
        return first, buckets

    def restore(self, offers: Iterable[Offer], settled: Iterable[Bucket]) -> None:
        """Begin with what ``offers`` and ``settled`` returned, before anything else was done."""
        for each in offers:
            self._place(each.path, _Offer(scope=each.scope, turn=each.turn, at=each.at))
        self._settled.extend((each.since, dict(each.paths)) for each in settled)

    def _schedule(self, path: RelPath, scope: Scope, turn: int, lost_at: float) -> None:
        self._place(path, _Offer(scope=scope, turn=turn, at=lost_at + OFFER_AFTER_S[turn]))

    def _place(self, path: RelPath, offer: _Offer) -> None:
        self._offers[path] = offer
        heappush(self._times, (offer.at, path))
        self.offers_changed += 1

    def _forget_settled(self, now: float) -> None:
        bucket_s = SETTLED_MATTERS_S / _BUCKETS
        while self._settled and self._settled[0][0] + bucket_s < now - SETTLED_MATTERS_S:
            self._settled.popleft()
            self._first_bucket += 1
            self.settled_changed += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    scope: Scope
    turn: int
    at: float


def _scoped(each: DirtyPath | RelPath) -> tuple[RelPath, Scope]:
    return (each.path, each.scope) if isinstance(each, DirtyPath) else (each, Scope.ENTRY)


def _include(scopes: dict[RelPath, Scope], path: RelPath, scope: Scope) -> None:
    scopes[path] = max(scope, scopes.get(path, scope))
