"""Tells a service manager how we are (sd_notify(3)): a datagram to the socket that it named.

systemd, podman and others give a service ``NOTIFY_SOCKET``, and ``WATCHDOG_USEC`` where it has
to show signs of life. Without them everything here does nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping

_FOR_US = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notices:
    """Notices to the service manager, from any thread. They never fail and never wait."""

    def __init__(self, address: str = "", *, watchdog_s: float = 0.0) -> None:
        self.watchdog_s = watchdog_s
        """A sign of life is due within so many seconds; 0.0 when none is wanted."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address.startswith(("/", "@")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    @classmethod
    def taken_from(cls, environ: MutableMapping[str, str]) -> Notices:
        """Return notices to the socket named in *environ*, which is taken out of it.

        Our children are no services: they must not speak for us.
        """
        address, watchdog_us, watchdog_pid = (environ.pop(name, "") for name in _FOR_US)
        is_for_us = watchdog_pid in ("", str(os.getpid()))
        wanted = is_for_us and watchdog_us.isdecimal()
        return cls(address, watchdog_s=int(watchdog_us) / 1e6 if wanted else 0.0)

    @property
    def are_wanted(self) -> bool:
        """Somebody listens."""
        return self._socket is not None

    def tell(self, *lines: str) -> None:
        """Send *lines*, each ``NAME=value``. A manager that does not listen is left alone."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)

    def ready(self) -> None:
        """Tell that everything works from here on."""
        self.tell("READY=1")

    def reloading(self) -> None:
        """Tell that the configuration is read again; ``ready`` follows when it is in force.

        The time lets ``Type=notify-reload`` match this with its own request.
        """
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.tell("RELOADING=1", f"MONOTONIC_USEC={now_us}")

    def stopping(self) -> None:
        """Tell that we are going down by our own will."""
        self.tell("STOPPING=1")

    def alive(self) -> None:
        """Give the sign of life that the watchdog waits for."""
        self.tell("WATCHDOG=1")

    def status(self, sentence: str) -> None:
        """Tell how things are in one line, for ``systemctl status``."""
        self.tell("STATUS=" + sentence.replace("\n", " "))

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
