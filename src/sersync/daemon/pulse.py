"""The engine's clock, which remembers when each thread last looked at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable


class Pulse:
    """Seconds that never jump, for all threads; each look is a sign of life of its thread.

    Every loop of the engine asks for the time in every round, so nothing else has to be told.
    """

    def __init__(self) -> None:
        self._looked_at: dict[int, float] = {}

    def monotonic(self) -> float:
        """Return the time in seconds, and note that the calling thread has asked."""
        now = time.monotonic()
        self._looked_at[threading.get_ident()] = now
        return now

    def wall(self) -> float:
        """Return the time by the calendar, which somebody may set at any moment."""
        return time.time()

    def last(self, thread: threading.Thread) -> float | None:
        """Return when *thread* asked last, if it ever did."""
        return None if thread.ident is None else self._looked_at.get(thread.ident)

    def forget_all_but(self, threads: Iterable[threading.Thread]) -> None:
        """Forget threads that have ended; their numbers are given to new ones."""
        alive = {thread.ident for thread in threads}
        for ident in [ident for ident in tuple(self._looked_at) if ident not in alive]:
            self._looked_at.pop(ident, None)
