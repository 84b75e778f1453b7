"""One listening socket of the daemon, and the thread that serves at it.

A door costs nothing but a waiting thread until the first caller comes; then HTTP is loaded and
served in that thread, beside the engine and never in its way.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import logging
import select
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sersync.api.board import Board
from sersync.api.lack import Lack
from sersync.linux.ports import holder_of
from sersync.linux.wake import Wake
from sersync.model.api import ApiSettings

if TYPE_CHECKING:
    from sersync.api.serving import Serving

log: Final = logging.getLogger("sersync.api")

_BACKLOG: Final = 64
_TRY_AGAIN_S: Final = 10.0
_JOIN_S: Final = 5.0
_TURN_AWAY_S: Final = 1.0
_LONGEST_BYTES: Final = 64 << 10


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
        self._told_of: int | None = None
        self._lack = Lack()
        self.error = ""
        """Why nobody can come in, as it is now. For any thread."""

    def start(self) -> None:
        """Serve from now on. Where that cannot be, it is told, and tried again until it can."""
        self._try()
        self._thread.start()

    def close(self) -> None:
        """Stop serving; takes a moment, also where callers hang on."""
        with self._lock:
            self._stopping.set()
            if self._serving is not None:
                self._serving.stop()
        self._wake.set()
        self._thread.join(_JOIN_S)
        if self._listening is not None:
            self._listening.close()
        if not self._thread.is_alive():
            self._wake.close()

    def _run(self) -> None:
        while self._listening is None:
            if self._stopping.wait(_TRY_AGAIN_S):
                return
            self._try()
        while self._somebody_comes(self._listening):
            try:
                from sersync.api.serving import Serving
            except ImportError as error:
                self._turn_away(self._listening, error)
                continue
            self._is_complete()
            with self._lock:
                if self._stopping.is_set():
                    return
                self._serving = Serving(self._board, door=self._settings)
            self._serving.run(self._listening)
            return

    def _turn_away(self, listening: socket.socket, error: ImportError) -> None:
        """Tell who comes that there is no HTTP; the next one may find it installed."""
        self.error = self._lack.told(error)
        importlib.invalidate_caches()
        message = self.error
        if self._settings is not None:
            # Who reads there need not know where our Python lies.
            message = "a library is missing here; the log of sersync says which"
        with contextlib.suppress(OSError):
            caller, _ = listening.accept()
            with caller:
                caller.settimeout(_TURN_AWAY_S)
                caller.recv(_LONGEST_BYTES)
                caller.sendall(_unavailable(message))

    def _is_complete(self) -> None:
        if self.error:
            self.error = ""
            log.info("%s: it can be asked now", self._where)

    def _somebody_comes(self, listening: socket.socket) -> bool:
        """Wait for the first caller; tell whether there is one, rather than an end."""
        waiting = select.poll()
        for each in (listening, self._wake):
            waiting.register(each, select.POLLIN)
        waiting.poll()
        return not self._stopping.is_set()

    def _try(self) -> None:
        try:
            listening = self._bind()
            listening.listen(_BACKLOG)
        except OSError as error:
            self._cannot(error)
            return
        self._listening = listening
        if self.error:
            self.error, self._told_of = "", None
            log.info("%s: it can be asked now", self._where)

    @property
    def _where(self) -> str:
        return self._settings.address if self._settings is not None else "the control socket"

    def _cannot(self, error: OSError) -> None:
        said = f"{self._where} cannot be listened at: {error.strerror}"
        remedy = "It is tried again every few seconds; replication goes on."
        if error.errno == errno.EADDRINUSE and self._settings is not None:
            holder = holder_of(self._settings.port)
            said = f"{self._where} is taken by {holder or 'another program'}"
            remedy = f"Choose another port ({self._settings.written.listen}), or end that. {remedy}"
        # Who it is may look different each time; that is no news.
        is_news = error.errno != self._told_of
        self.error, self._told_of = said, error.errno
        if is_news:
            # Without the page people still have the commands; without the socket they do not.
            level = logging.ERROR if self._settings is None else logging.WARNING
            log.log(level, "%s. %s", said, remedy)


def _unavailable(message: str) -> bytes:
    """Return an answer of HTTP, which is all that is left of it (RFC 9110, section 15.6.4)."""
    body = json.dumps({"error": message}).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body
