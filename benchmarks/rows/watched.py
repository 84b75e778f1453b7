"""What it costs to be watched: latency, memory, and how long an answer takes with much to tell."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console

from benchmarks.figures import latency, median, ms, times
from benchmarks.meter import resident_bytes
from benchmarks.place import Place
from benchmarks.replicators import Sersync
from benchmarks.rows.latency import close_to_whole, pause
from benchmarks.table import Line
from benchmarks.trees import plant
from sersync.api.client import NotReachable, fetch_status, post
from sersync.cli.status_view import instance_view
from sersync.rsyncd.conf import Module
from sersync.rsyncd.serve import EmbeddedDaemon

_TURNS: Final = 10
_EACH: Final = 20
_MIB: Final = 1 << 20
_PENDING: Final = 10_000
_FAILING: Final = 1_000
_NOBODY: Final = 65_534
_ASKED: Final = 20
_PAGES: Final = ("/", "/v1/status", "/v1/pending", "/metrics")
_DEADLINE_S: Final = 180.0


def watched(place: Place) -> Iterator[Line]:
    """Latency and memory of a daemon that is watched, in turns with the same one left alone."""
    replica = place.replica(directories=50, files=2000)
    daemon = Listening(place, replica.source, replica.url)
    daemon.settle(replica.target)
    before_bytes = resident_bytes(daemon.pid)
    alone: list[float] = []
    seen: list[float] = []
    for turn in range(_TURNS):
        # Which one goes first changes, so that what grows with time is nobody's.
        for is_watched in (turn % 2 == 0, turn % 2 != 0):
            samples = seen if is_watched else alone
            with Onlooker(daemon.port) if is_watched else contextlib.nullcontext():
                for _ in range(_EACH):
                    samples.append(close_to_whole(replica, len(alone) + len(seen)))
                    pause()
    ratio = median(seen) / median(alone)
    yield Line(
        measure="one new 4 KB file, idle, while the page's events are followed and page, JSON and"
        f" metrics are asked every second, {_TURNS * _EACH} repeats",
        ours=latency(seen),
        peers=f"unwatched {latency(alone)}",
        ratio=times(ratio),
        bar="≤ 1.10x",
        is_met=ratio <= 1.10,
    )
    yield from _memory(place, daemon, before_bytes)


def watched_backlog(place: Place) -> Iterator[Line]:
    """How long an answer takes with 10,000 paths pending and 1,000 quarantined."""
    scene = _Backlog(place)
    for page in _PAGES:
        answers_s, length = scene.ask(page)
        if length is None:
            yield Line(measure=f"GET {page}", ours="not measured: there is no such page")
            continue
        yield Line(
            measure=f"GET {page} with {scene.what}",
            ours=f"{latency(answers_s)}, {length / 1024:.0f} KiB",
            bar="median ≤ 100 ms",
            is_met=median(answers_s) <= 0.1,
        )
    shown_s, lines = scene.show()
    yield Line(
        measure=f"sersync status: the answer drawn, with {scene.what}",
        ours=f"{ms(median(shown_s))}, {lines} lines",
        bar="≤ 100 ms",
        is_met=median(shown_s) <= 0.1,
    )


class Listening(Sersync):
    """``sersync run`` with a page, at *port*."""

    def __init__(self, place: Place, source: Path, *urls: str, listens: bool = True) -> None:
        self.port = _free_port() if listens else 0
        super().__init__(place, source, *urls)

    @property
    def socket(self) -> str:
        """Its control socket."""
        return os.fspath(self.home / "state" / "control.sock")

    def command(self, urls: Sequence[str]) -> Sequence[str]:
        file = self.home / "sersync.toml"
        listen = f'[api]\nlisten = "127.0.0.1:{self.port}"\n' if self.port else ""
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
            for page in ("/", "/v1/status", "/metrics"):
                get(self._port, page)
            self._is_over.wait(1.0)


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


def _memory(place: Place, daemon: Listening, before_bytes: int) -> Iterator[Line]:
    """Compare with one that never listened, after as many changes."""
    replica = place.replica(directories=50, files=2000)
    silent = Listening(place, replica.source, replica.url, listens=False)
    silent.settle(replica.target)
    for number in range(2 * _TURNS * _EACH):
        close_to_whole(replica, number)
        pause()
    used, unused = resident_bytes(daemon.pid), resident_bytes(silent.pid)
    cost = used - unused
    yield Line(
        measure="resident memory of a daemon whose page, JSON, events and metrics were used, above"
        " one that nobody asks",
        ours=f"{cost / _MIB:.1f} MiB above",
        peers=f"used {used / _MIB:.1f} MiB, unused {unused / _MIB:.1f} MiB,"
        f" listening only {before_bytes / _MIB:.1f} MiB",
        bar="≤ 25 MB",
        is_met=cost <= 25_000_000,
    )


class _Backlog:
    """A daemon with as much to tell as it can have, and a target that is away."""

    def __init__(self, place: Place) -> None:
        source, target = place.fresh("source"), place.fresh("target")
        plant(source, directories=10, files=100, size_bytes=64)
        is_root = os.geteuid() == 0
        module = Module(
            name="copy",
            path=os.fsencode(target),
            uid=str(_NOBODY) if is_root else "",
            gid=str(_NOBODY) if is_root else "",
        )
        if is_root:
            os.chown(target, _NOBODY, _NOBODY)
        target_daemon = place.stack.enter_context(EmbeddedDaemon(place.fresh("daemon"), (module,)))
        self.daemon = Listening(place, source, target_daemon.url("copy"))
        self.daemon.settle(target)
        _fail(source, target, is_root=is_root)
        self._wait("problems", _FAILING)
        self._wait("quarantined", _FAILING)
        target_daemon.stop()
        plant(source / "pending", directories=100, files=_PENDING, size_bytes=16)
        self._wait("pending", _PENDING)
        now = self._target()
        self.what = f"{now['pending']:,} paths pending, {now['quarantined']:,} quarantined"

    def ask(self, page: str) -> tuple[list[float], int | None]:
        """Return how long answers took, and how long the last one was; None: there is none."""
        if get(self.daemon.port, page)[0] != http.client.OK:
            return [], None
        taken_s = []
        body = b""
        for _ in range(_ASKED):
            start_s = time.monotonic()
            _, body = get(self.daemon.port, page)
            taken_s.append(time.monotonic() - start_s)
        return taken_s, len(body)

    def show(self) -> tuple[list[float], int]:
        """Return how long it took to ask and to draw, and how many lines that were."""
        taken_s = []
        out = io.StringIO()
        for _ in range(_ASKED):
            out = io.StringIO()
            start_s = time.monotonic()
            document = fetch_status(self.daemon.socket)
            Console(file=out, width=80, highlight=False).print(instance_view(document))
            taken_s.append(time.monotonic() - start_s)
        return taken_s, len(out.getvalue().splitlines())

    def _target(self) -> dict[str, Any]:
        [source] = fetch_status(self.daemon.socket)["sources"]
        target: dict[str, Any] = source["targets"][0]
        return target

    def _wait(self, field: str, wanted: int) -> None:
        deadline_s = time.monotonic() + _DEADLINE_S
        while True:
            with contextlib.suppress(NotReachable):
                target = self._target()
                counted = {
                    **target,
                    "problems": len(target["problems"]) + target["problems_omitted"],
                }
                if counted[field] >= wanted:
                    return
                if field == "quarantined":
                    post(self.daemon.socket, "/v1/flush", {}, timeout_s=30.0)
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"no {wanted:,} {field}: {json.dumps(self._target())[:2000]}")
            time.sleep(0.5)


def _fail(source: Path, target: Path, *, is_root: bool) -> None:
    """Make files that cannot be carried: the target must not write them, or we not read them."""
    if is_root:
        (target / "locked" / "directory-0000").mkdir(parents=True)
    plant(source / "locked", directories=1, files=_FAILING, size_bytes=16)
    if is_root:
        return
    for path in (source / "locked").rglob("*.dat"):
        path.chmod(0)
