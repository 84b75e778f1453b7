"""What any thread may ask of a target's worker, and what it can see of it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from sersync.model.batch import Problem, Reason
from sersync.model.checkpoint import Held
from sersync.model.pasting import resume_command
from sersync.model.path import ROOT, RelPath
from sersync.model.request import Did
from sersync.model.slices import Slice
from sersync.model.status import AuditStatus, PendingStatus, TargetStatus
from sersync.model.target import Target
from sersync.replication.deletions import Deletions
from sersync.replication.gathering import Gathering
from sersync.replication.health import Health
from sersync.replication.passes import Passes
from sersync.replication.policy import Unconfirmed
from sersync.replication.ports import Transport
from sersync.replication.probing import Probing
from sersync.replication.progress import Progress
from sersync.replication.record import Record
from sersync.replication.standing import Standing
from sersync.replication.surroundings import Surroundings
from sersync.replication.target_place import TargetPlace
from sersync.replication.waits import Waits
from sersync.replication.witness import Witness

log: Final = logging.getLogger("sersync.worker")


class Reins:
    """The parts of a worker, and the requests that others leave with them.

    Every method is for any thread, but for ``recall``; the parts are the worker's.
    """

    def __init__(self, target: Target, transport: Transport, around: Surroundings) -> None:
        self.target = target
        self._transport = transport
        self._around = around
        self._clock = around.clock
        resume = resume_command(around.state_dir, around.source, target.name, confirm=False)
        self._health = Health(target.name, around.jitter, resume=resume)
        self._unconfirmed = Unconfirmed()
        self._passes = Passes(
            target.name, around.scanner, around.scheduled_scanner, begins=not target.baseline
        )
        self._deletions = Deletions(
            target, transport, around, health=self._health, passes=self._passes
        )
        self.is_comparing = self._passes.covers_part
        self.record = Record(
            target,
            mailbox=around.mailbox,
            unconfirmed=self._unconfirmed,
            passes=self._passes,
            held=self._held,
        )
        self.audit: AuditStatus | None = None
        """Replaced as a whole by who audits."""
        self._to_repair: deque[RelPath] = deque()
        self._probing = Probing(target.name, transport, around.clock)
        self._place = TargetPlace(target, around, self._health)
        self.progress = Progress(now=around.clock.monotonic())
        self._quarantine = self.progress.quarantine
        self._gathering = Gathering(target, transport, partial(around.mailbox.is_due, target.name))
        self._witness = Witness(target, transport, around, quarantine=self._quarantine)
        self._standing = Standing(
            target,
            transport,
            around,
            progress=self.progress,
            health=self._health,
            passes=self._passes,
            unconfirmed=self._unconfirmed,
            witness=self._witness,
        )
        self.waits = Waits(
            target,
            transport,
            around,
            health=self._health,
            passes=self._passes,
            quarantine=self._quarantine,
            gathering=self._gathering,
        )

    def root_is_lost(self, reason: Reason) -> None:
        """Start nothing until the root is back."""
        self._health.root_halt = reason
        self._transport.wake()

    def root_is_back(self, *, unheard_since: float | None = None) -> None:
        """Go on, with a full pass: the source's root is there again.

        *unheard_since*: what changed after that, as seconds of the monotonic clock, was not told
        of, and may look unchanged by its size and time.
        """
        self._passes.want(ROOT, unheard_since=unheard_since)
        self._health.root_halt = None
        self._transport.wake()

    def pause(self) -> bool:
        """Start nothing more until resumed; False when that is so already."""
        was_paused, self._health.is_paused = self._health.is_paused, True
        self._transport.wake()
        return not was_paused

    def resume(self, *, confirm: bool = False) -> tuple[Did, Reason | None]:
        """Go on after a pause, and try again at once, also when halted.

        *confirm*: what a guard warned of is meant. Returns what came of it.
        """
        came_of_it = self._health.asked_to_resume(confirm=confirm)
        self.retry(confirm=confirm)
        return came_of_it

    def retry(self, *, confirm: bool = False) -> bool:
        """Try again at once, also when halted, unless that needs *confirm*."""
        halt = self._health.halt
        if halt is not None and (confirm or not halt.needs_confirm):
            self._probing.lost()
            if confirm:
                self._around.guard.accept_empty()
                self._place.confirm(halt)
        # What is confirmed is counted first; the worker then goes on by itself.
        has_gone_on = (confirm and self._deletions.confirm()) or self._health.resume(
            confirm=confirm
        )
        self._passes.want(*self._quarantine.paths)
        self._transport.wake()
        return has_gone_on

    def resync(self, subtree: RelPath) -> None:
        """Compare all of *subtree* again."""
        self._passes.want(subtree)
        self._transport.wake()

    def slices(self, subtree: RelPath) -> Iterator[Slice]:
        """Yield all of *subtree* that takes part, in slices; lazily."""
        return self._around.scanner.slices(subtree)

    def repair(self, paths: Iterable[RelPath]) -> None:
        """Carry *paths* again, whole, whatever the target was known to have of them."""
        self._to_repair.extend(paths)
        self._transport.wake()

    def halt(self, reason: Reason) -> None:
        """Start nothing more until a person acts."""
        self._health.stop(reason)
        self._transport.wake()

    @property
    def is_held(self) -> bool:
        """Nothing is started now, until a person acts or the source is back."""
        return self._health.is_halted or self._health.is_paused

    @property
    def is_paused(self) -> bool:
        """A person asked to wait."""
        return self._health.is_paused

    @property
    def probe_name(self) -> bytes:
        """The name that the target was just tried with; empty when that was a while ago."""
        return self._probing.name

    @property
    def problems(self) -> list[Problem]:
        """All paths that fail now."""
        return self._quarantine.problems

    def comparisons(self, path: RelPath, *, until: float | None = None) -> list[RelPath]:
        """Return the subtrees that are compared, or are to be, and concern *path*.

        Only what is from *until* or before; without it, also what was not begun with.
        """
        return self._passes.subtrees(path, until)

    def status(self) -> TargetStatus:
        """Return what can be seen of the target now."""
        return replace(self._standing.status(self._clock.monotonic()), audit=self.audit)

    @property
    def is_auditable(self) -> bool:
        """What differs has drifted, if nothing is pending: there is no other reason for it."""
        options = self.target.options
        is_compared = options.times and not options.own_compare and not self.target.baseline
        return is_compared and self._around.is_all_carried

    def backlog(self) -> PendingStatus:
        """Return all that the target lacks now, in few words. For any thread."""
        return self._standing.backlog(self._clock.monotonic())

    def _held(self) -> Held:
        return Held(
            is_paused=self._health.is_paused,
            asked=self._deletions.asked,
            recent=self._witness.recent,
            deleted=self._deletions.deleted,
        )

    def recall(self, held: Held, *, is_same: bool, at: float) -> None:
        """Stay held up as an earlier worker was at the time *at*, *is_same*: of this very basis.

        Before the thread starts.
        """
        if held.is_paused:
            self._health.is_paused = True
            names = self._around.source, self.target.name
            goes_on = resume_command(self._around.state_dir, *names, confirm=False)
            log.info("%s is still paused; it goes on with: %s", self.target.name, goes_on)
        # Whatever else is another: it is the same minute in which so much was deleted.
        self._deletions.remember(held.deleted, at=at)
        if is_same:
            self._witness.recall(held.recent)
            if held.asked is not None:
                self._deletions.recall(held.asked)
