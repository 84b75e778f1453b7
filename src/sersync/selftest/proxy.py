"""A TCP proxy on the loopback that makes trouble on demand."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Self

_CHUNK_BYTES: Final = 1 << 16
_OFFENCE_PAUSE_S: Final = 0.1
_GARBAGE_BYTES: Final = 200
_GARBAGE_AFTER_BYTES: Final = 3000
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards connections to one loopback port until told otherwise.

    Its switches are for its owner's thread; one thread accepts, two per connection forward.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._links: list[_Link] = []
        self._threads: list[threading.Thread] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._delay_s = 0.0
        self._is_refusing = False
        self._cut_after_bytes = 0
        self._garbage_every = 0
        self.connections = 0
        """How many connections were accepted so far."""
        self.resets = 0
        """How many of them the proxy reset because of what the client asked for."""
        self._run(self._accept)

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self._listener.getsockname()[1])

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return sum(link.is_open for link in self._links)

    def cut(self) -> None:
        """Reset every open connection; new ones are forwarded."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.reset()

    def refuse(self, *, yes: bool = True) -> None:
        """Reset new connections as soon as they are made, until told ``yes=False``."""
        self._is_refusing = yes

    def freeze(self) -> None:
        """Forward nothing any more, in either direction, without closing anything."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Forward again, beginning with what was held."""
        self._flowing.set()

    def delay(self, seconds: float) -> None:
        """Hold each piece of data, in each direction, for *seconds*."""
        self._delay_s = seconds

    def cut_after(self, length_bytes: int) -> None:
        """Reset each new connection as soon as so much has passed it; 0 is never."""
        self._cut_after_bytes = length_bytes

    def garble(self, every: int) -> None:
        """End every so many-th new connection in random bytes, to both sides; 0 is none."""
        self._garbage_every = every

    def close(self) -> None:
        """End everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._flowing.set()
        self.cut()
        for thread in self._threads:
            thread.join(5.0)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def gates(self) -> tuple[Gate, Gate]:
        """Return what a new connection's data passes: from the client, from the server."""
        is_garbled = self._garbage_every and self.connections % self._garbage_every == 0
        if self._cut_after_bytes or is_garbled:
            allowance = Allowance(self._cut_after_bytes or _GARBAGE_AFTER_BYTES)
            return (
                CuttingGate(allowance, garbage=bool(is_garbled)),
                CuttingGate(allowance, garbage=bool(is_garbled)),
            )
        return Gate(), Gate()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._is_refusing:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port), timeout=5.0)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            with self._lock:
                self._links.append(link)
            from_client, from_server = self.gates()
            self._run(partial(self._pump, link, 0, from_client))
            self._run(partial(self._pump, link, 1, from_server))

    def _pump(self, link: _Link, side: int, gate: Gate) -> None:
        source, sink = link.ends[side], link.ends[1 - side]
        with suppress(OSError):
            while chunk := source.recv(_CHUNK_BYTES):
                if self._delay_s:
                    time.sleep(self._delay_s)
                self._flowing.wait()
                sink.sendall(gate.admit(chunk))
                if gate.is_offended:
                    time.sleep(_OFFENCE_PAUSE_S)
                    self.resets += 1
                    link.reset()
                    return
            sink.shutdown(socket.SHUT_WR)
        link.side_ended()

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()


class Gate:
    """Lets one direction of one connection pass as it is."""

    is_offended = False
    """The connection is to be reset."""

    def admit(self, chunk: bytes) -> bytes:
        """Return what is forwarded in place of *chunk*."""
        return chunk


class Allowance:
    """How many bytes may still pass a connection, both directions together."""

    def __init__(self, length_bytes: int) -> None:
        self._left = length_bytes
        self._lock = threading.Lock()

    def use(self, wanted: int) -> int:
        """Return how many of *wanted* bytes may pass; they are used up."""
        with self._lock:
            granted = min(wanted, self._left)
            self._left -= granted
            return granted


class CuttingGate(Gate):
    """Lets so much pass and no more: then the connection is reset, perhaps after garbage."""

    def __init__(self, allowance: Allowance, *, garbage: bool) -> None:
        self._allowance = allowance
        self._garbage = garbage

    def admit(self, chunk: bytes) -> bytes:
        """Return what may pass of *chunk*, with garbage behind it where it was to be more."""
        granted = self._allowance.use(len(chunk))
        if granted == len(chunk):
            return chunk
        self.is_offended = True
        return chunk[:granted] + (os.urandom(_GARBAGE_BYTES) if self._garbage else b"")


class _Link:
    """The two sockets of one forwarded connection; closed once, by whoever is last."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = (client, server)
        self._lock = threading.Lock()
        self._sides_open = 2

    @property
    def is_open(self) -> bool:
        return self._sides_open > 0

    def side_ended(self) -> None:
        with self._lock:
            self._sides_open = max(self._sides_open - 1, 0)
            if self._sides_open == 0:
                for end in self.ends:
                    end.close()

    def reset(self) -> None:
        with self._lock:
            if self._sides_open > 0:
                self._sides_open = 0
                for end in self.ends:
                    _reset(end)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    # A thread that waits in recv keeps the socket open until it is shut down for reading.
    with suppress(OSError):
        end.shutdown(socket.SHUT_RD)
    end.close()
