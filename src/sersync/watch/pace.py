"""When a reader of events should let them gather, and when not."""

from __future__ import annotations

import math
import time
from typing import Final

_MEMORY_S: Final = 0.05
_BUSY_BYTES: Final = 100 * 32
"""A hundred events within the memory: 2,000 in a second."""
_MOST_BYTES: Final = 2 * _BUSY_BYTES
"""What is remembered at most, so that the largest burst is forgotten in 35 ms."""


class Pace:
    """A memory of how much came of late. Owned by the watcher's thread.

    One lonely event is read at once, even when it follows another closely (a file's creation
    and its closing do); many of them are cheaper read together.
    """

    def __init__(self, settle_busy_s: float) -> None:
        self._settle_busy_s = settle_busy_s
        self._recent_bytes = 0.0
        self._counted_at = 0.0

    def count(self, length_bytes: int) -> None:
        """Add what was just read."""
        now = time.monotonic()
        self._recent_bytes *= math.exp((self._counted_at - now) / _MEMORY_S)
        self._recent_bytes = min(self._recent_bytes + length_bytes, _MOST_BYTES)
        self._counted_at = now

    def settle(self) -> None:
        """Let events gather while many of them come."""
        if self._settle_busy_s <= 0:
            return
        idle_s = time.monotonic() - self._counted_at
        if self._recent_bytes * math.exp(-idle_s / _MEMORY_S) >= _BUSY_BYTES:
            time.sleep(self._settle_busy_s)
