"""Threads: started, watched, joined. The only place that catches everything.

An exception that nobody expected ends one thread, is logged with its traceback, and ends the
daemon: a replica that silently stops is worse than a service that is restarted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("sersync.supervisor")


class Supervisor:
    """The threads of one daemon."""

    def __init__(self, on_crash: Callable[[str], None]) -> None:
        self._on_crash = on_crash
        self._threads: dict[str, threading.Thread] = {}

    def start(self, name: str, work: Callable[[], None], *, awaited: bool = True) -> None:
        """Run *work* in a thread called *name*; one that is not *awaited* may end with us."""
        thread = threading.Thread(
            target=self._guarded, args=(name, work), name=name, daemon=not awaited
        )
        self._threads[name] = thread
        thread.start()

    def join(self, name: str, timeout_s: float | None = None) -> None:
        """Wait until the thread called *name* has ended."""
        thread = self._threads.pop(name, None)
        if thread is not None:
            thread.join(timeout_s)

    def threads(self) -> list[threading.Thread]:
        """Return the awaited threads that were started and not joined. For any thread."""
        return [thread for thread in tuple(self._threads.values()) if not thread.daemon]

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.critical("the thread %s ended by a defect of sersync", name, exc_info=True)
            self._on_crash(name)
