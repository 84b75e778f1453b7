"""Warm spares: rsyncs that are already connected and authenticated, and wait for their names.

A spare takes 1-2 ms to the target where a new connection takes 10-300. It is bound to what it
was started with: the options, the filters, the root directory that it works in. It is never
needed: without one a run starts cold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sersync.linux.child import Child
from sersync.transfer.command import Recipe

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 300.0
_MAX_AGE_S: Final = 3600.0


@dataclass(slots=True)
class Spare:
    """One waiting rsync. *place* is the identity of the root directory that it works in."""

    child: Child
    recipe: Recipe
    place: tuple[int, int]
    since: float


_BUSY_RUNS: Final = 4
_BUSY_FOR_S: Final = 0.5
_IN_USE_FOR_S: Final = 5.0
_EXTRA_IF_SLOW: Final = 2
"""Where connecting takes long, as by ssh, changes that follow soon need more."""
_EXTRA_IF_BUSY: Final = 4
"""With a default daemon a connection needs 50 ms to be of use, five runs in a stream."""


class Demand:
    """How many spares the runs of late call for, beyond the usual. Owned by the worker's thread."""

    def __init__(self) -> None:
        self._recent: list[float] = []

    def began(self, now: float) -> None:
        """Take note that a run began."""
        self._recent = [*self._recent[-_BUSY_RUNS:], now]

    def is_busy(self, now: float) -> bool:
        """Runs follow each other closely."""
        return len(self._recent) > _BUSY_RUNS and now - self._recent[0] < _BUSY_FOR_S

    def more(self, now: float, *, is_slow: bool) -> int:
        """Return how many more spares than usual there should be; *is_slow*: connecting is."""
        if self.is_busy(now):
            return _EXTRA_IF_BUSY
        is_in_use = bool(self._recent) and now - self._recent[-1] < _IN_USE_FOR_S
        return _EXTRA_IF_SLOW if is_slow and is_in_use else 0


class Spares:
    """The waiting rsyncs of one target, oldest first. Owned by the worker's thread."""

    def __init__(self, start: Callable[[Recipe], Child | None], *, wanted: int) -> None:
        self._start = start
        self._spares: list[Spare] = []
        self._wanted = wanted
        self._max_age_s = _MAX_AGE_S
        self.ripe_after_s = 0.0
        """How long a connection takes until it is faster than a new one."""
        self._pause_s = 0.0
        self._not_before = 0.0

    def __len__(self) -> int:
        return len(self._spares)

    def owns(self, child: Child) -> bool:
        """Tell whether *child* is a waiting spare."""
        return any(spare.child is child for spare in self._spares)

    def take(self, recipe: Recipe, place: tuple[int, int]) -> Spare | None:
        """Hand over the oldest spare that fits, or None. Those that do not fit are retired."""
        fitting = None
        for spare in list(self._spares):
            if spare.recipe == recipe and spare.place == place:
                fitting = fitting or spare
        if fitting is not None:
            self._spares.remove(fitting)
        return fitting

    def unfit(self, recipe: Recipe, place: tuple[int, int], now: float) -> list[Child]:
        """Remove and return those that no longer fit: other options, another root, too old."""
        unfit = [
            spare
            for spare in self._spares
            if spare.recipe != recipe or spare.place != place or now - spare.since > self._max_age_s
        ]
        self._spares = [spare for spare in self._spares if spare not in unfit]
        return [spare.child for spare in unfit]

    def refill(
        self, recipe: Recipe, place: tuple[int, int], now: float, *, extra: int
    ) -> list[Child]:
        """Start what is missing up to the wanted number and *extra*; return the new ones."""
        started: list[Child] = []
        if now < self._not_before or self._wanted == 0:
            return started
        while len(self._spares) < self._wanted + extra:
            child = self._start(recipe)
            if child is None:
                break
            self._spares.append(Spare(child, recipe, place, now))
            started.append(child)
        return started

    def give_way(self, now: float) -> None:
        """Let none be fit any more, and want one less: a transfer had no connection left."""
        self._want_less(now)
        for spare in self._spares:
            spare.since = float("-inf")

    def died(self, child: Child, now: float, *, too_many_connections: bool) -> None:
        """Take note that *child* ended by itself while it waited."""
        [spare] = [each for each in self._spares if each.child is child]
        self._spares.remove(spare)
        age_s = now - spare.since
        if too_many_connections:
            self._want_less(now)
            return
        if age_s > 2.0:
            # The target closed an idle connection: be gone before it does so again.
            self._max_age_s = max(1.0, min(self._max_age_s, age_s / 2))
            return
        self._pause(now)

    def served(self) -> None:
        """Take note that a spare did its work: connections succeed."""
        self._pause_s = 0.0
        self._not_before = 0.0

    def _want_less(self, now: float) -> None:
        # The slot is needed for a transfer. One spare less, for good.
        self._wanted = max(0, self._wanted - 1)
        self._pause(now)

    def _pause(self, now: float) -> None:
        self._pause_s = min(max(_FIRST_PAUSE_S, 2 * self._pause_s), _LONGEST_PAUSE_S)
        self._not_before = now + self._pause_s

    @property
    def ripe_at(self) -> float:
        """When the oldest spare has connected; what it is given earlier arrives no sooner."""
        return self._spares[0].since + self.ripe_after_s if self._spares else 0.0

    def dismiss(self) -> list[Child]:
        """Remove and return all of them."""
        children = [spare.child for spare in self._spares]
        self._spares.clear()
        return children
