"""Who listens on a TCP port, from /proc (proc(5), /proc/net/tcp)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_LISTENING: Final = "0A"
_UNIT: Final = re.compile(r"/system\.slice/(?:\S+\.slice/)?([^/\s]+\.service)$", re.MULTILINE)
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that listens. *pid* is 0 where it is another user's, which we cannot see.

    *server*: the ``sersync target serve`` that started it, 0 for none. *unit*: the service of
    systemd that it belongs to, as far as that is to be seen.
    """

    port: int
    pid: int = 0
    program: str = ""
    user: int = 0
    server: int = 0
    unit: str = ""

    def __str__(self) -> str:
        if not self.pid:
            return f"a program of another user (uid {self.user})"
        if self.server:
            part = f"its {self.program} is process {self.pid}"
            return f"another sersync target serve (process {self.server}; {part})"
        if self.pid == 1:
            return f"{self.program} (a socket unit; process 1)"
        return f"{self.program} (process {self.pid})"

    @property
    def remedy(self) -> str:
        """What to do to have the port."""
        if self.unit and (self.server or self.program == "rsync"):
            return f"systemctl disable --now {self.unit}"
        if self.server:
            return f"kill {self.server}    # ends it, and whoever is connected to it"
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
            server, unit = _server_of(pid), _unit_of(pid)
            return Holder(port=port, pid=pid, program=_program(pid), server=server, unit=unit)
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


def _server_of(pid: int) -> int:
    """Return the ``sersync target serve`` that *pid* was started by, itself or above it; or 0."""
    while pid > 1:
        words = _text(pid, "cmdline").split("\0")
        if ("target", "serve") in pairwise(words):
            return pid
        # Behind the name, which may hold anything, come the state and the parent (proc(5)).
        fields = _text(pid, "stat").rpartition(")")[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0
    return 0


def _unit_of(pid: int) -> str:
    """Return the service of systemd whose control group holds *pid*, "" for none."""
    found = _UNIT.search(_text(pid, "cgroup"))
    return found[1] if found else ""


def _text(pid: int, name: str) -> str:
    try:
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # it ended, or is another user's


def _program(pid: int) -> str:
    return _text(pid, "comm").strip() or "a program that has ended"
