"""Which threads of the engine are stuck, judged from outside of them."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sersync.daemon.pulse import Pulse
from sersync.linux.threads import context_switches

_LONGEST_SILENCE_S: Final = 3600.0


@dataclass(slots=True)
class _Seen:
    """What was seen of one thread: how often it was switched, and when that last changed."""

    switches: int
    moved_at: float


class Liveness:
    """Watches *threads* by their pulse and by what the kernel counts. For one thread.

    A thread is stuck when for *allowance_s* it has neither looked at the clock nor been
    scheduled: it waits for a lock that nobody gives back, or for a disk that is gone. One that is
    busy without ever looking at the clock is given an hour: a slow disk is no defect.
    """

    def __init__(
        self,
        pulse: Pulse,
        threads: Callable[[], Iterable[threading.Thread]],
        *,
        allowance_s: float,
        switches: Callable[[int], int] = context_switches,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pulse = pulse
        self._threads = threads
        self._allowance_s = allowance_s
        self._switches = switches
        self._clock = clock
        self._seen: dict[threading.Thread, _Seen] = {}

    def stuck(self) -> list[threading.Thread]:
        """Return the threads that are stuck now."""
        now = self._clock()
        threads = [thread for thread in self._threads() if thread.is_alive()]
        self._pulse.forget_all_but(threading.enumerate())
        self._seen = {thread: self._look(thread, now) for thread in threads}
        return [thread for thread in threads if self._is_stuck(thread, now)]

    def _look(self, thread: threading.Thread, now: float) -> _Seen:
        switches = self._switches(thread.native_id or 0)
        before = self._seen.get(thread)
        if before is None or before.switches != switches:
            return _Seen(switches, now)
        return before

    def _is_stuck(self, thread: threading.Thread, now: float) -> bool:
        looked_at = self._pulse.last(thread)
        moved_at = self._seen[thread].moved_at
        silent_s = now - max(moved_at, looked_at or moved_at)
        unheard_s = now - looked_at if looked_at is not None else 0.0
        return silent_s > self._allowance_s or unheard_s > max(
            _LONGEST_SILENCE_S, self._allowance_s
        )


def where(thread: threading.Thread) -> str:
    """Return where *thread* is in its program now, as a traceback without an error."""
    frame = sys._current_frames().get(thread.ident or 0)
    return "".join(traceback.format_stack(frame)) if frame is not None else ""
