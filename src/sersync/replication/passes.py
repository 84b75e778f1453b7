"""The full passes of one target: the one under way, and those that wait for it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from sersync.model.checkpoint import UnfinishedPass
from sersync.model.dirty import DirtyPath
from sersync.model.path import ROOT, RelPath, display, is_within, overlap
from sersync.replication.full_pass import FullPass
from sersync.replication.ports import Scanner

log: Final = logging.getLogger("sersync.worker")


_PAUSE_FACTOR: Final = 20
_PATIENCE_S: Final = 1.0
"""So long a pass gives way to live changes, before it takes the lane that is kept for them."""


class Passes:
    """Slices of full passes, one pass after the other. Owned by the worker's thread."""

    def __init__(
        self, target: str, scanner: Scanner, scheduled: Scanner, *, begins: bool = True
    ) -> None:
        """*begins*: everything is compared at first."""
        self._target = target
        self._scanner = scanner
        self._scheduled = scheduled
        self._passes: deque[FullPass] = deque()
        self._wanted: deque[UnfinishedPass] = deque()
        self._wants_scheduled = begins
        self._is_blocked = False
        self._ended_at = float("-inf")
        self._begun_at = 0.0
        self._worked_s = 0.0
        self._took_s = 0.0
        self.completed = 0
        """Passes over the whole source that have ended."""

    def __bool__(self) -> bool:
        return bool(self._passes)

    @property
    def current(self) -> FullPass | None:
        """The pass under way, if any."""
        return self._passes[0] if self._passes else None

    def covers_part(self, path: RelPath) -> bool:
        """Tell whether a pass over a part of the source has still to come to *path*."""
        return any(each.subtree and is_within(path, each.subtree) for each in tuple(self._passes))

    @property
    def wants_to_start(self) -> bool:
        """A slice could be carried, if there is a lane for it."""
        return bool(self._passes) and not self._is_blocked and not self._passes[0].is_under_way

    def is_starving(self, now: float) -> bool:
        """Tell whether the pass under way has got no lane for a while."""
        if not self._passes:
            return False
        return now - max(self._begun_at, self._passes[0].first_seen) > _PATIENCE_S

    def want(self, *subtrees: RelPath, unheard_since: float | None = None) -> None:
        """Let *subtrees* be compared when the target can be reached. For any thread.

        *unheard_since*: of what changed after that, nobody was told.
        """
        self._wanted.extend(
            UnfinishedPass(subtree=subtree, unheard_since=unheard_since) for subtree in subtrees
        )

    @property
    def has_wishes(self) -> bool:
        """Something is to be compared that was not begun with. For any thread."""
        return bool(self._wanted) or self._wants_scheduled

    def subtrees(self, path: RelPath, until: float | None) -> list[RelPath]:
        """Return what is not over of the passes that concern *path*. For any thread.

        Only those that are from *until* or before; without it, also those not begun with.
        """
        found = [
            each.subtree
            for each in tuple(self._passes)
            if (until is None or each.first_seen <= until) and overlap(each.subtree, path)
        ]
        if until is None:
            found += [each for each in self.unfinished if overlap(each, path)]
        return list(dict.fromkeys(found))

    def wanted(self) -> list[UnfinishedPass]:
        """Return what is wanted, each subtree once; it is the caller's business from now on."""
        return _each_once(self._wanted.popleft() for _ in range(len(self._wanted)))

    def want_scheduled(self) -> None:
        """Let the pass begin that a schedule asks for."""
        self._wants_scheduled = True

    def scheduled(self) -> bool:
        """Tell whether one is wanted; it is the caller's business from now on."""
        wanted, self._wants_scheduled = self._wants_scheduled, False
        return wanted

    def begin_scheduled(self, now: float, *, apart: bool) -> None:
        """Begin a pass that a schedule wants, if any; *apart*: by rules of its own."""
        if self.scheduled():
            if apart:
                self.add(ROOT, first_seen=now, scheduled=True)
            else:
                self.want(ROOT)

    @property
    def unfinished(self) -> tuple[RelPath, ...]:
        """The subtrees that are wanted, wait, or are being compared."""
        return tuple(each.subtree for each in self.to_keep())

    def to_keep(self) -> tuple[UnfinishedPass, ...]:
        """Return what is unfinished, with what it doubts: who wants that again loses nothing."""
        found = [
            UnfinishedPass(
                subtree=each.subtree, unheard_since=each.first_seen if each.content else None
            )
            for each in tuple(self._passes)
        ]
        if self._wants_scheduled:
            found.append(UnfinishedPass(subtree=ROOT))
        return tuple(_each_once((*found, *tuple(self._wanted))))

    def add(
        self,
        subtree: RelPath,
        *,
        first_seen: float,
        scheduled: bool = False,
        content: bool = False,
    ) -> None:
        """Compare *subtree* after what is under way; once, however often it is asked for."""
        waiting = list(self._passes)[1:]
        if any(
            each.covers(subtree)
            and each.scheduled == scheduled
            and (not content or (each.content and each.first_seen <= first_seen))
            for each in waiting
        ):
            return
        slices = (self._scheduled if scheduled else self._scanner).slices(subtree)
        self._passes.append(
            FullPass(subtree, slices, now=first_seen, scheduled=scheduled, content=content)
        )

    def start(
        self, carry: Callable[[list[DirtyPath]], Iterable[DirtyPath]], now: float
    ) -> float | None:
        """Give the next slice to *carry*, which returns what has to wait.

        Returns since when a pass was wanted that has ended: there was no slice any more.
        """
        wanted_since: float | None = None
        while self.wants_to_start:
            current = self._passes[0]
            if paths := current.next():
                self._begun_at = now
                waiting = list(carry(paths))
                current.wait_with(waiting)
                self._is_blocked = bool(waiting)
                break
            if not current.is_over:
                break
            self._passes.popleft()
            self._tell(current, now)
            if wanted_since is None:
                wanted_since = current.first_seen
        return wanted_since

    def may_search(self, now: float) -> bool:
        """Tell whether another pass, to look for something, costs no more than a 20th of the time.

        *now*: seconds of the monotonic clock.
        """
        return not self._passes and now - self._ended_at >= _PAUSE_FACTOR * self._took_s

    def unblock(self) -> None:
        """A run has ended: what it held may be free now."""
        self._is_blocked = False

    def block(self) -> None:
        """Start no slice until a run has ended or a census was taken."""
        self._is_blocked = True

    def settle(self, paths: list[DirtyPath], now: float) -> None:
        """Take note that *paths* of the current pass were carried."""
        if paths and self._passes:
            self._passes[0].settle(paths)
            self._count(now)

    def repeat(self, paths: list[DirtyPath], now: float) -> None:
        """Take *paths* of the current pass back, to be carried again."""
        if paths and self._passes:
            self._passes[0].wait_with(paths)
            self._count(now)

    def _count(self, now: float) -> None:
        """Add up the time in which slices were carried; waiting for live changes is not work."""
        if not self._passes[0].is_under_way:
            self._worked_s += now - self._begun_at

    def _tell(self, ended: FullPass, now: float) -> None:
        what = f"{display(ended.subtree)} is" if ended.subtree else "everything is"
        pace = (ended.entries, now - ended.first_seen)
        log.info("%s: %s compared, %d entries in %.1f s", self._target, what, *pace)
        if not ended.subtree:
            self.completed += 1
            self._ended_at, self._took_s = now, self._worked_s
        self._worked_s = 0.0


def _each_once(passes: Iterable[UnfinishedPass]) -> list[UnfinishedPass]:
    """Return *passes* with each subtree once, doubted for as long as any of them doubts it."""
    since: dict[RelPath, float | None] = {}
    for each in passes:
        known, new = since.get(each.subtree), each.unheard_since
        since[each.subtree] = new if known is None or (new is not None and new < known) else known
    return [UnfinishedPass(subtree=path, unheard_since=at) for path, at in since.items()]
