"""Who listens on a TCP port, from /proc (proc(5), /proc/net/tcp)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_LISTENING: Final = "0A"
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that listens. *pid* is 0 where it is another user's, which we cannot see."""

    port: int
    pid: int = 0
    program: str = ""
    user: int = 0

    def __str__(self) -> str:
        if not self.pid:
            return f"a program of another user (uid {self.user})"
        if self.pid == 1:
            return f"{self.program} (a socket unit; process 1)"
        return f"{self.program} (process {self.pid})"

    @property
    def remedy(self) -> str:
        """What to do to have the port."""
        if self.pid == 1:
            return "systemctl list-sockets    # then: systemctl disable --now NAME.socket"
        if self.program == "xinetd":
            return "Write 'disable = yes' into /etc/xinetd.d/rsync, then: systemctl reload xinetd"
        if self.program == "rsync":
            return "systemctl disable --now rsync    # or: kill the daemon that was started by hand"
        return f"ss -ltnp 'sport = :{self.port}'"


def holder_of(port: int) -> Holder | None:
    """Return who listens on *port*, IPv4 or IPv6; None for nobody."""
    sockets = dict(_listeners(port))
    if not sockets:
        return None
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
        if sockets.keys() & _sockets_of(pid):
            return Holder(port=port, pid=pid, program=_program(pid))
    return Holder(port=port, user=next(iter(sockets.values())))


def _listeners(port: int) -> Iterator[tuple[str, int]]:
    """Yield inode and owner of each socket that listens on *port*."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                rows = [line.split() for line in lines][1:]
        except OSError:
            continue
        for row in rows:
            if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port:
                yield row[9], int(row[7])


def _sockets_of(pid: int) -> set[str]:
    found: set[str] = set()
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return found  # it ended, or is another user's
    for name in names:
        with suppress(OSError):  # it was just closed
            if match := _SOCKET.fullmatch(os.readlink(f"/proc/{pid}/fd/{name}")):
                found.add(match[1])
    return found


def _program(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as name:
            return name.read().strip()
    except OSError:
        return "a program that has ended"
