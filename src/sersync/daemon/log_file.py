"""A log file that others may rename, and that never grows beyond a bound."""

from __future__ import annotations

import logging
import os
from logging.handlers import WatchedFileHandler
from typing import Final

MOST_BYTES: Final = 20 << 20
"""The file and the one before it take twice as much at most."""


class LogFile(WatchedFileHandler):
    """Appends to the file at *path*; a file that was renamed or removed is begun anew.

    At *most_bytes* the file is renamed to ``NAME.1``, in place of the one before.
    """

    def __init__(self, path: str, *, most_bytes: int = MOST_BYTES) -> None:
        os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
        self._most_bytes = most_bytes
        super().__init__(path, encoding="utf-8", errors="backslashreplace")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        super().emit(record)
        if self.stream is not None and self.stream.tell() >= self._most_bytes:
            self._turn_over()

    def reopen(self) -> None:
        """Close the file and open what has its name now. For any thread."""
        self.acquire()
        try:
            self.close()
            self.stream = self._open()
            self._statstream()
        finally:
            self.release()

    def _turn_over(self) -> None:
        self.close()
        os.replace(self.baseFilename, f"{self.baseFilename}.1")
        self.stream = self._open()
        self._statstream()
