"""The kernel's queue of events: opened long enough, waited for, read to its end."""

from __future__ import annotations

import math
import os
import select
import time
from collections.abc import Iterator
from typing import Final

from sersync.errors import EnvironmentMissing
from sersync.linux.inotify import open_queue
from sersync.linux.limits import Limit, raise_limit, read_limit
from sersync.linux.wake import Wake
from sersync.watch.pace import Pace

EVENTS_WANTED: Final = 1 << 20
"""About five seconds of the fastest writer; 72 bytes each in the kernel while unread."""
_BUFFER_BYTES: Final = 64 << 10
"""Below what malloc(3) would map and unmap for each read; larger ones read no faster."""
_LARGEST_RECORD_BYTES: Final = 16 + 256
_MOST_BUFFERS: Final = 1024
"""In one go: under a writer who is faster than we are, reports must come out all the same."""


class EventQueue:
    """One inotify queue. Owned by the watcher's thread, but for ``wake``."""

    def __init__(self, settle_busy_s: float) -> None:
        self.fd = -1
        self.is_drained = True
        """Whether the last ``chunks`` came to the queue's end."""
        self._wake = Wake()
        self._pace = Pace(settle_busy_s)
        self._poll = select.poll()
        self._poll.register(self._wake.fd, select.POLLIN)

    def open(self, *, raise_limits: bool) -> str:
        """Open the queue, a new one if it is open; return what became of its length, or "".

        The kernel's limit on the length holds for queues that are opened after it was raised.
        Raises ``EnvironmentMissing`` when the kernel has no queue left for this user.
        """
        self.leave()
        note = ""
        if raise_limits:
            raised = raise_limit(Limit.QUEUED_EVENTS, EVENTS_WANTED)
            note = str(raised) if raised.before < raised.wanted else ""
        try:
            self.fd = open_queue()
        except OSError as error:
            limit = read_limit(Limit.INSTANCES)
            raise EnvironmentMissing(
                f"the kernel gives no inotify queue: {error.strerror}",
                hint=f"a user may have {limit} of them: {Limit.INSTANCES.command(2 * limit)}",
            ) from error
        self._poll.register(self.fd, select.POLLIN)
        return note

    def wait(self, until: float | None) -> bool:
        """Wait for events, for ``wake``, or *until* that moment; tell whether it was ``wake``.

        *until* is of the monotonic clock; None is for ever. While many events come, some more
        are let to gather.
        """
        ready = {fd for fd, _ in self._poll.poll(_milliseconds(until))}
        if self.fd in ready:
            self._settle()
        if self._wake.fd not in ready:
            return False
        self._wake.clear()
        return True

    def _settle(self) -> None:
        pause_s = self._pace.pause_s(time.monotonic())
        if pause_s > 0:  # a sleep of nothing takes 0.1 ms
            time.sleep(pause_s)

    def chunks(self) -> Iterator[bytes]:
        """Yield what is queued, as it was read, until there is no more."""
        self.is_drained = self.fd < 0
        length_bytes = 0
        for _ in range(_MOST_BUFFERS):
            if self.is_drained:
                break
            try:
                records = os.read(self.fd, _BUFFER_BYTES)
            except BlockingIOError:
                records = b""
            self.is_drained = len(records) < _BUFFER_BYTES - _LARGEST_RECORD_BYTES
            length_bytes += len(records)
            yield records
        self._pace.count(length_bytes, time.monotonic())

    def wake(self) -> None:
        """Let a waiting ``wait`` return. For any thread."""
        self._wake.set()

    def leave(self) -> None:
        """Give the queue and its watches back to the kernel; ``wake`` still works."""
        if self.fd >= 0:
            self._poll.unregister(self.fd)
            os.close(self.fd)
            self.fd = -1

    def close(self) -> None:
        """Give everything back. Nobody may use this object any more, nor ``wake`` it."""
        self.leave()
        self._wake.close()


def _milliseconds(until: float | None) -> int | None:
    """Return what is left for poll(2), rounded up so that nobody spins before the moment."""
    if until is None:
        return None
    return max(0, math.ceil((until - time.monotonic()) * 1000))
