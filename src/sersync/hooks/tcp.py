"""Sends each path to a TCP peer: one connection each, the path's bytes and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from sersync.model.hooks import Change, HookOutcome, SendPath


class SocketHook:
    """Sends to the peer of *action*. One thread owns it; ``cancel`` is for any."""

    def __init__(self, action: SendPath, *, timeout_s: float) -> None:
        self._peer = (action.host, action.port)
        self._timeout_s = timeout_s
        self._is_cancelled = False

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Send the absolute path of each of *changes*."""
        failed: list[Change] = []
        message = ""
        for change in changes:
            if self._is_cancelled:
                failed.append(change)
                message = message or "it was stopped"
                continue
            try:
                with socket.create_connection(self._peer, self._timeout_s) as connection:
                    connection.sendall(change.absolute)
            except OSError as error:
                failed.append(change)
                host, port = self._peer
                message = message or f"{host}:{port}: {error.strerror or error}"
        return HookOutcome(failed=tuple(failed), message=message)

    def cancel(self) -> None:
        """Send nothing more."""
        self._is_cancelled = True
