"""A descriptor that becomes readable when another thread says so (eventfd(2))."""

from __future__ import annotations

import contextlib
import os


class Wake:
    """Set from any thread; watched and cleared by one."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        """Return the descriptor to watch for reading."""
        return self.fd

    def set(self) -> None:
        """Make the descriptor readable."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.eventfd_write(self.fd, 1)

    def clear(self) -> None:
        """Make the descriptor unreadable again."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.fd)

    def close(self) -> None:
        """Give the descriptor back. Nobody may use this object any more."""
        os.close(self.fd)
