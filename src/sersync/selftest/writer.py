"""Somebody who writes files all the time, at a pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sersync.selftest.until import wait_until

_PATIENCE_S = 120.0
_MOST_LATE_S = 1.0


class Writer:
    """Writes files at a pace, in a thread of its own, until told to stop."""

    def __init__(self, root: Path, *, per_s: float = 500.0, most: int = 100_000) -> None:
        self._root = root
        self._pause_s = 1.0 / per_s
        self._most = most
        self._is_over = threading.Event()
        self.written = 0
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)

    @contextmanager
    def at_work(self) -> Iterator[Writer]:
        """Write for as long as the ``with`` lasts."""
        self._thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            self._thread.join()

    def wait_for(self, files: int) -> None:
        """Wait until so many files were written."""
        wait_until(
            lambda: self.written >= files, f"{files} files are written", within_s=_PATIENCE_S
        )

    def _write(self) -> None:
        due_s = time.monotonic()
        while not self._is_over.is_set() and self.written < self._most:
            number = self.written
            directory = self._root / f"burst{number % 13}"
            directory.mkdir(exist_ok=True)
            path = directory / f"file-{number % 397}"
            if number % 7 == 6:
                path.unlink(missing_ok=True)
            else:
                path.write_text(f"{number} " * (number % 60))
            self.written += 1
            # By the clock, so that what the writing takes does not slow the pace; what was missed
            # for long, as on a machine that stood still, is not made up for.
            due_s = max(due_s + self._pause_s, time.monotonic() - _MOST_LATE_S)
            time.sleep(max(0.0, due_s - time.monotonic()))
