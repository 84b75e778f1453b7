"""What may be deleted on one target: shares for its runs, counts, and the halt before harm.

Every run gets a share, and all shares together never exceed what is left of the limit; so the
limit holds however many runs there are. A run that would delete more is stopped by rsync at its
share. What it still wants to delete is then counted by a dry run, and either granted or a person
is asked. A target that is not known yet gets no share at all: before the first deletion there, it
is counted how much of it the source does not hold.
"""

from __future__ import annotations

import shlex
from typing import Final

from sersync.model.batch import Census, Outcome, Reason
from sersync.model.target import Target
from sersync.replication.policy import DeletionGuard
from sersync.replication.ports import Transport
from sersync.replication.surroundings import Surroundings

MAX_DELETE_EXIT: Final = 25
_LEAST_STRANGE: Final = 100
"""Fewer entries than this that are not in the source prove nothing about a target."""


class Deletions:
    """Guards the deletions on one target. ``confirm`` is for any thread, all else the worker's."""

    def __init__(self, target: Target, transport: Transport, around: Surroundings) -> None:
        self._target = target
        self._transport = transport
        self._around = around
        self._guard = DeletionGuard(limit=target.max_delete)
        self._slots = (1 if target.bandwidth_kib_s else target.parallel) + 1
        self._is_known = self._guard.limit is None or target.baseline
        self._warned_of = 0
        self._confirmed = 0

    def know(self) -> None:
        """Take note that everything was compared: the target is the right one."""
        self._is_known = True

    def share(self, now: float, *, granted: int = 0) -> int | None:
        """Return how many entries each run may delete that starts now; None is no limit.

        *granted*: what one of them is allowed besides.
        """
        credit, self._confirmed = self._confirmed, 0
        self._guard.allow(credit)
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
        if not self._guard.allows(now, more):
            self._warned_of = more
            return self._guard.reason(
                now, target=self._target.name, confirm=self._command(), stopped=more
            )
        return more if self._guard.allows(now, more + self._transport.reserved) else None

    def judge(self, census: Census) -> Reason | None:
        """Return why the target may be the wrong one; None and know it, if it is not."""
        total = census.strange + census.shared
        if census.strange < _LEAST_STRANGE or 2 * census.strange <= total:
            self._is_known = True
            return None
        self._warned_of = census.strange
        return Reason(
            message=f"{self._target.name} holds {total} entries, and {census.strange} of them are"
            f" not in the source {self._around.source}: is it the right target?",
            remedy="Nothing was deleted. Look at what is there; if it is to become a copy of the"
            f" source, which deletes these entries: {self._command()}",
            needs_confirm=True,
        )

    def confirm(self) -> None:
        """Take what was last warned of for meant. For any thread."""
        self._is_known = True
        self._confirmed, self._warned_of = self._warned_of, 0

    def _empty_source(self) -> Reason:
        source, target = self._around.source, self._target.name
        return Reason(
            message=f"the source {source} is empty, but its target {target} is not",
            remedy="Nothing was deleted. If a file system should be mounted at the source, mount"
            f" it and restart sersync; if the target is to be emptied: {self._command()}",
            needs_confirm=True,
        )

    def _command(self) -> str:
        source, target = shlex.quote(self._around.source), shlex.quote(self._target.name)
        return f"sersync resume --confirm --source {source} --target {target}"
