"""One target's worker: take what is dirty, carry it, settle; and never let go of anything.

The loop is the whole of it: what may start is started, then everything waits for the first thing
to happen. Decisions live in ``policy`` and ``health``; what rsync does lives behind the transport.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sersync.model.batch import Outcome, Refused, Verdict
from sersync.model.checkpoint import UnfinishedPass
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, display
from sersync.model.status import TargetState
from sersync.model.target import Target
from sersync.replication.counts import Counts
from sersync.replication.deletions import MAX_DELETE_EXIT
from sersync.replication.gate import Gate
from sersync.replication.health import reason_of
from sersync.replication.mailbox import NEVER
from sersync.replication.ports import Transport
from sersync.replication.record import CONNECTION_LOST
from sersync.replication.reins import Reins
from sersync.replication.settling import dirty_again
from sersync.replication.surroundings import Surroundings

log = logging.getLogger("sersync.worker")

TICK_S: Final = 1.0  # The root is looked at so often, even when nothing happens.


class TargetWorker(Reins):
    """Keeps one target current. Its thread owns everything here; others only leave requests."""

    def __init__(self, target: Target, transport: Transport, around: Surroundings) -> None:
        super().__init__(target, transport, around)
        self._mailbox = around.mailbox
        self._gate = Gate(self._health, transport, around, place=self._place, record=self.record)
        self._stop_by: float | None = None
        self._counts = Counts(
            deletions=self._deletions,
            witness=self._witness,
            health=self._health,
            passes=self._passes,
            let_go=self._let_go,
        )

    def stop(self, *, grace_s: float) -> None:
        """Finish what is running, for at most *grace_s*, then end. For any thread."""
        self._stop_by = self._clock.monotonic() + grace_s
        self._transport.wake()

    # The thread.

    def run(self) -> None:
        """Work until told to stop."""
        if self.record.is_compared:
            self._deletions.know()
        try:
            while self._stop_by is None:
                self._step()
            self._finish(self._stop_by)
        finally:
            self._transport.close()
            self.waits.leave()
            self.progress.enter(TargetState.STOPPED, self._clock.monotonic())

    def _step(self) -> None:
        now = self._clock.monotonic()
        if self._may_start(now):
            with self.record.step:
                self._start(now)
        elif self._deletions.wants_to_count(now) and self._open():
            self._deletions.tend(now)
        self._show(now)
        self.waits.tend(now)
        wake_at = self._wake_at(now)
        outcomes = self._transport.wait(max(0.0, wake_at - self._clock.monotonic()))
        for outcome in outcomes:
            self._deletions.record(outcome, self._clock.monotonic())
        for outcome in outcomes:
            self._settle(outcome, self._clock.monotonic())

    def _wake_at(self, now: float) -> float:
        """Return when to look again at the latest, whatever happens."""
        tick = min(now + TICK_S, max(now, self.waits.look_at))
        if self.is_held or self._deletions.is_counting:
            ready_at = NEVER
        elif now < self._health.retry_at:
            ready_at = self._health.retry_at
            tick = min(tick, ready_at)
        elif not self._probing.is_ready or self._transport.free_lanes == 0:
            ready_at = NEVER
        else:
            ready_at = self._gathering.ready_at(now)
            if self._pass_may_start(now):
                tick = min(tick, max(now, ready_at))
        return self._mailbox.sleep(self.target.name, tick, ready_at=ready_at)

    def _finish(self, stop_by: float) -> None:
        while self._transport.runs and self._clock.monotonic() < stop_by:
            for outcome in self._transport.wait(stop_by - self._clock.monotonic()):
                self._deletions.record(outcome, self._clock.monotonic())
                self._settle(outcome, self._clock.monotonic())
        self._transport.cancel()

    # Starting.

    def _may_start(self, now: float) -> bool:
        """Tell whether runs may be started; probe the target for them if that is due.

        A probe may take seconds. Meanwhile the source may be lost, or a person may pause the
        target, so the gate is asked once more after it.
        """
        if not self._gate.is_open(now) or self._deletions.is_counting:
            return False
        was_ready = self._probing.is_ready
        return self._open() and (was_ready or self._gate.is_open(self._clock.monotonic()))

    def _open(self) -> bool:
        """Probe the target before its first transfer, and again after its connection was lost."""
        if self._probing.is_ready:
            return True
        if self._transport.runs:
            return False
        failure = self._probing.probe(lambda: self._stop_by is not None)
        now = self._clock.monotonic()
        if failure is not None:
            self.record.note(failure, [], now)
            self._failed(failure, now)
            return False
        self._health.recovered()
        if self._place.reached():
            self._deletions.doubt()
            self._passes.want(ROOT)
        self._witness.look_soon(now)
        self._let_go(now)
        return True

    def _start(self, now: float) -> None:
        self._begin_passes(now)
        self._begin_repairs(now)
        self._offer_unconfirmed(now)
        if now < self._gathering.ready_at(now):
            return
        self._gathering.ended()
        if self._passes.is_starving(now) and self._pass_may_start(now):
            self._start_slice(now)
        if self._mailbox.is_due(self.target.name, now) and self._transport.free_lanes > 0:
            self._start_live(now)
        if self._pass_may_start(now):
            self._start_slice(now)
        if not self._passes.unfinished:
            self._witness.tend(now)

    def _start_slice(self, now: float) -> None:
        wanted_since = self._passes.start(lambda paths: self._carry_slice(paths, now), now)
        if wanted_since is None:
            return
        # Links are part of the pass: until they are there, what it was for is not done.
        linked = ((path, Scope.ENTRY) for path in self._transport.linked_files())
        self._make_dirty(linked, wanted_since)
        if self._passes.completed:
            self._deletions.know()
            self._witness.was_compared(now)

    def _carry_slice(self, paths: list[DirtyPath], now: float) -> list[DirtyPath]:
        """Carry a part of a full pass; return what of it has to wait.

        A level may tell of files that are to be carried by other names too: those that have to
        wait are dirty like any others, and no part of the pass.
        """
        waiting = self._carry(paths, now).waiting
        self._mailbox.defer(self.target.name, [each for each in waiting if each.sequence >= 0])
        return [each for each in waiting if each.sequence < 0]

    def _start_live(self, now: float) -> None:
        limit = self._health.most_paths
        if paths := self._mailbox.take(self.target.name, now=now, limit=limit):
            self._wait_with(self._carry(paths, now), now)

    def _wait_with(self, refused: Refused, now: float) -> None:
        """Take back what of the live paths could not be started."""
        name = self.target.name
        self._mailbox.defer(name, refused.waiting)
        for wide in refused.too_wide:
            looks_new = wide.created and self.target.is_mirror
            content = wide.content and not looks_new
            self._passes.add(wide.path, first_seen=wide.first_seen, content=content)
        if refused.too_wide:
            # Shown before they are settled: there is no moment at which the target looks current.
            self._show(now)
            self._mailbox.settle(name, refused.too_wide, now=now)

    def _carry(self, paths: Sequence[DirtyPath], now: float, *, granted: int = 0) -> Refused:
        share = self._deletions.share(now, granted=granted)
        refused = self._transport.start(paths, max_delete=share, granted=granted)
        self._mailbox.depart(self.target.name, refused.added)
        self._gathering.started(now)
        return refused

    def _begin_passes(self, now: float) -> None:
        if self._around.schedule.is_due():
            log.info("%s: the scheduled full pass begins", self.target.name)
            self._passes.want_scheduled()
        if self._transport.has_unknown_names and self._passes.may_search(now):
            self._passes.want(ROOT)
        self._passes.begin_scheduled(now, apart=self.target.is_scheduled_apart)
        for wanted in self._passes.wanted():
            self._begin(wanted, now)

    def _begin(self, wanted: UnfinishedPass, now: float) -> None:
        since = wanted.unheard_since
        content, first_seen = since is not None, now if since is None else since
        if wanted.subtree:
            tree = DirtyPath(
                path=wanted.subtree,
                scope=Scope.TREE,
                sequence=0,
                first_seen=first_seen,
                content=content,
            )
            self._mailbox.settle(self.target.name, (), again=[tree], now=now)
        else:
            self._transport.search_names()
            self._passes.add(ROOT, first_seen=first_seen, content=content)

    def _begin_repairs(self, now: float) -> None:
        paths = [self._to_repair.popleft() for _ in range(len(self._to_repair))]
        if paths:
            self._transport.distrust(paths)
            self._make_dirty(((path, Scope.ENTRY) for path in paths), now)

    def _pass_may_start(self, now: float) -> bool:
        """Tell whether a slice may start: one lane is kept for live changes, if there are two.

        But where changes never cease, a pass that always gave way would never end.
        """
        gives_way = self._transport.runs and not self._passes.is_starving(now)
        kept = 1 if self.target.parallel > 1 and gives_way else 0
        return self._passes.wants_to_start and self._transport.free_lanes > kept

    def _offer_unconfirmed(self, now: float) -> None:
        self.record.doubt(now)
        self._make_dirty(self._unconfirmed.due(now), now)

    def _make_dirty(self, paths: Iterable[tuple[RelPath, Scope]], now: float) -> None:
        again = [
            DirtyPath(path=path, scope=scope, sequence=0, first_seen=now) for path, scope in paths
        ]
        if again:
            self._mailbox.settle(self.target.name, (), again=again, now=now)

    # Settling.

    def _settle(self, outcome: Outcome, now: float) -> None:
        with self.record.step:
            self._settle_paths(outcome, now)
        self._standing.tell(outcome, now)

    def _settle_paths(self, outcome: Outcome, now: float) -> None:
        name = self.target.name
        live = [path for path in outcome.paths if path.sequence >= 0]
        passing = [path for path in outcome.paths if path.sequence < 0]
        again = dirty_again(
            outcome,
            now,
            failures_of=self._quarantine.failures_of,
            retry_at_of=self._quarantine.retry_at_of,
            pause_s=self._health.path_pause_s,
        )
        self._passes.unblock()
        self.record.note(outcome, live, now)
        self._witness.settle(outcome)
        if self._counts.take(outcome, now):
            return
        if outcome.exit_code == MAX_DELETE_EXIT:
            self._stopped(outcome, live, passing, now)
            return
        if outcome.verdict in (Verdict.DONE, Verdict.PARTIAL):
            if not outcome.paths:
                return
            self._mailbox.settle(name, live, again=again, now=now)
            self._passes.settle(passing, now)
            self._succeeded(outcome, again, now)
        else:
            self._failed(outcome, now)
            retry_at = self._health.retry_at
            self._mailbox.settle(name, (), put_back=live, not_before=retry_at, again=again, now=now)
            self._passes.repeat(passing, now)

    def _stopped(
        self, outcome: Outcome, live: list[DirtyPath], passing: list[DirtyPath], now: float
    ) -> None:
        """Go on with a run that was stopped at its share of deletions, or halt."""
        decision = self._deletions.decide(outcome, now)
        if isinstance(decision, int):
            refused = self._carry(outcome.paths, now, granted=decision)
            self._passes.repeat([path for path in refused.waiting if path.sequence < 0], now)
            waiting = tuple(path for path in refused.waiting if path.sequence >= 0)
            self._wait_with(replace(refused, waiting=waiting), now)
            return
        if decision is not None:
            self._health.stop(decision)
        self._mailbox.defer(self.target.name, live)
        self._passes.repeat(passing, now)
        self._passes.block()
        self._standing.tell(replace(outcome, reason=decision), now)

    def _let_go(self, now: float) -> None:
        """Let everything be tried again that had to wait."""
        self._mailbox.settle(self.target.name, (), now=now)
        self._passes.unblock()

    def _succeeded(self, outcome: Outcome, again: list[DirtyPath], now: float) -> None:
        self._health.recovered()
        for problem in self._quarantine.settle(outcome, again):
            what = f"{problem.message}. {problem.remedy}".rstrip()
            log.warning("%s: %s: %s", self.target.name, display(problem.path), what)
        self.progress.carried(outcome, now)

    def _failed(self, outcome: Outcome, now: float) -> None:
        if outcome.unconfirmed or outcome.exit_code in CONNECTION_LOST:
            self._probing.lost()
        if outcome.verdict is Verdict.HALT:
            self._health.stop(reason_of(outcome))
        else:
            self._health.failed(reason_of(outcome), now)

    # Showing.

    def _show(self, now: float) -> None:
        self._deletions.forget(now)
        was_compared = self.record.is_compared
        self._standing.show(now, is_open=self._probing.is_ready, was_compared=was_compared)
        if self.progress.state is TargetState.IN_SYNC:
            self._deletions.rest()
