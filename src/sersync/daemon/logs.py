"""Logs for people: a time, a level, a sentence. Repeats are the business of those who log."""

from __future__ import annotations

import logging
from typing import Final, TextIO

from sersync.daemon.log_file import LogFile
from sersync.daemon.repeats import Repeats

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_TIME: Final = "%Y-%m-%d %H:%M:%S"


def configure(level: str, *, stream: TextIO) -> None:
    """Send everything of *level* ("debug", "info", "warning", "error") and above to *stream*."""
    _send(level, logging.StreamHandler(stream))


def configure_file(level: str, path: str) -> None:
    """Send everything of *level* and above to the file at *path*. Raises ``OSError``."""
    _send(level, LogFile(path))


def reopen() -> None:
    """Open the log file anew, if there is one: it was renamed."""
    for each in logging.getLogger("sersync").handlers:
        if isinstance(each, LogFile):
            each.reopen()


def _send(level: str, lines: logging.Handler) -> None:
    root = logging.getLogger("sersync")
    for old in list(root.handlers):
        root.removeHandler(old)
    lines.setFormatter(logging.Formatter(_FORMAT, _TIME))
    lines.addFilter(Repeats())
    root.addHandler(lines)
    root.setLevel(level.upper())
    root.propagate = False
