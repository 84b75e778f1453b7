"""Bounds the log: what is said again and again is counted, and the count is told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

_MOST: Final = 20
_WINDOW_S: Final = 60.0
_MOST_KINDS: Final = 1000


class Repeats(logging.Filter):
    """Lets through 20 messages of one kind within a minute; the next one after tells how many more.

    A kind is a message before its details are filled in. What is critical always passes. Time is
    that of the monotonic clock. For any thread: logging holds its handler's lock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether *record* is to be written."""
        if record.levelno >= logging.CRITICAL or record.levelno <= logging.DEBUG:
            return True
        now = self._clock()
        kind = f"{record.name}:{record.msg}"
        since, count = self._seen.get(kind, (now, 0))
        if now - since >= _WINDOW_S:
            if count > _MOST:
                record.msg = f"{record.getMessage()} (and {count - _MOST} more like this before)"
                record.args = ()
            since, count = now, 0
        if len(self._seen) >= _MOST_KINDS and kind not in self._seen:
            self._seen.clear()
        self._seen[kind] = (since, count + 1)
        return count < _MOST
