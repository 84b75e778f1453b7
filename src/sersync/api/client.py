"""Asks a running daemon over its control socket."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from sersync.api.address import reachable


class NotReachable(Exception):
    """Nobody answers at a control socket; the message says why."""


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


def fetch_status(socket_path: str, *, timeout_s: float = 5.0) -> dict[str, Any]:
    """Return the status document of the daemon at *socket_path*; else raise ``NotReachable``."""
    connection = _UnixConnection(socket_path, timeout_s)
    try:
        connection.request("GET", "/v1/status")
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise NotReachable(f"{socket_path}: answered {response.status}")
        document = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotReachable(f"{socket_path}: {error}") from error
    finally:
        connection.close()
    if not isinstance(document, dict):
        raise NotReachable(f"{socket_path}: this is not a status")
    return document
