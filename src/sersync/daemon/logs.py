"""Logs for people: a time, a level, a sentence. Repeats are the business of those who log."""

from __future__ import annotations

import logging
from typing import Final, TextIO

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_TIME: Final = "%Y-%m-%d %H:%M:%S"


def configure(level: str, *, stream: TextIO) -> None:
    """Send everything of *level* ("debug", "info", "warning", "error") and above to *stream*."""
    root = logging.getLogger("sersync")
    for old in list(root.handlers):
        root.removeHandler(old)
    lines = logging.StreamHandler(stream)
    lines.setFormatter(logging.Formatter(_FORMAT, _TIME))
    root.addHandler(lines)
    root.setLevel(level.upper())
    root.propagate = False
