"""Tries how far one comes with an rsync daemon without logging in: name, port, greeting, module.

The opening of the protocol is plain text: both sides greet with ``@RSYNCD: version``, the client
names a module, and the daemon counts the connection before it asks for a password
(rsync's clientserver.c, ``rsync_module``). So connections can be counted without one.
"""

from __future__ import annotations

import os
import socket
import ssl
import statistics
import time
from contextlib import ExitStack
from typing import Final

from sersync.doctor.target_facts import Reached
from sersync.model.target import RsyncModule

_GREETING: Final = b"@RSYNCD:"
_OUR_GREETING: Final = b"@RSYNCD: 31.0\n"
_TRIES: Final = 3
_MOST_LINES: Final = 200
_PROXIES: Final = ("RSYNC_PROXY", "RSYNC_CONNECT_PROG")


def is_direct() -> bool:
    """Tell whether rsync connects by itself; otherwise a connection of ours proves nothing."""
    return not any(os.environ.get(name) for name in _PROXIES)


def reach(endpoint: RsyncModule, *, wanted: int, timeout_s: float) -> Reached:
    """Return how far we come with the daemon of *endpoint*; *wanted*: connections to hold."""
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Reached(no_address=error.strerror or str(error))
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    try:
        latency_s = _latency_s(endpoint, timeout_s)
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
        return Reached(addresses=addresses, not_connected=why or str(error))
    greeting, refusal, held = _talk(endpoint, wanted, timeout_s)
    return Reached(
        addresses=addresses,
        latency_s=latency_s,
        greeting=greeting,
        refusal=refusal,
        connections=held,
        wanted=wanted,
    )


def _latency_s(endpoint: RsyncModule, timeout_s: float) -> float:
    taken = []
    for _ in range(_TRIES):
        begun = time.monotonic()
        socket.create_connection((endpoint.host, endpoint.port), timeout=timeout_s).close()
        taken.append(time.monotonic() - begun)
    return statistics.median(taken)


def _talk(endpoint: RsyncModule, wanted: int, timeout_s: float) -> tuple[str, str, int]:
    """Return the greeting, a refusal, and how many connections the daemon let stand at once."""
    greeting = ""
    with ExitStack() as held:
        for number in range(wanted):
            try:
                said, answer = _enter(endpoint, timeout_s, held)
            except (OSError, ValueError) as error:
                return greeting, "" if number or greeting else f"no greeting: {error}", number
            greeting = greeting or said
            if answer.startswith("@ERROR"):
                return greeting, answer, number
            if not answer:
                return greeting, "", number
    return greeting, "", wanted


def _enter(endpoint: RsyncModule, timeout_s: float, held: ExitStack) -> tuple[str, str]:
    """Greet and name the module; return the daemon's greeting and its answer."""
    connection: socket.socket = held.enter_context(
        socket.create_connection((endpoint.host, endpoint.port), timeout=timeout_s)
    )
    if endpoint.tls:
        trust = ssl.create_default_context(cafile=endpoint.ca_file or None)
        connection = held.enter_context(
            trust.wrap_socket(connection, server_hostname=endpoint.host)
        )
    lines = held.enter_context(connection.makefile("rb"))
    first = lines.readline(1024)
    if not first.startswith(_GREETING):
        return first.decode("utf-8", "replace").strip(), ""
    connection.sendall(_OUR_GREETING + os.fsencode(endpoint.module) + b"\n")
    answer = ""
    for _ in range(_MOST_LINES):  # a message of the day may come before
        line = lines.readline(1024)
        answer = line.decode("utf-8", "replace").strip()
        if not line or line.startswith((_GREETING, b"@ERROR")):
            break
    return first.decode("utf-8", "replace").strip(), answer
