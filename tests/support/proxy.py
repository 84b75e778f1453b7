"""A TCP proxy on the loopback that makes trouble on demand."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Self

import pytest

_CHUNK_BYTES = 1 << 16
_OLD_DAEMON_PAUSE_S = 0.1
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards connections to one loopback port until told otherwise.

    Its switches are for the test's thread; one thread accepts, two per connection forward.
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
                    time.sleep(_OLD_DAEMON_PAUSE_S)
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


class GreetingGate(Gate):
    """Rewrites the greeting, so that both ends talk as an older version would."""

    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting
        self._held: bytes | None = b""

    def admit(self, chunk: bytes) -> bytes:
        if self._held is None:
            return chunk
        self._held += chunk
        line, end, rest = self._held.partition(b"\n")
        if not end:
            return b""
        self._held = None
        return (self._greeting if line.startswith(b"@RSYNCD:") else line + end) + rest


class ArgumentGate(GreetingGate):
    """Rewrites the client's greeting and resets when it uses an option that is too new.

    The server's arguments follow the text lines of the login: each ended by NUL, an empty
    one after the last (protocol 30 and later). A daemon that does not know one of them still
    finishes the handshake, then ends without reading what the client has sent by then.
    """

    def __init__(self, greeting: bytes, unknown: tuple[bytes, ...]) -> None:
        super().__init__(greeting)
        self._unknown = unknown
        self._arguments: bytes | None = b""

    def admit(self, chunk: bytes) -> bytes:
        greeted = super().admit(chunk)
        if self._arguments is None or not greeted:
            return greeted
        self._arguments += greeted
        lines_end = self._arguments.partition(b"\0")[0].rfind(b"\n") + 1
        lines, self._arguments = self._arguments[:lines_end], self._arguments[lines_end:]
        if b"\0\0" not in self._arguments:
            return lines
        arguments, self._arguments = self._arguments, None
        given, _, rest = arguments.partition(b"\0\0")
        words = given.split(b"\0")
        known = [_without_new_flags(word) for word in words if word not in self._unknown]
        self.is_offended = len(known) < len(words)
        return lines + b"\0".join(known) + b"\0\0" + rest


def _without_new_flags(argument: bytes) -> bytes:
    """Take from the client's ``-e.FLAGS`` what rsync 3.2 brought: negotiation and new formats."""
    options, mark, flags = argument.partition(b"e.")
    is_option = argument.startswith(b"-") and not argument.startswith(b"--")
    return options + mark + flags.translate(None, b"Ivu") if is_option else argument


class OldDaemonProxy(Proxy):
    """Makes a new rsync daemon look like an old one: old greeting, unknown options.

    An old daemon answers an option that it does not know by a message that gets lost in a
    reset connection; so all that its client sees is the reset.
    """

    def __init__(self, target_port: int, *, greeting: bytes, unknown: tuple[bytes, ...]) -> None:
        self._greeting = greeting
        self._unknown = unknown
        super().__init__(target_port)

    @classmethod
    def rsync_3_1_2(cls, target_port: int) -> Self:
        """Behave like rsync 3.1.0 to 3.1.2: no ``--modify-window=-1``."""
        return cls(
            target_port,
            greeting=b"@RSYNCD: 31.0\n",
            unknown=(b"-@-1", b"--modify-window=-1"),
        )

    @classmethod
    def rsync_3_0_9(cls, target_port: int) -> Self:
        """Behave like rsync 3.0: no ``--delete-missing-args`` either."""
        return cls(
            target_port,
            greeting=b"@RSYNCD: 30.0\n",
            unknown=(
                b"-@-1",
                b"--modify-window=-1",
                b"--delete-missing-args",
                b"--ignore-missing-args",
            ),
        )

    def gates(self) -> tuple[Gate, Gate]:
        return ArgumentGate(self._greeting, self._unknown), GreetingGate(self._greeting)


class ProxyFactory:
    """Puts proxies in front of ports, and ends them all when the test is over."""

    def __init__(self) -> None:
        self._proxies: list[Proxy] = []

    def __call__(self, target_port: int) -> Proxy:
        """Put a plain proxy in front of *target_port*."""
        proxy = Proxy(target_port)
        self._proxies.append(proxy)
        return proxy

    def rsync_3_1_2(self, target_port: int) -> OldDaemonProxy:
        """Make the daemon at *target_port* look like rsync 3.1.2."""
        proxy = OldDaemonProxy.rsync_3_1_2(target_port)
        self._proxies.append(proxy)
        return proxy

    def rsync_3_0_9(self, target_port: int) -> OldDaemonProxy:
        """Make the daemon at *target_port* look like rsync 3.0.9."""
        proxy = OldDaemonProxy.rsync_3_0_9(target_port)
        self._proxies.append(proxy)
        return proxy

    def close(self) -> None:
        """End every proxy."""
        for proxy in self._proxies:
            proxy.close()


@pytest.fixture
def proxies() -> Iterator[ProxyFactory]:
    """Put troublesome proxies in front of a daemon."""
    factory = ProxyFactory()
    yield factory
    factory.close()


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
