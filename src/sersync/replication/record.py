"""What one target must not forget: told to each checkpoint, recalled at a start."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from sersync.model.basis import basis_of
from sersync.model.batch import Outcome, Verdict
from sersync.model.checkpoint import (
    Held,
    Kept,
    KeptTarget,
    TargetChanges,
    TargetMemory,
    UnfinishedPass,
)
from sersync.model.dirty import DirtyPath
from sersync.model.path import ROOT
from sersync.model.target import Target
from sersync.replication.mailbox import Mailbox
from sersync.replication.passes import Passes
from sersync.replication.policy import Unconfirmed

CONNECTION_LOST: Final = frozenset({10, 12, 30, 35, 255})
"""Exit codes of an rsync whose target went away (rsync(1), "EXIT VALUES")."""
_OLD_RUNS_END_WITHIN_S: Final = 30.0
"""How long a run of a daemon that was killed is expected to be still at work on a target."""
_NEVER: Final = float("inf")


class _Told(NamedTuple):
    """What the last checkpoint was told."""

    cursor: int
    passes: tuple[UnfinishedPass, ...]
    offers: int
    settled: int
    bucket: int
    held: Held | None


_NOTHING_TOLD: Final = _Told(cursor=-1, passes=(), offers=-1, settled=-1, bucket=0, held=None)


class Record:
    """The lasting side of one worker.

    The worker's thread holds ``step`` while it moves paths from one place to another, so that
    whoever else holds it sees each of them in at least one. ``changes`` and ``forget_changes``
    are for one thread at a time, that of the checkpoints.
    """

    def __init__(
        self,
        target: Target,
        *,
        mailbox: Mailbox,
        unconfirmed: Unconfirmed,
        passes: Passes,
        held: Callable[[], Held] = Held,
    ) -> None:
        """*held* tells what holds the target up."""
        self.name: Final = target.name
        self.basis: Final = basis_of(target)
        self.step: Final = threading.Lock()
        self.is_trusted = False
        """The state was restored, and rests on the same basis: what it says holds."""
        self.is_compared = False
        """An earlier worker has compared everything, on the same basis: it is the right target."""
        self._is_baseline = target.baseline
        self._compares_at_start = target.compares_at_start
        self._mailbox = mailbox
        self._unconfirmed = unconfirmed
        self._passes = passes
        self.held: Final = held
        self._doubt_at = _NEVER
        self._told = _NOTHING_TOLD

    def recall(self, kept: Kept, target: KeptTarget, *, now: float) -> None:
        """Go on from what was *kept*, which rests on our basis. Before the thread starts.

        Runs that were under way when it was stored are not confirmed. And one that the target
        has not noticed the end of may put old bytes over what is carried next: after an end
        without a stop, what is carried first is not confirmed either.
        """
        self.is_trusted = True
        unfinished = target.memory.passes
        is_over = all(each.subtree != ROOT for each in unfinished)
        self.is_compared = is_over and not self._is_baseline
        # What was missed meanwhile is found by the manifest.
        self._passes.wanted()
        if not self._compares_at_start:
            self._passes.scheduled()
        for each in unfinished:
            self._passes.want(each.subtree, unheard_since=each.unheard_since)
        self._unconfirmed.restore(target.memory.offers, target.settled)
        # With the machine itself, the target may have gone down.
        had_power = kept.was_clean or kept.same_boot
        flying = [each.path for each in target.waiting if each.is_flying]
        if flying or not had_power:
            self._unconfirmed.lost(flying, now, with_settled=not had_power)
        if not kept.was_clean:
            self._doubt_at = now + _OLD_RUNS_END_WITHIN_S

    def doubt(self, now: float) -> None:
        """Take what was carried since the start for unconfirmed, once, if ``recall`` says so."""
        if now >= self._doubt_at:
            self._doubt_at = _NEVER
            self._unconfirmed.lost((), now)

    def succeed(self, other: Record, *, now: float) -> None:
        """Go on from where *other* was, a worker of the same target and basis that has ended."""
        self.is_trusted = other.is_trusted
        self._passes.wanted()
        self._passes.scheduled()
        self._passes.completed = other._passes.completed
        self.is_compared = other.is_compared or other._passes.completed > 0
        for each in other._passes.to_keep():
            self._passes.want(each.subtree, unheard_since=each.unheard_since)
        _, settled = other._unconfirmed.settled()
        self._unconfirmed.restore(other._unconfirmed.offers(), settled)
        self._doubt_at = other._doubt_at
        if flying := self._mailbox.ground(self.name):
            self._unconfirmed.lost(flying, now, with_settled=False)
        self.forget_changes()

    def note(self, outcome: Outcome, live: Iterable[DirtyPath], now: float) -> None:
        """Note what *outcome* makes unconfirmed, or that its *live* paths were just settled."""
        if outcome.unconfirmed:
            self._unconfirmed.lost(outcome.paths, now)
        elif outcome.exit_code in CONNECTION_LOST:
            # It may have lost power, and with it what it took just before.
            self._unconfirmed.lost((), now)
        elif outcome.verdict in (Verdict.DONE, Verdict.PARTIAL):
            self._unconfirmed.remember_settled(live, now)

    def changes(self) -> TargetChanges | None:
        """Return what changed since the last call; None: the target has left."""
        with self.step:
            told = self._mailbox.target_changes(self.name)
            if told is None:
                return None
            cursor, waiting, gone, is_whole = told
            before = _NOTHING_TOLD if is_whole else self._told
            now = _Told(
                cursor=cursor,
                passes=self._passes.to_keep(),
                offers=self._unconfirmed.offers_changed,
                settled=self._unconfirmed.settled_changed,
                bucket=before.bucket,
                held=self.held(),
            )
            memory = None
            if (now.passes, now.offers) != (before.passes, before.offers):
                memory = TargetMemory(passes=now.passes, offers=self._unconfirmed.offers())
            first, buckets = self._unconfirmed.settled(since=before.bucket)
            self._told = now._replace(bucket=buckets[-1].number if buckets else first)
        return TargetChanges(
            name=self.name,
            basis=self.basis,
            cursor=cursor,
            waiting=waiting,
            gone=gone,
            memory=memory,
            held=now.held if now.held != before.held else None,
            settled=buckets if now.settled != before.settled else (),
            settled_from=first,
            is_whole=is_whole,
            is_news=bool(waiting or gone) or now != before,
        )

    def forget_changes(self) -> None:
        """Let the next ``changes`` tell everything: what was told last was not stored."""
        self._mailbox.forget_changes(self.name)
