"""What the API needs: time to answer where much is pending and fails, and memory."""

from __future__ import annotations

import http.client
import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from benchmarks.figures import median, ms
from benchmarks.place import Place
from benchmarks.table import Line
from sersync.api.client import fetch_status
from sersync.cli.status_view import instance_view
from sersync.daemon.app import Daemon
from sersync.model.api import ApiSettings
from sersync.model.batch import Outcome, Problem, Stage, Verdict
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.model.target import LocalDirectory, Settings, Source, Target

_PENDING = 10_000
_FAILING = 1_000
_DIRECTORIES = 200
_TARGETS = 5
_REPEATS = 30
_BAR_S = 0.1
_BAR_MIB = 25
_ADDRESSES = ("/v1/status", "/v1/pending", "/", "/metrics")


def answers(place: Place) -> Iterator[Line]:
    """Ask a daemon of five targets, each of which lacks 10,000 paths and fails at 1,000."""
    source = place.fresh("source")
    # Made before: a directory that is new stands for all that is in it.
    for number in range(_DIRECTORIES):
        (source / f"d{number}").mkdir()
    api = ApiSettings(host="127.0.0.1", port=_free_port())
    daemon = Daemon(_settings(place, source, api))
    with ExitStack() as stack:
        daemon.start()
        stack.callback(daemon.stop, now=True)
        _until(lambda: all(each.status().full_passes for each in daemon.workers()))
        for worker in daemon.workers():
            worker.pause()
            _fail(worker.progress.quarantine.settle)
        for number in range(_PENDING):
            (source / f"d{number % _DIRECTORIES}" / f"f{number}").touch()
        _until(lambda: all(each.status().pending >= _PENDING for each in daemon.workers()))
        for address in _ADDRESSES:
            took_s, size = _ask(api.port, address)
            if not size:
                continue
            yield Line(
                measure=f"`GET {address}`: {_TARGETS} targets, each with 10,000 pending and 1,000"
                " failing paths",
                ours=f"{ms(median(took_s))}, at most {ms(max(took_s))}, {size / 1024:.0f} KiB",
                bar="≤ 100 ms",
                is_met=max(took_s) <= _BAR_S,
            )
        yield _drawn(daemon)


def api_memory(place: Place) -> Iterator[Line]:
    """Compare a daemon that nobody asked with itself when page, JSON, metrics and news are used."""
    source, target, home = (place.fresh(name) for name in ("source", "target", "home"))
    port = _free_port()
    file = home / "sersync.toml"
    file.write_text(
        f'state_dir = "{home / "state"}"\n[api]\nlisten = "127.0.0.1:{port}"\n'
        f'[[source]]\nroot = "{source}"\n[[source.target]]\nto = "{target}"\n'
    )
    command = [sys.executable, "-m", "sersync", "run", "-c", os.fspath(file)]
    with (home / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as child:
        try:
            (source / "file").write_text("x")
            _until((target / "file").exists)
            before = _resident_mib(child.pid)
            for address in (*_ADDRESSES, "/v1/history", "/live", "/openapi.json"):
                _ask(port, address)
            with socket.create_connection(("127.0.0.1", port)) as follower:
                follower.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                for _ in range(5):
                    follower.recv(1 << 16)
            more = _resident_mib(child.pid) - before
        finally:
            child.terminate()
    yield Line(
        measure="memory of the API, once page, JSON, metrics and events were asked for",
        ours=f"{more:.1f} MiB more than {before:.0f}",
        bar=f"≤ {_BAR_MIB} MiB",
        is_met=more <= _BAR_MIB,
    )


def _drawn(daemon: Daemon) -> Line:
    """Measure what ``sersync status`` does once it is loaded: ask, and draw the answer."""
    took_s, lines = [], 0
    for _ in range(_REPEATS + 1):
        out = io.StringIO()
        began_at = time.monotonic()
        document = fetch_status(os.path.join(daemon.settings.state_dir, "control.sock"))
        Console(file=out, width=80, highlight=False).print(instance_view(document))
        took_s.append(time.monotonic() - began_at)
        lines = len(out.getvalue().splitlines())
    took_s = took_s[1:]
    return Line(
        measure="the table of `sersync status`, asked for and drawn, of the same",
        ours=f"{ms(median(took_s))}, at most {ms(max(took_s))}, {lines} lines",
        bar="≤ 100 ms",
        is_met=median(took_s) <= _BAR_S,
    )


def _settings(place: Place, source: Path, api: ApiSettings) -> Settings:
    targets = tuple(
        Target(
            name=f"copy{number}",
            endpoint=LocalDirectory(path=os.fsencode(place.fresh("copy"))),
        )
        for number in range(_TARGETS)
    )
    one = Source(name="source", root=os.fsencode(source), targets=targets)
    return Settings(sources=(one,), state_dir=os.fspath(place.fresh("state")), api=api)


def _fail(settle: Callable[[Outcome, Sequence[DirtyPath]], object]) -> None:
    problems = tuple(
        Problem(path=RelPath(b"bad/f%d" % number), stage=Stage.READ, message="Permission denied")
        for number in range(_FAILING)
    )
    paths = tuple(
        DirtyPath(path=each.path, scope=Scope.ENTRY, sequence=1, first_seen=0.0)
        for each in problems
    )
    outcome = Outcome(verdict=Verdict.PARTIAL, paths=paths, problems=problems)
    for _ in range(6):
        settle(outcome, ())


def _ask(port: int, address: str) -> tuple[list[float], int]:
    """Return how long each of some requests took, and the size of the answer; 0: there is none."""
    took_s, size = [], 0
    for _ in range(_REPEATS + 1):
        began_at = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
        connection.request("GET", address)
        response = connection.getresponse()
        body = response.read()
        took_s.append(time.monotonic() - began_at)
        connection.close()
        size = len(body) if response.status == http.client.OK else 0
    # The first one loads what the others find.
    return took_s[1:], size


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline:
        with suppress(OSError):
            if holds():
                return
        time.sleep(0.05)
    raise TimeoutError("the daemon did not come that far")
