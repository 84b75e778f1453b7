"""What failed: listed in a file, and tried again all together every so often."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from sersync.daemon.app import Daemon
from sersync.daemon.failure_log import FailureLog
from sersync.model.status import BatchReport

log: Final = logging.getLogger("sersync.daemon")

_LOOK_EVERY_S: Final = 1.0


class Failures:
    """Looks after what failed. The main thread owns it; ``note`` is for any."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._log = FailureLog()
        self._tried_at = self._looked_at = clock()

    def note(self, report: BatchReport) -> None:
        """Take note of the end of a run."""
        self._log.note(report)

    def turn(self, daemon: Daemon) -> None:
        """Write the list if it has changed, and try again what failed if that is due."""
        now = self._clock()
        if now - self._looked_at < _LOOK_EVERY_S:
            return
        self._looked_at = now
        settings = daemon.settings
        if settings.failure_log:
            self._log.show(settings, daemon.status())
        if settings.retry_failed_s and now - self._tried_at >= settings.retry_failed_s:
            self._tried_at = now
            retry_failed(daemon)


def retry_failed(daemon: Daemon) -> None:
    """Try again everything that failed, but for what waits for a person's word."""
    for worker in daemon.workers():
        status = worker.status()
        if status.reason is None and not status.problems:
            continue
        log.info("%s: what failed is tried again", worker.target.name)
        if not worker.is_paused:
            worker.retry()
        for problem in status.problems:
            worker.resync(problem.path)
