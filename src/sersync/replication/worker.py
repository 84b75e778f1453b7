"""One target's worker: take what is dirty, carry it, settle; and never let go of anything.

The loop is the whole of it: what may start is started, then everything waits for the first thing
to happen. Decisions live in ``policy``; what rsync does lives behind the transport.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sersync.model.batch import Outcome, Problem, Reason, Refused, Stage, Verdict
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, display
from sersync.model.slices import Extent
from sersync.model.status import BatchReport, TargetState, TargetStatus
from sersync.model.target import Target
from sersync.replication.full_pass import FullPass
from sersync.replication.mailbox import Mailbox
from sersync.replication.policy import Backoff, DeletionGuard, Unconfirmed
from sersync.replication.ports import Clock, RootGuard, Scanner, Schedule, Transport
from sersync.replication.progress import Progress

log = logging.getLogger("sersync.worker")

TICK_S: Final = 1.0
"""How often the root is looked at, even when nothing happens."""
_MOST_PATHS: Final = 50_000
_FAILURES_BEFORE_SPLITTING: Final = 3
_BUSY_FOR_S: Final = 0.050


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a worker needs besides its target: the same for all workers of a source, mostly."""

    source: str
    mailbox: Mailbox
    guard: RootGuard
    scanner: Scanner
    schedule: Schedule
    clock: Clock
    jitter: Callable[[], float]
    root_lost: Callable[[Reason], None]
    """Tells the source that its root is not what it was."""
    extent: Callable[[], Extent]
    """How much the source holds, as far as it was counted."""
    on_batch: Callable[[BatchReport], None] | None = None


