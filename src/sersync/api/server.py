"""The control socket: HTTP/1.1 over a unix socket that only its owner may open.

``GET /v1/status`` answers with the daemon's status; ``POST /v1/pause``, ``/v1/resume`` and
``/v1/resync`` do what they say. Whatever goes wrong is a JSON object with an ``error``. One
thread accepts, one short-lived thread answers each caller, so that a caller who says nothing
keeps nobody waiting.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Any, Final

from sersync.api.address import reachable
from sersync.api.render import deeds_document, status_document
from sersync.api.requests import parse_request
from sersync.model.request import Deed, NobodyMeant, Request
from sersync.model.status import DaemonStatus

_CALLER_TIMEOUT_S: Final = 5.0

_LONGEST_BODY_BYTES: Final = 64 << 10

Snapshot = Callable[[], DaemonStatus]
Act = Callable[[Request], tuple[Deed, ...]]
"""Does what is asked for; raises ``NobodyMeant``."""


def _nothing(_: Request) -> tuple[Deed, ...]:
    return ()


class ControlServer:
    """Answers questions about the daemon. ``start`` and ``close`` are for one thread."""

    def __init__(self, path: str, snapshot: Snapshot, act: Act = _nothing) -> None:
        """Prepare to serve at *path*; *snapshot* and *act* are called from any thread."""
        self._path = path
        self._act = act
        self._snapshot = snapshot
        self._server: _Server | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Serve from now on. A socket left over at the path is replaced: hold the lock before.

        Raises ``OSError`` when the socket cannot be made.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        with reachable(self._path) as address:
            self._server = _Server(address, self._snapshot, self._act)
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="api")
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        """Stop serving and remove the socket."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, snapshot: Snapshot, act: Act) -> None:
        self.snapshot = snapshot
        self.act = act
        super().__init__(address, _Answer)

    def server_bind(self) -> None:
        # Linux makes the socket's file with the mode of the socket itself (net/unix/af_unix.c,
        # unix_bind_bsd), so there is no moment in which others could open it.
        os.fchmod(self.socket.fileno(), 0o600)
        super().server_bind()

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None:
        """Let a caller who went away go."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sersync"
    sys_version = ""
    timeout = _CALLER_TIMEOUT_S
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/v1/status":
            self._send(HTTPStatus.OK, status_document(self.server.snapshot()))
        else:
            self._send(HTTPStatus.NOT_FOUND, {"error": f"there is no {self.path}"})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LONGEST_BODY_BYTES:
            self.close_connection = True
            self._send(HTTPStatus.LENGTH_REQUIRED, {"error": "a body of known length is needed"})
            return
        body = self.rfile.read(int(length))
        try:
            request = parse_request(self.path, body)
        except ValueError as error:
            self._send(HTTPStatus.BAD_REQUEST, {"error": str(error)})
            return
        if request is None:
            self._send(HTTPStatus.NOT_FOUND, {"error": f"there is no {self.path}"})
            return
        try:
            deeds = self.server.act(request)
        except NobodyMeant as error:
            self._send(HTTPStatus.NOT_FOUND, {"error": str(error)})
            return
        self._send(HTTPStatus.OK, deeds_document(deeds))

    def _send(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "local"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing: asking for the status is no news."""
