"""HTTP on one listening socket, by uvicorn, until told to stop.

Heavy to import, so that is left until somebody connects.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Final

import uvicorn

from sersync.api.asgi import make_app
from sersync.api.board import Board
from sersync.api.connection import protocol
from sersync.api.endpoints import ENDPOINTS
from sersync.api.news import News
from sersync.api.page.endpoints import PAGE
from sersync.api.render import status_document
from sersync.model.api import ApiSettings

_KEPT_S: Final = 5
_LONGEST_HEAD_BYTES: Final = 16 << 10
_STOPS_WITHIN_S: Final = 1


class Serving:
    """One listener's HTTP server. ``run`` blocks its thread; ``stop`` is for any other."""

    def __init__(self, board: Board, *, door: ApiSettings | None) -> None:
        self._news = News(lambda: status_document(board.status()))
        config = uvicorn.Config(
            make_app(board, (*ENDPOINTS, *PAGE), self._news, door=door),
            http=protocol(),
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEPT_S,
            timeout_graceful_shutdown=_STOPS_WITHIN_S,
            h11_max_incomplete_event_size=_LONGEST_HEAD_BYTES,
        )
        _let_our_log_speak()
        self._server = uvicorn.Server(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, listening: socket.socket) -> None:
        """Serve until ``stop``; *listening* is closed then."""
        asyncio.run(self._serve(listening))

    def stop(self) -> None:
        """End, within a moment, also where callers hang on."""
        self._server.should_exit = True
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._news.close)

    async def _serve(self, listening: socket.socket) -> None:
        with self._lock:
            self._loop = asyncio.get_running_loop()
        try:
            await self._server.serve(sockets=[listening])
        finally:
            with self._lock:
                self._loop = None


def _let_our_log_speak() -> None:
    """Have defects stand in our log. What callers do wrong is told to them alone."""
    complaints = logging.getLogger("uvicorn.error")
    complaints.parent = logging.getLogger("sersync.api")
    complaints.setLevel(logging.ERROR)