class TargetWorker:
    """Keeps one target current. Its thread owns everything here but what ``stop`` sets."""

    def __init__(self, target: Target, transport: Transport, around: Surroundings) -> None:
        self.target = target
        self._transport = transport
        self._around = around
        self._mailbox = around.mailbox
        self._clock = around.clock
        self._backoff = Backoff()
        self._guard = DeletionGuard(limit=target.max_delete)
        self._unconfirmed = Unconfirmed()
        self._passes: deque[FullPass] = deque()
        self._is_pass_blocked = False
        self._is_open = False
        self._is_tried = True
        self._halt: Reason | None = None
        self._root_halt: Reason | None = None
        self._retry_at = 0.0
        self._last_start = float("-inf")
        self._stop_by: float | None = None
        self._wants_pass = True
        self.progress = Progress(now=around.clock.monotonic())

    # For other threads.

    def stop(self, *, grace_s: float) -> None:
        """Finish what is running, for at most *grace_s*, then end. For any thread."""
        self._stop_by = self._clock.monotonic() + grace_s
        self._transport.wake()

    def root_is_back(self) -> None:
        """Go on, with a full pass: the source's root is there again. For any thread."""
        self._wants_pass = True
        self._root_halt = None
        self._transport.wake()

    def root_is_lost(self, reason: Reason) -> None:
        """Start nothing until the root is back. For any thread."""
        self._root_halt = reason
        self._transport.wake()

    def resume(self) -> None:
        """Try again at once, also when halted. For any thread."""
        self._is_open = self._is_open and self._halt is None
        self._halt = None
        self._guard.reset()
        self._retry_at = 0.0
        self._transport.wake()

    def halt(self, reason: Reason) -> None:
        """Start nothing more until a person acts. For any thread."""
        self._halt = reason
        self._transport.wake()

    @property
    def probe_name(self) -> bytes:
        """The name that the target is being tried with; empty when that was a while ago."""
        return self._transport.probe_name if self._is_tried else b""

    def status(self) -> TargetStatus:
        """Return what can be seen of the target now."""
        now = self._clock.monotonic()
        pending, in_flight = self._mailbox.counts(self.target.name)
        oldest = self._mailbox.oldest(self.target.name)
        current = self.progress.current_pass
        if current is not None:
            oldest = min(current.first_seen, now if oldest is None else oldest)
        extent = self._around.extent()
        return self.progress.status(
            TargetStatus(
                source=self._around.source,
                target=self.target.name,
                endpoint=str(self.target.endpoint),
                state=self.progress.state,
                lag_s=0.0 if oldest is None else now - oldest,
                pending=pending,
                in_flight=in_flight,
                spares=self._transport.spares,
                runs=self._transport.runs,
                notes=self._transport.notes,
            ),
            now,
            entries_total=extent.entries,
            bytes_total=extent.bytes,
            bytes_moving=self._transport.progress_bytes if current is not None else 0,
        )

    # The thread.

    def run(self) -> None:
        """Work until told to stop."""
        try:
            while self._stop_by is None:
                self._step()
            self._finish(self._stop_by)
        finally:
            self._transport.close()
            self.progress.enter(TargetState.STOPPED, self._clock.monotonic())

    def _step(self) -> None:
        now = self._clock.monotonic()
        if self._may_start(now):
            self._start(now)
        self._show(now)
        wake_at = self._wake_at(now)
        for outcome in self._transport.wait(max(0.0, wake_at - self._clock.monotonic())):
            self._settle(outcome, self._clock.monotonic())

    def _wake_at(self, now: float) -> float:
        """Return when to look again at the latest, whatever happens."""
        tick = now + TICK_S
        ready_at = 0.0
        if self._halt or self._root_halt or not self._is_open:
            ready_at = float("inf")
        elif now < self._retry_at:
            ready_at = self._retry_at
        elif self._transport.free_lanes == 0:
            ready_at = float("inf")
        elif now < (settled_at := self._ready_at(now)):
            ready_at = settled_at
        if self._passes and not self._passes[0].is_under_way:
            tick = min(tick, max(now, ready_at)) if self._pass_may_start() else tick
        if now < self._retry_at:
            tick = min(tick, self._retry_at)
        return self._mailbox.sleep(self.target.name, tick, ready_at=ready_at)

    def _finish(self, stop_by: float) -> None:
        while self._transport.runs and self._clock.monotonic() < stop_by:
            for outcome in self._transport.wait(stop_by - self._clock.monotonic()):
                self._settle(outcome, self._clock.monotonic())
        self._transport.cancel()

    def _may_start(self, now: float) -> bool:
        if self._halt is not None or self._root_halt is not None:
            self._transport.release()
            return False
        return now >= self._retry_at and self._is_root_safe() and self._open()

    def _is_root_safe(self) -> bool:
        reason = self._around.guard.check()
        if reason is None:
            return True
        self._root_halt = reason
        self._around.root_lost(reason)
        self._transport.release()
        return False

    def _open(self) -> bool:
        if self._is_open:
            return True
        failure = self._transport.open(lambda: self._stop_by is not None)
        if failure is not None:
            self._failed(failure, self._clock.monotonic())
            return False
        self._is_open = True
        self._recovered()
        for note in self._transport.notes:
            log.warning("%s: %s", self.target.name, note)
        return True

    # Starting.

    def _start(self, now: float) -> None:
        self._begin_passes(now)
        self._offer_unconfirmed(now)
        if now < self._ready_at(now):
            return
        if self._is_due(now) and self._transport.free_lanes > 0:
            self._start_live(now)
        self._start_pass(now)

    def _ready_at(self, now: float) -> float:
        """Idle, a change goes at once; busy, changes gather for a moment and go together."""
        since = now - self._last_start
        if self._transport.runs == 0 and since >= _BUSY_FOR_S:
            return self._last_start + self.target.settle_idle_s
        return max(self._last_start + self.target.settle_busy_s, self._transport.ready_at)

    def _is_due(self, now: float) -> bool:
        due = self._mailbox.next_due(self.target.name)
        return due is not None and due <= now

    def _start_live(self, now: float) -> None:
        limit = _MOST_PATHS
        if self.progress.failures >= _FAILURES_BEFORE_SPLITTING:
            # One path may be what fails them all: find it by halves, and let the others pass.
            limit = max(1, 4096 >> self.progress.failures)
        paths = self._mailbox.take(self.target.name, now=now, limit=limit)
        if not paths:
            return
        refused = self._carry(paths, now)
        self._mailbox.defer(self.target.name, refused.waiting)
        for wide in refused.too_wide:
            self._add_pass(wide.path, first_seen=wide.first_seen)
        if refused.too_wide:
            self._mailbox.settle(self.target.name, refused.too_wide, now=now)

    def _carry(self, paths: list[DirtyPath], now: float) -> Refused:
        self._guard.know(self._around.extent().entries)
        # A root that never held anything may be a mount point without its file system.
        limit = self._guard.per_run if self._around.guard.had_entries else 0
        refused = self._transport.start(paths, max_delete=limit)
        self._last_start = now
        return refused

    def _begin_passes(self, now: float) -> None:
        if self._around.schedule.is_due():
            log.info("%s: the scheduled full pass begins", self.target.name)
            self._wants_pass = True
        if self._wants_pass:
            self._wants_pass = False
            self._add_pass(ROOT, first_seen=now)

    def _add_pass(self, subtree: RelPath, *, first_seen: float) -> None:
        if any(each.covers(subtree) and each.entries == 0 for each in list(self._passes)[1:]):
            return
        slices = self._around.scanner.slices(subtree)
        self._passes.append(FullPass(subtree, slices, now=first_seen))

    def _start_pass(self, now: float) -> None:
        while self._passes:
            current = self._passes[0]
            if current.is_under_way:
                return
            if not self._pass_may_start():
                return
            paths = current.next()
            if paths:
                waiting = self._carry(paths, now).waiting
                current.wait_with(waiting)
                self._is_pass_blocked = bool(waiting)
                return
            if not current.is_over:
                return
            self._passes.popleft()
            self._pass_ended(current, now)

    def _pass_may_start(self) -> bool:
        """Tell whether a slice may start: one lane is kept for live changes, if there are two."""
        kept = 1 if self.target.parallel > 1 and self._transport.runs else 0
        return not self._is_pass_blocked and self._transport.free_lanes > kept

    def _pass_ended(self, ended: FullPass, now: float) -> None:
        log.info(
            "%s: %s compared, %d entries in %.1f s",
            self.target.name,
            f"{display(ended.subtree)} is" if ended.subtree else "everything is",
            ended.entries,
            now - ended.first_seen,
        )
        if not ended.subtree:
            self.progress.full_passes += 1

    def _offer_unconfirmed(self, now: float) -> None:
        again = [_dirty(path, scope, now) for path, scope in self._unconfirmed.due(now)]
        if again:
            self._mailbox.settle(self.target.name, (), again=again, now=now)

    # Settling.

    def _settle(self, outcome: Outcome, now: float) -> None:
        self._is_pass_blocked = False
        live = [path for path in outcome.paths if path.sequence >= 0]
        passing = [path for path in outcome.paths if path.sequence < 0]
        again = [_dirty(each.path, each.scope, now) for each in outcome.again if not each.failed]
        self._guard.record(now, outcome.stats.deleted)
        if outcome.unconfirmed:
            self._unconfirmed.lost(outcome.paths, now)
        elif outcome.exit_code in _CONNECTION_LOST:
            # It may have lost power, and with it what it took just before.
            self._unconfirmed.lost((), now)
        match outcome.verdict:
            case Verdict.DONE | Verdict.PARTIAL:
                self._unconfirmed.remember_settled(live, now)
                failed = [problem for problem in outcome.problems if self._can_retry(problem)]
                again += [self._retried(problem, outcome.paths, now) for problem in failed]
                again += [
                    _dirty(each.path, each.scope, now, not_before=now + self._backoff.first_s)
                    for each in outcome.again
                    if each.failed
                ]
                self._mailbox.settle(self.target.name, live, again=again, now=now)
                if passing and self._passes:
                    self._passes[0].settle(passing)
                self._succeeded(outcome, now)
            case Verdict.RETRY | Verdict.HALT:
                self._failed(outcome, now)
                self._mailbox.settle(
                    self.target.name,
                    (),
                    put_back=live,
                    not_before=self._retry_at,
                    again=again,
                    now=now,
                )
                if passing and self._passes:
                    self._passes[0].wait_with(passing)
        self._tell(outcome, now)

    def _can_retry(self, problem: Problem) -> bool:
        return problem.stage is not Stage.REFUSED

    def _retried(self, problem: Problem, paths: Iterable[DirtyPath], now: float) -> DirtyPath:
        """Return the failing path, to be tried again on its own and ever more slowly."""
        failures = 1 + self.progress.failures_of(problem.path)
        pause_s = self._backoff.delay(failures, jitter=self._around.jitter())
        first_seen = min((each.first_seen for each in paths), default=now)
        return DirtyPath(
            path=problem.path,
            scope=Scope.ENTRY,
            sequence=0,
            first_seen=first_seen,
            not_before=now + pause_s,
            content=True,
            failures=failures,
        )

    def _succeeded(self, outcome: Outcome, now: float) -> None:
        self._recovered()
        self.progress.carried(outcome, now)
        for problem in outcome.problems:
            log.warning("%s: %s: %s", self.target.name, display(problem.path), problem.message)
        if self._guard.is_exceeded(now):
            self._halt = self._guard.reason(now, target=self.target.name)
            log.error("%s halted: %s", self.target.name, self._halt.message)

    def _recovered(self) -> None:
        if self.progress.failures:
            log.info("%s: recovered after %d failures", self.target.name, self.progress.failures)
        self.progress.failures = 0
        self.progress.reason = None
        self._retry_at = 0.0

    def _failed(self, outcome: Outcome, now: float) -> None:
        reason = outcome.reason or Reason(message="the transfer failed for an unknown reason")
        if outcome.exit_code == _MAX_DELETE_EXIT and not self._around.guard.had_entries:
            reason = empty_source(self._around.source, self.target.name)
        self.progress.failures += 1
        repeated = self.progress.reason == reason
        self.progress.reason = reason
        if outcome.verdict is Verdict.HALT:
            self._halt = reason
            log.error("%s halted: %s. %s", self.target.name, reason.message, reason.remedy)
            return
        pause_s = self._backoff.delay(self.progress.failures, jitter=self._around.jitter())
        self._retry_at = now + pause_s
        level = logging.DEBUG if repeated else logging.WARNING
        log.log(
            level,
            "%s: %s; next attempt in %.0f s. %s",
            self.target.name,
            reason.message,
            pause_s,
            reason.remedy,
        )

    # Showing.

    def _show(self, now: float) -> None:
        self.progress.retry_at = self._retry_at
        self.progress.unconfirmed = self._unconfirmed.count
        self.progress.halt = self._halt or self._root_halt
        self.progress.current_pass = self._passes[0] if self._passes else None
        self.progress.enter(self._state(now), now)

    def _state(self, now: float) -> TargetState:
        if self._halt or self._root_halt:
            return TargetState.HALTED
        if now < self._retry_at:
            return TargetState.BACKING_OFF
        if not self._is_open:
            return TargetState.STARTING
        if self._passes:
            return TargetState.RESYNCING
        pending, in_flight = self._mailbox.counts(self.target.name)
        if in_flight:
            return TargetState.TRANSFERRING
        if pending or self._unconfirmed.count:
            return TargetState.SETTLING
        return TargetState.IN_SYNC

    def _tell(self, outcome: Outcome, now: float) -> None:
        if log.isEnabledFor(logging.DEBUG):
            for path in outcome.paths:
                log.debug("%s: %s: %s", self.target.name, outcome.verdict.value, path.path)
        if self._around.on_batch is not None and outcome.kind:
            oldest = min((path.first_seen for path in outcome.paths), default=now)
            self._around.on_batch(
                BatchReport(
                    source=self._around.source,
                    target=self.target.name,
                    outcome=outcome,
                    lag_s=now - oldest,
                )
            )


_MAX_DELETE_EXIT: Final = 25
_CONNECTION_LOST: Final = frozenset({10, 12, 30, 35, 255})


def empty_source(source: str, target: str) -> Reason:
    """Return why nothing is deleted for a source that has been empty from the start."""
    return Reason(
        message=f"the source {source} is empty, but its target {target} is not",
        remedy="Nothing was deleted. If a file system should be mounted at the source, mount it"
        " and restart sersync; if the target is to be emptied, do that by hand.",
    )


def _dirty(path: RelPath, scope: Scope, now: float, *, not_before: float = 0.0) -> DirtyPath:
    return DirtyPath(path=path, scope=scope, sequence=0, first_seen=now, not_before=not_before)
