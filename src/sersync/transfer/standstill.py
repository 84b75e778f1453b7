"""Ends runs that move nothing. rsync's own time-out misses a receiver that hangs."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import Final

from sersync.transfer.active import Active

LOOK_EVERY_S: Final = 5.0
_STANDING_STILL_BYTES: Final = 4096
"""Less than this in one look is keepalives, no progress."""


class Standstill:
    """Looks at the active runs now and then. Owned by the worker's thread."""

    def __init__(self) -> None:
        self._looked_at = 0.0

    def look(self, active: Iterable[Active], now: float) -> None:
        """End those that stood still for longer than their patience.

        Also those that opened a FIFO, which was a file when rsync listed it: that never ends. One
        that was asked to end, and still is there at the next look, is killed.
        """
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        for each in active:
            if each.stalled:
                # Asked to end, rsync first says so to its peer; one that hangs does not listen.
                each.child.signal(signal.SIGKILL)
                continue
            moved = each.child.io_bytes()
            if moved - each.moved_bytes > _STANDING_STILL_BYTES:
                each.moved_bytes, each.moved_at = moved, now
            elif now - each.moved_at > each.patience_s or each.child.waits_for_fifo():
                each.stalled = True
                each.child.terminate()
