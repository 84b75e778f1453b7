"""How a message becomes lines: for people, for programs, for the journal.

Messages speak of file names, and those may hold anything. So no message begins a line that it
does not own: control characters are escaped, and what follows a line break is indented.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TextIO

_TIME: Final = "%Y-%m-%d %H:%M:%S"
_CONTROLS: Final = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}
_PRIORITIES: Final = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
"""Of syslog(3), as sd-daemon(3) reads them at the beginning of a line."""


class TextLines(logging.Formatter):
    """``2026-03-01 12:00:00 WARNING web1: …``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", _TIME)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and more of them, indented, where there is a traceback."""
        return _tame(super().format(record))


class JournalLines(logging.Formatter):
    """``<4>web1: …``: the journal knows the time, and takes the number for the priority."""

    def __init__(self) -> None:
        super().__init__("%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines, each with its priority."""
        priority = next((each for level, each in _PRIORITIES if record.levelno >= level), 7)
        lines = _tame(super().format(record)).split("\n")
        return "\n".join(f"<{priority}>{line}" for line in lines)


class JsonLines(logging.Formatter):
    """One object a line: ``time`` (UTC), ``level``, ``logger``, ``thread``, ``message``.

    An ``exception`` follows where there is one, and ``kind``: the message before its details are
    filled in, to tell messages apart by.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the object."""
        at = datetime.fromtimestamp(record.created, UTC)
        document = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "kind": str(record.msg),
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        # Not one byte but ASCII: whatever a name holds, it is one line of JSON.
        return json.dumps(document)


def formatter(form: str, stream: TextIO | None, environ: Mapping[str, str]) -> logging.Formatter:
    """Return what writes *form*, ``text`` or ``json``; text for the journal where that listens."""
    if form == "json":
        return JsonLines()
    return JournalLines() if stream is not None and _is_journal(stream, environ) else TextLines()


def _is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether *stream* leads to the journal (systemd.exec(5), ``$JOURNAL_STREAM``)."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        seen = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(seen.st_dev), str(seen.st_ino))


def _tame(text: str) -> str:
    """Return *text* in which every line but the first is indented, and nothing moves a cursor."""
    return text.translate(_CONTROLS).replace("\n", "\n    ")
