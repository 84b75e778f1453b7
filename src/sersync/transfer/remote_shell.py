"""How a remote shell is called: ssh with one shared connection a host, or any other command."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import threading
import time
from dataclasses import replace
from typing import Final

from sersync.linux.service import Service
from sersync.model.target import RemoteShell
from sersync.transfer.login import is_ssh, shell_words, way_options

_POLL_S: Final = 0.02
_LONGEST_SCRATCH_BYTES: Final = 70
"""A socket's path holds 107 bytes (unix(7)), and ssh adds 17 to the name while it makes one."""


class SharedConnections:
    """ssh's shared connections of this daemon, with sockets in a directory of our own.

    Each host has one master (ssh_config(5), ControlMaster) that is ours: were it one of the runs,
    ending that run would cut off all others. A run that finds no master connects by itself.
    Used by all workers; a lock guards the masters.
    """

    def __init__(self, scratch: str = "") -> None:
        """*scratch*: where the directory of the sockets is made; else the system's place."""
        if len(os.fsencode(scratch)) > _LONGEST_SCRATCH_BYTES:
            scratch = ""
        self._directory = tempfile.mkdtemp(prefix="ssh-", dir=scratch or None)
        self._lock = threading.Lock()
        self._masters: dict[RemoteShell, Service] = {}
        self._sockets: dict[RemoteShell, str] = {}

    def rsh(self, endpoint: RemoteShell, *, connect_timeout_s: int) -> str:
        """Return the value of rsync's ``--rsh`` for *endpoint*."""
        if not is_ssh(endpoint):
            return endpoint.rsh
        return shlex.join([*self._ssh(endpoint, connect_timeout_s), "-o", "ControlMaster=no"])

    def connect(self, endpoint: RemoteShell, *, connect_timeout_s: int) -> None:
        """See to it that *endpoint*'s host has a master; return when it has, or cannot have one.

        Why it cannot, the run itself will tell: it connects on its own then.
        """
        if not is_ssh(endpoint):
            return
        with self._lock:
            host = _host(endpoint)
            master = self._masters.get(host)
            if master is None or not master.is_running:
                master = self._masters[host] = self._start(endpoint, connect_timeout_s)
            socket = self._socket(host)
        deadline = time.monotonic() + connect_timeout_s
        while master.is_running and not os.path.exists(socket) and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def has_master(self, endpoint: RemoteShell) -> bool:
        """Tell whether *endpoint*'s host has a shared connection now."""
        with self._lock:
            return os.path.exists(self._socket(_host(endpoint)))

    def close(self) -> None:
        """End the masters that are still there. Once is enough, more does no harm."""
        with self._lock:
            for master in self._masters.values():
                master.stop()
            self._masters.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self, endpoint: RemoteShell, connect_timeout_s: int) -> Service:
        login = ["-l", endpoint.user] if endpoint.user else []
        master = Service(
            [
                *self._ssh(endpoint, connect_timeout_s),
                *("-o", "ControlMaster=yes", "-N", *login, "--", endpoint.host),
            ]
        )
        master.start()
        return master

    def _ssh(self, endpoint: RemoteShell, connect_timeout_s: int) -> list[str]:
        words = shell_words(endpoint)
        settings = {
            "BatchMode": "yes",
            "ConnectTimeout": str(connect_timeout_s),
            "ServerAliveInterval": "15",
            "ControlPath": self._socket(_host(endpoint)),
            "ControlPersist": "no",
        }
        for name, value in settings.items():
            words += ["-o", f"{name}={value}"]
        return words + way_options(endpoint)

    def _socket(self, host: RemoteShell) -> str:
        return self._sockets.setdefault(host, f"{self._directory}/{len(self._sockets)}")


def _host(endpoint: RemoteShell) -> RemoteShell:
    """Return what the targets of one host have in common."""
    return replace(endpoint, path="")
