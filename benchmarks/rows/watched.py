"""What it costs a change that somebody watches, or is connected."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.figures import latency, median, times
from benchmarks.place import Place
from benchmarks.replicators import Sersync
from benchmarks.rows.latency import close_to_whole, pause
from benchmarks.table import Line

_TURNS: Final = 10
_EACH: Final = 20
_IDLE: Final = 500
_PAGES: Final = ("/", "/v1/status", "/metrics")


def watched(place: Place) -> Iterator[Line]:
    """Latency to a daemon that is watched, in turns with the same one left alone."""
    yield _in_turns(
        place,
        Onlooker,
        beside="the page's events are followed and page, JSON and metrics are asked every second",
        alone="unwatched",
    )


def idle_connections(place: Place) -> Iterator[Line]:
    """Latency to a daemon to which many are connected who ask nothing, in turns with none."""
    yield _in_turns(
        place,
        Idlers,
        beside=f"{_IDLE} connections to its page were opened that ask nothing",
        alone="without",
    )


def _in_turns(
    place: Place,
    others: Callable[[int], AbstractContextManager[object]],
    *,
    beside: str,
    alone: str,
) -> Line:
    """Measure a new file beside *others*, who are given the port of the page, and without them."""
    replica = place.replica(directories=50, files=2000)
    daemon = Listening(place, replica.source, replica.url)
    daemon.settle(replica.target)
    quiet: list[float] = []
    seen: list[float] = []
    for turn in range(_TURNS):
        # Which one goes first changes, so that what grows with time is nobody's.
        for is_watched in (turn % 2 == 0, turn % 2 != 0):
            samples = seen if is_watched else quiet
            with others(daemon.port) if is_watched else contextlib.nullcontext():
                for _ in range(_EACH):
                    samples.append(close_to_whole(replica, len(quiet) + len(seen)))
                    pause()
    ratio = median(seen) / median(quiet)
    return Line(
        measure=f"one new 4 KB file, idle, while {beside}, {_TURNS * _EACH} repeats",
        ours=latency(seen),
        peers=f"{alone} {latency(quiet)}",
        ratio=times(ratio),
        bar="≤ 1.10x",
        is_met=ratio <= 1.10,
    )


class Listening(Sersync):
    """``sersync run`` with a page, at *port*."""

    def __init__(self, place: Place, source: Path, *urls: str) -> None:
        self.port = _free_port()
        super().__init__(place, source, *urls)

    def command(self, urls: Sequence[str]) -> Sequence[str]:
        file = self.home / "sersync.toml"
        listen = f'[api]\nlisten = "127.0.0.1:{self.port}"\n'
        targets = "".join(
            f'[[source.target]]\nname = "target{number}"\nto = "{url}"\nmax_delete = "off"\n'
            for number, url in enumerate(urls)
        )
        file.write_text(
            f'state_dir = "{self.home}/state"\n{listen}'
            f'[[source]]\nname = "source"\nroot = "{self.source}"\n{targets}'
        )
        mirror = super().command(urls)
        return (*mirror[:3], "run", "-c", os.fspath(file), "--quiet")


class Onlooker:
    """Follows the events, and asks for page, JSON and metrics every second."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_over = threading.Event()
        self._events = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._follow, self._ask)
        ]

    def __enter__(self) -> Self:
        request = f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n"
        self._events.sendall(request.encode())
        if b" 200 " not in self._events.recv(65536).partition(b"\r\n")[0]:
            raise RuntimeError("the events cannot be followed")
        for page in _PAGES:
            if get(self._port, page)[0] != http.client.OK:
                raise RuntimeError(f"{page} cannot be read")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._events.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._events.close()

    def _follow(self) -> None:
        self._events.settimeout(None)
        with contextlib.suppress(OSError):
            while self._events.recv(1 << 16):
                pass

    def _ask(self) -> None:
        while not self._is_over.is_set():
            for page in _PAGES:
                get(self._port, page)
            self._is_over.wait(1.0)


class Idlers:
    """Connections that ask nothing; the daemon sends away whom it has no room for."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connections = contextlib.ExitStack()

    def __enter__(self) -> Self:
        # HTTP is loaded with the first question; that is not what is measured here.
        get(self._port, "/v1/status")
        for _ in range(_IDLE):
            caller = socket.create_connection(("127.0.0.1", self._port), timeout=30.0)
            self._connections.enter_context(caller)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connections.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def get(port: int, page: str) -> tuple[int, bytes]:
    """Return status and body of *page*."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
    try:
        connection.request("GET", page)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
