"""One HTTP request, byte by byte as it is given, and its answer."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The status of an answer and its headers, names in lower case."""

    status: int
    headers: dict[str, str]


def exchange(host: str, port: int, request: bytes, *, method: str, timeout_s: float) -> Answer:
    """Send *request* to *host* and return the answer. Raises ``OSError`` with a sentence."""
    with socket.create_connection((host, port), timeout_s) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
        except http.client.HTTPException as error:
            raise OSError(0, f"no HTTP answer: {type(error).__name__} {error}") from error
        headers = {name.lower(): value for name, value in response.getheaders()}
        response.close()
        return Answer(status=response.status, headers=headers)
