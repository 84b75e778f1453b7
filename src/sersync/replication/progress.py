"""What a worker shows of itself: plain values, written by its thread and read by any."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

from sersync.model.batch import Outcome, Verdict
from sersync.model.status import PassProgress, TargetState, TargetStatus
from sersync.replication.full_pass import FullPass
from sersync.replication.health import Health
from sersync.replication.quarantine import Quarantine

_RATE_OVER_S: Final = 10.0


class Progress:
    """The visible side of one worker. Every value is replaced as a whole, so reading is safe."""

    def __init__(self, *, now: float) -> None:
        self.state = TargetState.STARTING
        self.since = now
        self.full_passes = 0
        self.is_compared = False
        self.unconfirmed = 0
        self.notes: tuple[str, ...] = ()
        self.current_pass: FullPass | None = None
        self._batches = 0
        self._files = 0
        self._sent_bytes = 0
        self._last_success: float | None = None
        self._recent: deque[tuple[float, int, int]] = deque()
        self.quarantine = Quarantine()

    def enter(self, state: TargetState, now: float) -> None:
        """Note that the target is in *state* now."""
        if state is not self.state:
            self.state, self.since = state, now

    def carried(self, outcome: Outcome, now: float) -> None:
        """Count what *outcome* brought to the target."""
        if not outcome.kind:
            return
        self._batches += 1
        self._files += outcome.stats.files
        self._sent_bytes += outcome.stats.sent_bytes
        if outcome.verdict is Verdict.DONE:
            self._last_success = now
        self._recent.append((now, outcome.stats.files, outcome.stats.sent_bytes))
        while self._recent and now - self._recent[0][0] > _RATE_OVER_S:
            self._recent.popleft()

    def status(
        self,
        empty: TargetStatus,
        health: Health,
        now: float,
        *,
        entries_total: int,
        bytes_total: int,
        bytes_moving: int = 0,
        rescan: PassProgress | None = None,
    ) -> TargetStatus:
        """Return *empty* (names and numbers of others) completed by what is known here."""
        problems = self.quarantine.shown(now)
        recent = [each for each in tuple(self._recent) if now - each[0] <= _RATE_OVER_S]
        current = self.current_pass
        is_waiting = bool(health.retry_at) and not health.is_halted
        return replace(
            empty,
            since_s=now - self.since,
            unconfirmed=self.unconfirmed,
            batches=self._batches,
            full_passes=self.full_passes,
            compared=self.is_compared,
            files=self._files,
            sent_bytes=self._sent_bytes,
            files_per_s=sum(files for _, files, _ in recent) / _RATE_OVER_S,
            bytes_per_s=sum(sent for _, _, sent in recent) / _RATE_OVER_S,
            consecutive_failures=health.failures,
            retry_in_s=max(0.0, health.retry_at - now) if is_waiting else None,
            last_success_s_ago=None if self._last_success is None else now - self._last_success,
            reason=health.halt or health.root_halt or health.reason,
            problems=problems,
            problems_omitted=max(0, len(self.quarantine) - len(problems)),
            quarantined=self.quarantine.quarantined,
            progress=current.progress(
                now,
                entries_total=entries_total,
                bytes_total=bytes_total,
                bytes_moving=bytes_moving,
            )
            if current is not None and not current.subtree
            else rescan,
        )
