"""Where a target stands: its state and its status, put together from its worker's parts."""

from __future__ import annotations

import logging
from typing import Final

from sersync.model.batch import Outcome
from sersync.model.figures import span
from sersync.model.path import display
from sersync.model.status import BatchReport, PendingStatus, TargetState, TargetStatus
from sersync.model.target import Target
from sersync.replication.glance import by_directory
from sersync.replication.health import Health
from sersync.replication.passes import Passes
from sersync.replication.policy import Unconfirmed
from sersync.replication.ports import Transport
from sersync.replication.progress import Progress
from sersync.replication.surroundings import Surroundings
from sersync.replication.witness import Witness

log: Final = logging.getLogger("sersync.worker")

_MOST_SHOWN: Final = 20
_MOST_LISTED: Final = 100
_MOST_DIRECTORIES: Final = 50
_CURRENT: Final = (TargetState.IN_SYNC, TargetState.SETTLING)
_LIVE: Final = (*_CURRENT, TargetState.TRANSFERRING)
"""A target goes through these with every change."""


class Standing:
    """What is shown of one target. ``status`` is for any thread, the rest for the worker's."""

    def __init__(
        self,
        target: Target,
        transport: Transport,
        around: Surroundings,
        *,
        progress: Progress,
        health: Health,
        passes: Passes,
        unconfirmed: Unconfirmed,
        witness: Witness,
    ) -> None:
        self._target = target
        self._transport = transport
        self._around = around
        self._mailbox = around.mailbox
        self._progress = progress
        self._health = health
        self._passes = passes
        self._unconfirmed = unconfirmed
        self._witness = witness
        self._was_all_well = False
        """It was told that the target is current, and nothing else since."""

    def status(self, now: float) -> TargetStatus:
        """Return what can be seen of the target now. For any thread."""
        name = self._target.name
        glance = self._mailbox.glance(name, now=now, most=_MOST_SHOWN)
        pending, in_flight, oldest = glance.pending, glance.in_flight, glance.oldest
        current = self._progress.current_pass
        if current is not None:
            oldest = min(current.first_seen, now if oldest is None else oldest)
        rescan = self._around.rescan()
        if rescan is not None:
            oldest = min(now - rescan.elapsed_s, now if oldest is None else oldest)
        extent = self._around.extent()
        transfers = self._transport.transfers(now)
        return self._progress.status(
            TargetStatus(
                source=self._around.source,
                target=name,
                endpoint=str(self._target.endpoint),
                state=self._shown_state(pending, in_flight),
                lag_s=0.0 if oldest is None else now - oldest,
                pending=pending,
                in_flight=in_flight,
                pending_paths=glance.paths,
                pending_omitted=pending + in_flight - len(glance.paths),
                spares=self._transport.spares,
                runs=self._transport.runs,
                transfers=transfers,
                connections=len(transfers) + self._transport.spares + self._transport.is_counting,
                notes=(*self._transport.notes, *self._witness.notes),
                witness=self._witness.status(now),
                searching_names=self._transport.has_unknown_names,
            ),
            self._health,
            now,
            entries_total=extent.entries,
            bytes_total=extent.bytes,
            bytes_moving=sum(each.bytes for each in transfers) if current is not None else 0,
            rescan=rescan,
        )

    def backlog(self, now: float) -> PendingStatus:
        """Return all that the target lacks, in few words. For any thread; takes its time."""
        name = self._target.name
        glance = self._mailbox.glance(name, now=now, most=_MOST_LISTED)
        dirty = self._mailbox.snapshot(name)
        paths = {each.path for each in (*dirty.in_flight, *dirty.deferred, *dirty.waiting)}
        directories, omitted = by_directory(paths, most=_MOST_DIRECTORIES)
        return PendingStatus(
            source=self._around.source,
            target=name,
            pending=glance.pending,
            in_flight=glance.in_flight,
            directories=directories,
            directories_omitted=omitted,
            paths=glance.paths,
            omitted=glance.pending + glance.in_flight - len(glance.paths),
        )

    def _shown_state(self, pending: int, in_flight: int) -> TargetState:
        """Return the state, which may be a moment older than the numbers."""
        state = self._progress.state
        if state is TargetState.IN_SYNC and (pending or in_flight):
            return TargetState.TRANSFERRING if in_flight else TargetState.SETTLING
        if state in _CURRENT and self._around.rescan() is not None:
            return TargetState.RESYNCING
        return state

    def show(self, now: float, *, is_open: bool, was_compared: bool) -> None:
        """Take over what changed; *is_open*: the target was probed and is ready.

        *was_compared*: everything, by an earlier worker. A baseline is taken as it is.
        """
        self._progress.unconfirmed = self._unconfirmed.count
        self._progress.full_passes = self._passes.completed
        is_known = was_compared or self._target.baseline
        self._progress.is_compared = is_known or self._passes.completed > 0
        self._progress.current_pass = self._passes.current
        self._enter(self._state(now, is_open=is_open), now)

    def _enter(self, state: TargetState, now: float) -> None:
        """Enter *state*; tell of it, but for the coming and going of single changes."""
        before, since = self._progress.state, self._progress.since
        self._progress.enter(state, now)
        if state is not before:
            # Whoever was told of something else is told once that all is well again.
            is_all_well = state is TargetState.IN_SYNC and not self._was_all_well
            is_everyday = state in _LIVE and before in _LIVE and not is_all_well
            self._was_all_well = state in _LIVE and (is_all_well or self._was_all_well)
            log.log(
                logging.DEBUG if is_everyday else logging.INFO,
                "%s: %s, after %s %s",
                self._target.name,
                state.value,
                span(now - since),
                before.value,
            )

    def _state(self, now: float, *, is_open: bool) -> TargetState:
        if (held := self._held(now, is_open=is_open)) is not None:
            return held
        if self._passes or self._around.rescan() is not None:
            return TargetState.RESYNCING
        pending, in_flight = self._mailbox.counts(self._target.name)
        if in_flight:
            return TargetState.TRANSFERRING
        if pending or self._unconfirmed.count or self._transport.has_unknown_names:
            return TargetState.SETTLING
        return TargetState.IN_SYNC

    def _held(self, now: float, *, is_open: bool) -> TargetState | None:
        """Return the state that keeps everything waiting, if it is in one."""
        if self._health.is_halted:
            return TargetState.HALTED
        if self._health.is_paused:
            return TargetState.PAUSED
        if now < self._health.retry_at:
            return TargetState.BACKING_OFF
        return None if is_open else TargetState.STARTING

    def tell(self, outcome: Outcome, now: float) -> None:
        """Report a run that has ended to the log and to whoever follows the batches."""
        if log.isEnabledFor(logging.DEBUG):
            for path in outcome.paths:
                verdict = outcome.verdict.value
                log.debug("%s: %s: %s", self._target.name, display(path.path), verdict)
        if self._around.on_batch is not None and outcome.kind:
            oldest = min((path.first_seen for path in outcome.paths), default=now)
            report = BatchReport(
                source=self._around.source,
                target=self._target.name,
                outcome=outcome,
                lag_s=now - oldest,
            )
            self._around.on_batch(report)
