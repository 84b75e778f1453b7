"""How a remote shell is called: ssh with one shared connection a host, or any other command."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile

from sersync.linux.once import run_once
from sersync.model.target import RemoteShell


class SharedConnections:
    """ssh's control sockets of this daemon, in a directory of our own (ssh_config(5)).

    All runs to one host share one connection: the first ssh becomes its master. Used by all
    workers; nothing here changes after it was made.
    """

    def __init__(self) -> None:
        # Short, since a socket's path holds 107 bytes at the most (unix(7)).
        self._directory = tempfile.mkdtemp(prefix="sersync-")

    def rsh(self, endpoint: RemoteShell, *, connect_timeout_s: int) -> str:
        """Return the value of rsync's ``--rsh`` for *endpoint*."""
        if endpoint.rsh and not _is_ssh(endpoint.rsh):
            return endpoint.rsh
        return shlex.join(self._ssh(endpoint, connect_timeout_s))

    def _ssh(self, endpoint: RemoteShell, connect_timeout_s: int) -> list[str]:
        words = shlex.split(endpoint.rsh) or ["ssh"]
        settings = {
            "BatchMode": "yes",
            "ConnectTimeout": str(connect_timeout_s),
            "ServerAliveInterval": "15",
            "ControlMaster": "auto",
            "ControlPath": f"{self._directory}/%C",
            "ControlPersist": "60",
        }
        for name, value in settings.items():
            words += ["-o", f"{name}={value}"]
        if endpoint.port is not None:
            words += ["-p", str(endpoint.port)]
        if endpoint.identity:
            words += ["-i", endpoint.identity]
        return words

    def close(self) -> None:
        """End the masters that are still there. Once is enough, more does no harm."""
        try:
            names = os.listdir(self._directory)
        except FileNotFoundError:
            return
        for name in names:
            socket = f"{self._directory}/{name}"
            run_once(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "any"], deadline_s=5.0)
        shutil.rmtree(self._directory, ignore_errors=True)


def _is_ssh(rsh: str) -> bool:
    words = shlex.split(rsh)
    return bool(words) and os.path.basename(words[0]) == "ssh"
