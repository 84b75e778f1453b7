"""What nobody watched: starts after a stop, and lost events."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import median, sec, times
from benchmarks.place import Place, Replica
from benchmarks.replicators import Replicator
from benchmarks.table import Line
from benchmarks.trees import same_content
from sersync.api.client import NotReachable, fetch_status

_ROUNDS = 3
_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
_DEFAULT_QUEUE = "16384"
_AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class Restarted(Replicator):
    """``sersync mirror`` on a state directory that outlives it."""

    is_strict = True

    def __init__(
        self, place: Place, replica: Replica, state: Path, *, prefix: Sequence[str] = ()
    ) -> None:
        self._state = state
        self._prefix = prefix
        self.started_s = time.monotonic()
        super().__init__(place, replica.source, replica.url)

    def command(self, urls: Sequence[str]) -> Sequence[str]:
        return (
            *self._prefix, sys.executable, "-m", "sersync", "mirror", os.fspath(self.source), *urls,
            "--state-dir", os.fspath(self._state),
        )  # fmt: skip

    def stop(self) -> None:
        """Stop it in order."""
        self._service.stop()

    def status(self) -> dict[str, Any]:
        """Return what it tells of its source; empty while it does not answer."""
        try:
            sources = fetch_status(os.fspath(self._state / "control.sock"))["sources"]
        except NotReachable:
            return {}
        return dict(sources[0]) if sources else {}

    def wait_until_ready(self) -> float:
        """Wait until its log says for the first time that the target is current; return when.

        Nobody asks it meanwhile: whoever asks first has it load what answers by HTTP.
        """
        log = self.home / "output"
        return _until(lambda: b": in-sync, after" in log.read_bytes())

    def wait_until_current(self) -> float:
        """Wait until every change is known and carried; return when that was."""
        return _until(lambda: self._target().get("state") == "in-sync")

    def wait_until_known(self) -> None:
        """Wait until a restart would find everything in the manifest."""
        self.wait_until_current()
        _until(lambda: self.status().get("outdated") == 0)

    def _target(self) -> dict[str, Any]:
        [target] = self.status().get("targets") or [{}]
        return dict(target)

    def carried(self) -> tuple[int, int, int]:
        """Return how many runs, files and full passes there were since the start."""
        target = self._target()
        return target["batches"], target["files"], target["full_passes"]


def restart(place: Place) -> Iterator[Line]:
    """Starts on a tree of 100,000 files that it knows: unchanged, and with ten changes."""
    replica = place.replica(directories=5000, files=100_000)
    state = place.fresh("state")
    first = Restarted(place, replica, state)
    first.wait_until_known()
    first.stop()
    unchanged, changed, plain, lists, sent = [], [], [], [], []
    local = place.fresh("local")
    _plain_s(replica.source, local)
    for number in range(_ROUNDS):
        again = Restarted(place, replica, state)
        unchanged.append(again.wait_until_ready() - again.started_s)
        lists.append(again.carried())
        again.stop()
        plain.append(_plain_s(replica.source, local))
        for directory in replica.directories[:10]:
            (replica.source / directory / f"new-{number}").write_text("changed while it was down")
        again = Restarted(place, replica, state)
        changed.append(again.wait_until_ready() - again.started_s)
        sent.append(again.carried())
        again.wait_until_known()
        again.stop()
    assert same_content(replica.source, replica.target)
    ready, noop, late = median(unchanged), median(plain), median(changed) - median(unchanged)
    measure = "restart on an unchanged tree of 100,000 files in 5,000 directories: start to in sync"
    is_silent = all(each == (0, 0, 0) for each in lists)
    yield Line(
        measure=f"{measure}, no list fed",
        ours=f"{sec(ready)}, {sum(runs for runs, _, _ in lists)} runs",
        bar="≤ 2 s, 0 runs",
        is_met=ready <= 2 and is_silent,
    )
    yield Line(
        measure=measure,
        ours=sec(ready),
        peers=f"local rsync -a that finds nothing to do: {sec(noop)}",
        ratio=times(ready / noop),
        bar="≤ 0.75x",
        is_met=ready <= 0.75 * noop,
    )
    yield Line(
        measure="the same after 10 new files in 10 of its directories: later in sync by",
        ours=f"{sec(late)}, {max(files for _, files, _ in sent)} files sent",
        bar="≤ 0.5 s, no full pass",
        is_met=late <= 0.5 and not any(passes for _, _, passes in sent),
    )


def overflow(place: Place) -> Iterator[Line]:
    """40,000 new files of which most events are lost, and the same burst with none lost."""
    with _default_queue():
        prefix = _AS_NOBODY if os.geteuid() == 0 else ()
        replicas = [place.replica(directories=2000, files=100_000) for _ in range(2)]
        took = []
        for replica, is_stopped in zip(replicas, (False, True), strict=True):
            state = place.fresh("state")
            for each in (place.home.parent, place.home, state, replica.source, replica.target):
                each.chmod(0o777)
            ours = Restarted(place, replica, state, prefix=prefix)
            while not ours.status():
                _shorten_queue()  # another daemon may have made it longer
            ours.wait_until_known()
            begun = time.monotonic()
            if is_stopped:
                os.kill(ours.pid, signal.SIGSTOP)
            last = _scatter(replica, 40_000)
            if is_stopped:
                os.kill(ours.pid, signal.SIGCONT)
            _until((replica.target / last).exists)
            took.append(ours.wait_until_current() - begun)
            passes = ours.carried()[2]
            assert same_content(replica.source, replica.target)
            has_lost = "overflow" in (ours.home / "output").read_text()
            ours.stop()
    without, lost = took
    yield Line(
        measure="40,000 new files in a tree of 100,000 while it is stopped, so that events are"
        " lost; first write to identical trees",
        ours=f"{sec(lost)}, {passes - 1} full passes",
        peers=f"none lost: {sec(without)}",
        ratio=times(lost / without),
        bar="≤ 2x, no full pass",
        is_met=lost <= 2 * without and passes == 1 if has_lost else None,
    )


def _scatter(replica: Replica, files: int) -> str:
    """Write new files into all directories of the source; return the name of the last one."""
    name = ""
    for number in range(files):
        directory = replica.directories[number % len(replica.directories)]
        name = f"{directory}/burst-{number}"
        (replica.source / name).write_bytes(b"x" * 1024)
    return name


def _plain_s(source: Path, target: Path) -> float:
    begun = time.monotonic()
    rsync = shutil.which("rsync") or "rsync"
    subprocess.run((rsync, "-a", f"{source}/", f"{target}/"), check=True)
    return time.monotonic() - begun


def _until(holds: Callable[[], bool]) -> float:
    deadline = time.monotonic() + 120.0
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("it does not come to that")
        time.sleep(0.005)
    return time.monotonic()


def _shorten_queue() -> None:
    if os.access(_QUEUE, os.W_OK):
        _QUEUE.write_text(_DEFAULT_QUEUE)


@contextmanager
def _default_queue() -> Iterator[None]:
    """Let the kernel's queues have their default length, where that can be changed."""
    before = _QUEUE.read_text()
    _shorten_queue()
    try:
        yield
    finally:
        if os.access(_QUEUE, os.W_OK):
            _QUEUE.write_text(before)
