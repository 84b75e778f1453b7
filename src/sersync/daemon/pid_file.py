"""The file with the process id, for scripts that look for one. The lock is elsewhere."""

from __future__ import annotations

import contextlib
import logging
import os

log = logging.getLogger("sersync.daemon")


class PidFile:
    """Holds this process's id while it runs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_ours = False

    def write(self) -> None:
        """Write the file as a whole. One that cannot be written is no reason not to run."""
        beside = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o755, exist_ok=True)
            with open(beside, "w", encoding="ascii") as file:
                file.write(f"{os.getpid()}\n")
            os.rename(beside, self._path)
        except OSError as error:
            log.warning("the file %s cannot be written: %s", self._path, error.strerror)
        else:
            self._is_ours = True

    def remove(self) -> None:
        """Remove the file if this process wrote it."""
        if self._is_ours:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
