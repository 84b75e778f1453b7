"""The doors of the daemon: the control socket for its owner, and a TCP listener to read.

A door costs nothing but a waiting thread until the first caller comes; then HTTP is loaded and
served in that thread, beside the engine and never in its way.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sersync.api.address import reachable
from sersync.api.board import Board
from sersync.linux.ports import holder_of
from sersync.linux.wake import Wake
from sersync.model.api import ApiSettings

if TYPE_CHECKING:
    from sersync.api.serving import Serving

log: Final = logging.getLogger("sersync.api")

_BACKLOG: Final = 64
_TRY_AGAIN_S: Final = 10.0
_JOIN_S: Final = 5.0


class Door:
    """One listening socket with its thread. ``start`` and ``close`` are for one thread."""

    def __init__(
        self,
        name: str,
        bind: Callable[[], socket.socket],
        board: Board,
        *,
        settings: ApiSettings | None,
    ) -> None:
        """*bind* returns a bound socket; *settings* guard a TCP listener, None is for our own."""
        self._bind = bind
        self._board = board
        self._settings = settings
        self._serving: Serving | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._wake = Wake()
        self._listening: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.error = ""
        """Why nobody can come in, as it is now."""

    def start(self, *, patient: bool = False) -> None:
        """Serve from now on. Raises ``OSError`` when it cannot; *patient*, it tries on instead."""
        if not patient:
            self._listening = self._listen()
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        with self._lock:
            self._stopping.set()
            if self._serving is not None:
                self._serving.stop()
        self._wake.set()
        self._thread.join(_JOIN_S)
        if self._listening is not None:
            self._listening.close()

    def _listen(self) -> socket.socket:
        listening = self._bind()
        listening.listen(_BACKLOG)
        return listening

    def _run(self) -> None:
        while self._listening is None:
            try:
                self._listening = self._listen()
                self.error = ""
            except OSError as error:
                self._cannot(error)
                if self._stopping.wait(_TRY_AGAIN_S):
                    return
        select.select([self._listening.fileno(), self._wake.fileno()], [], [])
        if self._stopping.is_set():
            return
        from sersync.api.serving import Serving

        with self._lock:
            if self._stopping.is_set():
                return
            self._serving = Serving(self._board, door=self._settings)
        self._serving.run(self._listening)

    def _cannot(self, error: OSError) -> None:
        where = self._settings.address if self._settings is not None else "the control socket"
        said = f"{where} cannot be listened at: {error.strerror}"
        remedy = "It is tried again every few seconds; replication goes on."
        if error.errno == errno.EADDRINUSE and self._settings is not None:
            holder = holder_of(self._settings.port)
            said = f"{where} is taken by {holder or 'another program'}"
            remedy = f"Choose another port (listen in [api]), or end that. {remedy}"
        if said != self.error:
            self.error = said
            log.error("%s. %s", said, remedy)


class ApiServer:
    """The control socket at *path*, and the TCP listener if *settings* name one."""

    def __init__(self, path: str, board: Board, settings: ApiSettings | None = None) -> None:
        self._path = path
        self._settings = settings or ApiSettings()
        self._control = Door("api", self._bind_control, board, settings=None)
        self._listener: Door | None = None
        if self._settings.host:
            self._listener = Door("page", self._bind_tcp, board, settings=self._settings)
        self._is_closed = False

    def start(self) -> None:
        """Serve from now on. A socket left over at the path is replaced: hold the lock before.

        Raises ``OSError`` when the control socket cannot be made. A TCP port that is taken is
        told, and tried again.
        """
        self._control.start()
        if self._listener is not None:
            self._listener.start(patient=True)

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

    def _bind_control(self) -> socket.socket:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        listening = socket.socket(socket.AF_UNIX)
        # Linux makes the socket's file with the mode of the socket itself (net/unix/af_unix.c,
        # unix_bind_bsd), so there is no moment in which others could open it.
        os.fchmod(listening.fileno(), 0o600)
        with reachable(self._path) as address:
            listening.bind(address)
        if group := self._settings.socket_group:
            self._give_to(group)
        return listening

    def _give_to(self, group: str) -> None:
        try:
            os.chown(self._path, -1, _group_id(group))
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
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self._settings.host, self._settings.port))
        except OSError:
            listening.close()
            raise
        return listening


def _group_id(group: str) -> int:
    import grp

    return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
