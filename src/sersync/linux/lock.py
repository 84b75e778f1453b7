"""One instance a directory: an exclusive lock that ends with the process (flock(2))."""

from __future__ import annotations

import fcntl
import os


class DirectoryLock:
    """Holds a directory for one process. Raises ``BlockingIOError`` when another one has it."""

    def __init__(self, directory: str) -> None:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self._fd = os.open(f"{directory}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise
        os.ftruncate(self._fd, 0)
        os.write(self._fd, b"%d\n" % os.getpid())

    def release(self) -> None:
        """Let go of the directory."""
        os.close(self._fd)


def holder(directory: str) -> str:
    """Return the process id in the lock of *directory*, or an empty string."""
    try:
        with open(f"{directory}/lock", encoding="ascii") as lock:
            return lock.read().strip()
    except OSError:
        return ""
