"""When a reader of events should let them gather, and when not. Pure."""

from __future__ import annotations

import math
from typing import Final

_MEMORY_S: Final = 0.05
_BUSY_BYTES: Final = 100 * 32
"""A hundred short events within the memory: 2,000 in a second."""
_MOST_BYTES: Final = 2 * _BUSY_BYTES
"""What is remembered at most, so that the largest burst is forgotten in 35 ms."""


class Pace:
    """A memory of how much came of late. Owned by the watcher's thread.

    One lonely event is read at once, even when it follows another closely (a file's creation
    and its closing do); many of them are cheaper read together. Times are seconds of the
    monotonic clock.
    """

    def __init__(self, settle_busy_s: float) -> None:
        self._settle_busy_s = settle_busy_s
        self._recent_bytes = 0.0
        self._counted_at = 0.0

    def count(self, length_bytes: int, now: float) -> None:
        """Add what was read at *now*."""
        self._recent_bytes = min(self._remembered(now) + length_bytes, _MOST_BYTES)
        self._counted_at = now

    def pause_s(self, now: float) -> float:
        """Return how long to let events gather: 0.0 unless many of them come."""
        return self._settle_busy_s if self._remembered(now) >= _BUSY_BYTES else 0.0

    def _remembered(self, now: float) -> float:
        return self._recent_bytes * math.exp((self._counted_at - now) / _MEMORY_S)
