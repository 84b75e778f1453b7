"""A service manager's end of the notify socket (sd_notify(3))."""

from __future__ import annotations

import select
import socket
import time

from tests.support.trees import wait_until


class NotifySocket:
    """What systemd listens at."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """Return all lines that have come so far."""
        while True:
            try:
                self.heard += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.heard

    def await_line(self, line: str, times: int = 1) -> None:
        """Wait until *line* has come so often."""
        wait_until(
            lambda: self.listen().count(line) >= times, 20.0, lambda: f"{line}: {self.heard}"
        )

    def hears(self, line: str, *, within_s: float) -> bool:
        """Tell whether *line* comes from now on, at the latest after so many seconds."""
        known = self.listen().count(line)
        deadline = time.monotonic() + within_s
        while (left_s := deadline - time.monotonic()) > 0:
            select.select([self._socket], [], [], left_s)
            if self.listen().count(line) > known:
                return True
        return False

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
