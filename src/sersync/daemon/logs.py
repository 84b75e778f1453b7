"""Where the log goes, and in which form; what is said again and again is counted."""

from __future__ import annotations

import logging
import os
from typing import TextIO

from sersync.daemon.log_file import LogFile
from sersync.daemon.log_lines import formatter
from sersync.daemon.repeats import Repeats


def configure(level: str, *, stream: TextIO, form: str = "text") -> None:
    """Send everything of *level* ("debug", "info", "warning", "error") and above to *stream*.

    *form* is ``text`` or ``json``.
    """
    _send(level, logging.StreamHandler(stream), formatter(form, stream, os.environ))


def configure_file(level: str, path: str) -> None:
    """Send everything of *level* and above to the file at *path*. Raises ``OSError``."""
    _send(level, LogFile(path), formatter("text", None, os.environ))


def reopen() -> None:
    """Open the log file anew, if there is one: it was renamed."""
    for each in logging.getLogger("sersync").handlers:
        if isinstance(each, LogFile):
            each.reopen()


def _send(level: str, lines: logging.Handler, form: logging.Formatter) -> None:
    root = logging.getLogger("sersync")
    for old in list(root.handlers):
        root.removeHandler(old)
    lines.setFormatter(form)
    lines.addFilter(Repeats())
    root.addHandler(lines)
    root.setLevel(level.upper())
    root.propagate = False
