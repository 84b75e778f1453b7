"""Asks a running daemon over its control socket."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final
from urllib.parse import urlencode

from sersync.api.address import reachable
from sersync.api.requests import PREFIX, request_document
from sersync.model.request import Request

Json = dict[str, Any]


class Silence(Enum):
    """Why nobody answers at a control socket, for people."""

    LEFT_OVER = "nothing listens there any more; its daemon was killed, or ends this moment"
    FORBIDDEN = "only the daemon's own user, its group and root may ask it"
    LATE = "it did not answer in time"
    MISSING = "it is not there"
    UNABLE = "its daemon runs, but cannot answer"
    OTHER = "what answers there is no sersync, or cannot be understood"


class NotReachable(Exception):
    """Nobody answers at a control socket; the message says at which, and why."""

    def __init__(self, socket_path: str, silence: Silence, detail: str = "") -> None:
        super().__init__(f"{socket_path}: {silence.value}{f' ({detail})' if detail else ''}")
        self.silence = silence


class NotDone(Exception):
    """The daemon did not accept a request; the message says why."""


_SILENCES: Final = (
    (ConnectionRefusedError, Silence.LEFT_OVER),
    (PermissionError, Silence.FORBIDDEN),
    (TimeoutError, Silence.LATE),
    (FileNotFoundError, Silence.MISSING),
)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._timeout_s)
        with reachable(self._path) as address:
            self.sock.connect(address)


def fetch_status(socket_path: str, *, timeout_s: float = 5.0) -> Json:
    """Return the status document of the daemon at *socket_path*; else raise ``NotReachable``."""
    code, document = _call(socket_path, "GET", "/v1/status", None, timeout_s)
    if code != http.client.OK:
        said = str(document.get("error", f"answered {code}"))
        raise NotReachable(socket_path, Silence.UNABLE, said)
    return document


def ask(socket_path: str, request: Request, *, timeout_s: float = 30.0) -> Json:
    """Have *request* done by the daemon at *socket_path*; return the document that it answers.

    Raises ``NotReachable`` when nobody answers, ``NotDone`` when the daemon does not accept it.
    """
    body = json.dumps(request_document(request)).encode()
    code, document = _call(socket_path, "POST", PREFIX + request.verb.value, body, timeout_s)
    return _accepted(socket_path, code, document)


def get(socket_path: str, path: str, query: Mapping[str, str], *, timeout_s: float) -> Json:
    """Return the document at *path*. Raises as ``ask`` does; bytes of paths survive in *query*."""
    address = f"{path}?{urlencode(query, errors='surrogateescape')}"
    code, document = _call(socket_path, "GET", address, None, timeout_s)
    return _accepted(socket_path, code, document)


def post(socket_path: str, path: str, document: Json, *, timeout_s: float) -> Json:
    """Return what a POST of *document* to *path* is answered with. Raises as ``ask`` does."""
    body = json.dumps(document).encode()
    code, answer = _call(socket_path, "POST", path, body, timeout_s)
    return _accepted(socket_path, code, answer)


def _accepted(socket_path: str, code: int, document: Json) -> Json:
    if code != http.client.OK:
        raise NotDone(str(document.get("error", f"{socket_path}: answered {code}")))
    return document


def _call(
    socket_path: str, method: str, path: str, body: bytes | None, timeout_s: float
) -> tuple[int, Json]:
    connection = _UnixConnection(socket_path, timeout_s)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        document = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        silence = next((its for kind, its in _SILENCES if isinstance(error, kind)), Silence.OTHER)
        detail = str(error) if silence is Silence.OTHER else ""
        raise NotReachable(socket_path, silence, detail) from error
    finally:
        connection.close()
    if not isinstance(document, dict):
        raise NotReachable(socket_path, Silence.OTHER)
    return response.status, document
