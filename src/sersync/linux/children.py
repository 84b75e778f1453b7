"""Waits for several children and for a wake-up at once. Owned by one thread."""

from __future__ import annotations

import selectors

from sersync.linux.child import Child
from sersync.linux.roll import Roll
from sersync.linux.wake import Wake


class Children:
    """The children of one thread, read and reaped as they go."""

    def __init__(self, wake: Wake, roll: Roll | None = None) -> None:
        """*roll*: where the children are written down."""
        self._wake = wake
        self._roll = roll
        self._selector = selectors.DefaultSelector()
        self._selector.register(wake, selectors.EVENT_READ, None)
        self._watched: dict[Child, set[int]] = {}

    def __len__(self) -> int:
        return len(self._watched)

    def add(self, child: Child) -> None:
        """Take care of *child* from now on."""
        if self._roll is not None:
            self._roll.add(child)
        fds = {child.pidfd, *child.output_fds}
        for fd in fds:
            self._selector.register(fd, selectors.EVENT_READ, child)
        self._watched[child] = fds

    def feed(self, child: Child, content: bytes) -> None:
        """Give *content* to *child* as its whole standard input, now or as it reads."""
        child.feed(content)
        if not child.flush():
            self._selector.register(child.stdin_fd, selectors.EVENT_WRITE, child)
            self._watched[child].add(child.stdin_fd)

    def wait(self, timeout_s: float) -> list[tuple[Child, int]]:
        """Wait for the end of a child, a wake-up or the timeout; return who ended, and how.

        A child that ended is closed and no longer ours.
        """
        ended: list[tuple[Child, int]] = []
        for key, events in self._selector.select(max(0.0, timeout_s)):
            child: Child | None = key.data
            if child is None:
                self._wake.clear()
            elif child not in self._watched:
                continue
            elif events & selectors.EVENT_WRITE:
                if child.flush():
                    self._forget(child, key.fd)
            elif key.fd != child.pidfd:
                if not child.drain(key.fd):
                    self._forget(child, key.fd)
            elif (code := child.ended()) is not None:
                self.remove(child)
                child.close()
                ended.append((child, code))
        return ended

    def remove(self, child: Child) -> None:
        """Take no more care of *child*; its owner ends and closes it."""
        for fd in self._watched.pop(child, set()):
            self._selector.unregister(fd)
        if self._roll is not None:
            self._roll.remove(child)

    def kill(self, child: Child) -> None:
        """End *child* now, and wait for it."""
        self.remove(child)
        child.kill()

    def close(self) -> None:
        """End all children and give everything back."""
        for child in list(self._watched):
            self.kill(child)
        self._selector.close()

    def _forget(self, child: Child, fd: int) -> None:
        self._selector.unregister(fd)
        self._watched[child].discard(fd)
