"""The doors of the daemon: the control socket for its owner, and a TCP listener to read."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from typing import Final

from sersync.api.address import reachable
from sersync.api.board import Board
from sersync.api.door import Door
from sersync.model.api import ApiSettings

log: Final = logging.getLogger("sersync.api")


class ApiServer:
    """The control socket at *path*, and the TCP listener if *settings* name one.

    For one thread, but for ``error``. Nothing here raises for what the host does not let us do:
    it is told and tried again, and replication goes on.
    """

    def __init__(self, path: str, board: Board, settings: ApiSettings | None = None) -> None:
        self._path = path
        self._board = board
        self._settings = settings or ApiSettings()
        self._control = Door("api", self._bind_control, board, settings=None)
        self._listener: Door | None = None
        self._is_closed = False

    def start(self) -> None:
        """Serve from now on. A socket left over at the path is replaced: hold the lock before."""
        self._control.start()
        self._open_listener()

    def change(self, settings: ApiSettings) -> None:
        """Go over to *settings*. Who asks at the control socket does not notice."""
        before, self._settings = self._settings, settings
        if settings.socket_group != before.socket_group:
            self._set_group()
        if (settings.host, settings.port, settings.token) != (
            before.host,
            before.port,
            before.token,
        ):
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            self._open_listener()

    def close(self) -> None:
        """Stop serving and remove the socket. Once is enough, more does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._listener is not None:
            self._listener.close()
        self._control.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    @property
    def address(self) -> str:
        """Where the TCP listener is to be; empty for nowhere. For any thread."""
        return self._settings.address

    @property
    def error(self) -> str:
        """Why nobody can read there now; empty where that can be. For any thread."""
        listener = self._listener
        return listener.error if listener is not None else ""

    def _open_listener(self) -> None:
        settings = self._settings
        if settings.host:
            self._listener = Door("page", self._bind_tcp, self._board, settings=settings)
            self._listener.start()
            if not self._listener.error:
                log.info("page, JSON and metrics are at http://%s/", settings.address)

    def _bind_control(self) -> socket.socket:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        with contextlib.ExitStack() as undo:
            listening = undo.enter_context(socket.socket(socket.AF_UNIX))
            # Linux makes the socket's file with the mode of the socket itself (net/unix/
            # af_unix.c, unix_bind_bsd): at no moment others could open it.
            os.fchmod(listening.fileno(), 0o600)
            with reachable(self._path) as address:
                listening.bind(address)
            undo.pop_all()
        if self._settings.socket_group:
            self._set_group()
        return listening

    def _set_group(self) -> None:
        """Let the members of the group in, or nobody but the owner where there is none."""
        group = self._settings.socket_group
        try:
            os.chmod(self._path, 0o600)
            os.chown(self._path, -1, _group_id(group) if group else os.getegid())
            if group:
                os.chmod(self._path, 0o660)
        except (OSError, KeyError) as error:
            log.error(
                "the group %s may not ask at the control socket: %s. Only its owner may; look at"
                " socket_group in [api], and whether this user is a member of that group.",
                group,
                error.strerror if isinstance(error, OSError) else "there is no such group",
            )

    def _bind_tcp(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        with contextlib.ExitStack() as undo:
            listening = undo.enter_context(socket.socket(family))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self._settings.host, self._settings.port))
            undo.pop_all()
        return listening


def _group_id(group: str) -> int:
    import grp

    return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
