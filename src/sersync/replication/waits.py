"""When everything of before a moment stands on one target: what a barrier waits for.

A path is dirty since its oldest report that was not carried, whatever came after it. So a moment
has been reached when nothing is dirty since that moment or before: in the log, in the target's own
set, in flight, deferred, or in a comparison that had begun. What follows from a run is as old as
what the run was for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from sersync.model.batch import Problem, Stage
from sersync.model.path import RelPath, is_within, overlap
from sersync.model.pending import Ending
from sersync.model.target import Target
from sersync.replication.barrier import Barrier
from sersync.replication.gathering import Gathering
from sersync.replication.health import Health
from sersync.replication.passes import Passes
from sersync.replication.ports import Transport
from sersync.replication.quarantine import Quarantine
from sersync.replication.surroundings import Surroundings

_REST: Final = 20.0
"""Seconds of rest for each second of looking through what is pending."""
_NEVER: Final = float("inf")


class Waits:
    """The barriers that wait for one target. The worker's thread looks; any may add."""

    def __init__(
        self,
        target: Target,
        transport: Transport,
        around: Surroundings,
        *,
        health: Health,
        passes: Passes,
        quarantine: Quarantine,
        gathering: Gathering,
    ) -> None:
        self._target = target
        self._transport = transport
        self._around = around
        self._health = health
        self._passes = passes
        self._quarantine = quarantine
        self._gathering = gathering
        self._new: deque[Barrier] = deque()
        self._waiting: list[Barrier] = []
        self._rests_until = 0.0

    def add(self, barrier: Barrier) -> None:
        """Let *barrier* wait for this target, now that all it waits for is dirty. Any thread."""
        self._new.append(barrier)
        self._transport.wake()

    def hasten(self, within: RelPath) -> int:
        """Let go at once what of *within* is held back; return how many paths. Any thread.

        What waits for the target's next attempt, or for others to go with it, does not wait any
        more either. A pause and a halt stay.
        """
        held = self._around.mailbox.hasten(self._target.name, within)
        self._health.hasten()
        self._gathering.hurry()
        self._transport.wake()
        return held

    # The worker's thread.

    @property
    def look_at(self) -> float:
        """When to look again at the latest."""
        return self._rests_until if self._waiting else _NEVER

    def tend(self, now: float) -> None:
        """End the barriers that have what they wait for, or cannot get it."""
        while self._new:
            barrier = self._new.popleft()
            self.hasten(barrier.path)
            self._waiting.append(barrier)
            self._rests_until = 0.0
        if not self._waiting:
            return
        is_idle = self._around.mailbox.counts(self._target.name) == (0, 0)
        if now < self._rests_until and not is_idle:
            return
        began_at = self._around.clock.monotonic()
        name = self._target.name
        for barrier in self._waiting:
            if barrier.is_open(name) and (ending := self._ending(barrier)) is not None:
                barrier.end(name, ending)
        self._waiting = [each for each in self._waiting if each.is_open(name)]
        ended_at = self._around.clock.monotonic()
        self._rests_until = ended_at + _REST * (ended_at - began_at)

    def leave(self) -> None:
        """End all barriers: this worker does not go on."""
        for barrier in (*self._new, *self._waiting):
            barrier.end(self._target.name, Ending.WAITING)

    def _ending(self, barrier: Barrier) -> Ending | None:
        """Return how *barrier* ends now; None when it has to wait."""
        is_held = self._health.is_halted or self._health.is_paused
        is_held = is_held or any(self._missing(barrier.path))
        moment = barrier.moments.get(self._target.name)
        if moment is None:
            if self._passes.has_wishes:
                # What is wished for becomes dirty only when it is begun with, and not before.
                return Ending.HELD if is_held else None
            moment = self._around.clock.monotonic()
            barrier.moments[self._target.name] = moment
        if any(self._missing(barrier.path)):
            return Ending.HELD
        if not self._is_carried(barrier.path, moment):
            return Ending.HELD if is_held and not self._transport.runs else None
        return Ending.REFUSED if any(self.refused(barrier.path)) else Ending.STANDS

    def _is_carried(self, path: RelPath, moment: float) -> bool:
        return (
            not self._transport.has_unknown_names
            and not self._passes.subtrees(path, moment)
            and self._around.mailbox.first_before(self._target.name, moment, path) is None
        )

    def _missing(self, path: RelPath) -> Iterator[RelPath]:
        return (each.path for each in self._around.guard.missing if overlap(each.path, path))

    def refused(self, path: RelPath) -> Iterator[Problem]:
        """Yield what of *path* the target will never take. For any thread."""
        return (
            each
            for each in self._quarantine.problems
            if each.stage is Stage.REFUSED and is_within(each.path, path)
        )
