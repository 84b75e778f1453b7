"""How long changes gather before they are carried: idle not at all, busy for a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sersync.model.target import Target
from sersync.replication.ports import Transport

_BUSY_FOR_S: Final = 0.050


class Gathering:
    """Idle, a change goes at once; busy, changes gather and go together. The worker's thread's."""

    def __init__(
        self, target: Target, transport: Transport, is_due: Callable[[float], bool]
    ) -> None:
        """*is_due* tells whether something waits to be carried now."""
        self._target = target
        self._transport = transport
        self._is_due = is_due
        self._last_start = float("-inf")
        self._since: float | None = None
        self._is_in_a_hurry = False

    def hurry(self) -> None:
        """Let what has gathered go at once. For any thread."""
        self._is_in_a_hurry = True

    def started(self, now: float) -> None:
        """Take note that runs were started."""
        self._last_start = now

    def ended(self) -> None:
        """Take note that what has gathered goes now."""
        self._since = None
        self._is_in_a_hurry = False

    def ready_at(self, now: float) -> float:
        """Return when the next runs may start; 0.0 is at once."""
        if self._transport.runs or now - self._last_start < _BUSY_FOR_S:
            return max(self._last_start + self._target.settle_busy_s, self._transport.ready_at)
        if not self._target.settle_idle_s or self._is_in_a_hurry or not self._is_due(now):
            return 0.0
        if self._since is None:
            self._since = now
        return self._since + self._target.settle_idle_s
