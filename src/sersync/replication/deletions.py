"""What may be deleted on one target: shares for its runs, counts, and the halt before harm.

Every run gets a share, and all shares together never exceed what is left of the limit; so the
limit holds however many runs there are. A run that would delete more is stopped by rsync at its
share. What it still wants to delete is then counted by a dry run, and either granted or a person
is asked. A target that is not known yet gets no share at all: before the first deletion there, it
is counted how much of it the source does not hold.

Who is asked is told of everything that is pending, not of one run, and the number follows what is
reported meanwhile. What is confirmed is what is pending at that moment, as a dry run counts it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

from sersync.model.batch import Census, Outcome, Reason
from sersync.model.checkpoint import Asked
from sersync.model.pasting import resume_command
from sersync.model.target import Target
from sersync.replication.health import Health
from sersync.replication.passes import Passes
from sersync.replication.policy import DeletionGuard
from sersync.replication.ports import Transport
from sersync.replication.surroundings import Surroundings
from sersync.replication.tally import Tally

log: Final = logging.getLogger("sersync.worker")

MAX_DELETE_EXIT: Final = 25
_LEAST_STRANGE: Final = 100
"""Fewer entries than this that are not in the source prove nothing about a target."""
_TOLD_OFTEN: Final = 10
"""So many times within a window, the state is told how much of the limit is used up."""


@dataclass(slots=True, kw_only=True)
class _Question:
    """Whether deletions are meant. *told* is what a person reads; None: it is being counted."""

    told: Reason | None = None
    deleted: int = 0
    """Entries that were deleted within the window before."""
    stopped: int = 0
    """Entries that a single run was kept from deleting, at least."""
    entries: int | None = None
    """All that is pending, as last counted."""
    follows: bool = True
    """The number is kept current; else it is counted once more when it is confirmed."""
    is_last: bool = False
    """The count under way began after the confirmation."""


class Deletions:
    """Guards the deletions on one target. ``confirm`` is for any thread, all else the worker's."""

    def __init__(
        self,
        target: Target,
        transport: Transport,
        around: Surroundings,
        *,
        health: Health,
        passes: Passes,
    ) -> None:
        self._target = target
        self._transport = transport
        self._around = around
        self._health = health
        self._guard = DeletionGuard(limit=target.max_delete)
        self._slots = (1 if target.bandwidth_kib_s else target.parallel) + 1
        self._is_known = False
        self._tally = Tally(target.name, transport, around.mailbox, passes)
        self._question: _Question | None = None
        self._is_confirmed = False
        self.deleted = 0
        """Entries that were deleted within the window. For any thread to read."""
        self._stored = 0
        self.doubt()

    def know(self) -> None:
        """Take note that everything was compared: the target is the right one."""
        self._is_known = True

    def doubt(self) -> None:
        """Take note that the target may be another one: before a deletion, it is counted."""
        self._is_known = self._guard.limit is None or self._target.baseline

    def share(self, now: float, *, granted: int = 0) -> int | None:
        """Return how many entries each run may delete that starts now; None is no limit.

        *granted*: what one of them is allowed besides.
        """
        self._guard.know(self._around.extent().entries)
        if not self._around.guard.had_entries:
            # It may be a mount point without its file system.
            return 0
        if not self._is_known:
            return 0
        return self._guard.share(
            now,
            reserved=self._transport.reserved + granted,
            slots=self._slots,
            free=self._slots - self._transport.runs,
        )

    def record(self, outcome: Outcome, now: float) -> None:
        """Count what *outcome* deleted."""
        self._guard.record(now, outcome.stats.deleted)
        self.forget(now)
        limit = self._guard.limit
        if limit is not None and _TOLD_OFTEN * (self.deleted - self._stored) > limit:
            # A daemon that is killed again and again may not begin at nothing each time.
            self._stored = self.deleted
            self._around.store_soon()
        if outcome.paths and self._question is not None:
            # What a run gives back is pending again, and nobody has reported it.
            self._tally.outdate()

    def forget(self, now: float) -> None:
        """Let go of what was deleted longer ago than the window is long."""
        self.deleted = self._guard.deleted(now)
        self._stored = min(self._stored, self.deleted)

    def remember(self, deleted: int, *, at: float) -> None:
        """Count what an earlier worker has *deleted*, at the latest *at*.

        Before the thread starts.
        """
        self._guard.record(at, deleted)
        self.deleted = self._stored = deleted

    def decide(self, outcome: Outcome, now: float) -> Reason | int | None:
        """Return what follows for a run that was stopped at its share.

        A reason: the target halts. A number: so many entries are granted to it. None: it has to
        wait for a census or for the runs beside it.
        """
        if not self._around.guard.had_entries:
            return self._empty_source()
        if not self._is_known:
            self._transport.take_census()
            return None
        more = outcome.to_delete
        if self._question is not None or not self._guard.allows(now, more):
            self._ask(now, more)
            return None
        return more if self._guard.allows(now, more + self._transport.reserved) else None

    def judge(self, census: Census) -> Reason | None:
        """Return why the target may be the wrong one; None and know it, if it is not."""
        total = census.strange + census.shared
        if census.strange < _LEAST_STRANGE or 2 * census.strange <= total:
            self._is_known = True
            return None
        return self._told(
            message=f"{self._target.name} holds {total} entries, and {census.strange} of them are"
            f" not in the source {self._around.source}: is it the right target?",
            remedy="Nothing was deleted. Look at what is there; if it is to become a copy of the"
            f" source, which deletes these entries: {self._command()}",
            entries=census.strange,
        )

    # A person is asked.

    @property
    def is_counting(self) -> bool:
        """Nothing may be started: it is counted what a person has to be told."""
        return self._question is not None and self._question.told is None

    def confirm(self) -> bool:
        """Take what is pending now for meant, once it is counted. For any thread.

        False: nobody was asked.
        """
        question = self._question
        if question is None or question.told is None or self._health.halt is not question.told:
            return False
        self._is_confirmed = True
        return True

    @property
    def asked(self) -> Asked | None:
        """What a person is asked, to outlive the daemon. For any thread."""
        question = self._question
        if question is None or question.told is None:
            return None
        known = question.stopped if question.entries is None else question.entries
        return Asked(
            reason=question.told,
            entries=known,
            deleted=question.deleted,
            follows=question.follows,
        )

    def recall(self, asked: Asked) -> None:
        """Go on asking what an earlier daemon has asked, unless the settings allow it now.

        Before the thread starts.
        """
        limit = self._guard.limit
        if limit is None or asked.entries + asked.deleted <= limit:
            return
        before, confirm = asked.reason.command, self._command()
        remedy = asked.reason.remedy.replace(before, confirm) if before else asked.reason.remedy
        # The state directory may have been moved meanwhile.
        reason = replace(asked.reason, remedy=remedy, command=confirm)
        self._question = _Question(
            told=reason,
            deleted=asked.deleted,
            stopped=asked.entries,
            entries=asked.entries if asked.follows else None,
            follows=asked.follows,
        )
        self._health.halt = reason
        log.error(
            "%s is still halted, as before: %s. %s",
            self._target.name, reason.message, reason.remedy,
        )  # fmt: skip

    def wants_to_count(self, now: float) -> bool:
        """Tell whether ``tend`` has something to do; the target must be open for it."""
        question = self._question
        if question is None or self._health.is_paused or self._health.root_halt is not None:
            return False
        if question.told is not None and self._health.halt is not question.told:
            # Somebody resumed without a confirmation, or it halts for another reason too.
            question.told = None
        if self._is_confirmed:
            return not self._tally.is_at_work
        if self._health.is_halted and not question.follows:
            return False
        if question.told is not None and self._around.rescan() is not None:
            # After a restart, what is pending may not be known yet.
            return False
        return self._tally.is_due(now, at_once=question.told is None)

    def tend(self, now: float) -> None:
        """Count what is pending, or go on with it if that was confirmed."""
        question = self._question
        if question is None:
            return
        if self._is_confirmed and question.entries is not None and self._tally.is_current:
            self._go_on(question.entries)
            return
        question.is_last = self._is_confirmed
        self._tally.begin(now)

    def owns(self, outcome: Outcome) -> bool:
        """Tell whether *outcome* has counted what a person is asked about."""
        return self._question is not None and self._tally.owns(outcome)

    def counted(self, outcome: Outcome, now: float) -> None:
        """Tell the number, or go on with it if it is confirmed already."""
        question = self._question
        entries = self._tally.counted(outcome, now)
        if question is None or self._tally.is_at_work:
            return
        if question.is_last:
            # Where it could not be counted again, nothing is known but what was told.
            known = question.entries if entries is None else entries
            self._go_on(question.stopped if known is None else known)
            return
        if entries == 0 and question.entries and question.told is not None:
            log.info("%s: nothing is to be deleted any more; it goes on", self._target.name)
            self._go_on(0)
            return
        question.entries = entries if entries is not None else question.entries
        if question.told is None or entries is not None:
            self._tell(question, max(entries or 0, 1 if entries else question.stopped))

    def rest(self) -> None:
        """Take note that everything is carried: what was confirmed and not needed is void."""
        self._guard.disallow()

    def _ask(self, now: float, stopped: int) -> None:
        """Begin to find out what a person is to be told; *stopped* is what one run would delete."""
        self._tally.outdate()
        if self._question is None:
            self._question = _Question(deleted=self._guard.deleted(now))
        self._question.stopped = max(self._question.stopped, stopped)

    def _tell(self, question: _Question, entries: int) -> None:
        reason = self._guard.reason(
            target=self._target.name,
            confirm=self._command(),
            entries=entries,
            deleted=question.deleted,
            written=self._around.written,
        )
        if question.told is None:
            question.told = reason
            self._health.stop(reason)
            self._around.store_soon()
        else:
            question.told = self._health.halt = reason

    def _told(self, *, message: str, remedy: str, entries: int) -> Reason:
        reason = Reason(message=message, remedy=remedy, command=self._command(), needs_confirm=True)
        self._question = _Question(told=reason, stopped=entries, follows=False)
        return reason

    def _go_on(self, entries: int) -> None:
        if self._is_confirmed:
            # A person knows the target now.
            self._is_known = True
            log.info("%s: confirmed: %d entries are to be deleted", self._target.name, entries)
        self._guard.allow(entries)
        self._question = None
        self._is_confirmed = False
        self._health.resume(confirm=True)
        # Else a daemon that is killed now asks again when it is back.
        self._around.store_soon()

    def _empty_source(self) -> Reason:
        source, target = self._around.source, self._target.name
        return self._told(
            message=f"the source {source} is empty, but its target {target} is not",
            remedy="Nothing was deleted. If a file system should be mounted at the source, mount"
            f" it and restart sersync; if the target is to be emptied: {self._command()}",
            entries=0,
        )

    def _command(self) -> str:
        around = self._around
        return resume_command(around.state_dir, around.source, self._target.name, confirm=True)
