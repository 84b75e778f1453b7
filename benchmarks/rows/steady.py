"""A steady stream of changes, and targets of which one is gone."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator

from benchmarks.figures import median, ms, sec, times
from benchmarks.observe import Arrivals
from benchmarks.place import Place, Replica
from benchmarks.replicators import Sersync
from benchmarks.table import Line
from benchmarks.trees import plant, wait_until_same

_ROUNDS = 5
_FILES = 400
_EVERY_S = 0.005
_CONTENT = os.urandom(4096)


def stream(place: Place) -> Iterator[Line]:
    """400 files, one every 5 ms, all over the tree: how late is the last one?"""
    replica = place.replica(directories=50, files=2000)
    daemon = Sersync(place, replica.source, replica.url)
    daemon.settle(replica.target)
    samples = []
    for round_number in range(_ROUNDS):
        with Arrivals(*(replica.target / name for name in replica.directories)) as arrivals:
            closed_s = _write_stream(replica, round_number)
            last = f"stream-{round_number}-{_FILES - 1}"
            samples.append(arrivals.wait_for(last) - closed_s)
        daemon.settle(replica.target)
    yield Line(
        measure=f"{_FILES} files of 4 KB, one every 5 ms, all over a tree of 2,000: the last one",
        ours=f"{ms(median(samples))}, at most {ms(max(samples))}",
        bar="≤ 20 ms",
        is_met=median(samples) <= 20e-3,
    )


def three_targets(place: Place) -> Iterator[Line]:
    """2,000 files to three targets; to three of which one is stopped; to three, one hanging."""
    trios = {name: _Trio(place) for name in ("running", "stopped", "hanging")}
    trios["stopped"].copies[2].daemon.stop()
    hanging = trios["hanging"].copies[2].daemon.pid
    assert hanging is not None
    os.killpg(hanging, signal.SIGSTOP)
    place.stack.callback(os.killpg, hanging, signal.SIGCONT)
    samples: dict[str, list[float]] = {name: [] for name in trios}
    for number in range(_ROUNDS):
        for name, trio in trios.items():
            samples[name].append(trio.burst_s(f"round-{number}"))
            time.sleep(1.0)
    running = median(samples.pop("running"))
    for name, taken in samples.items():
        ratio = median(taken) / running
        yield Line(
            measure=f"2,000 files of 2 KB to three targets, one of them {name}: the other two",
            ours=sec(median(taken)),
            peers=f"all three running: {sec(running)}",
            ratio=times(ratio),
            bar="≤ 1.2x",
            is_met=ratio <= 1.2,
        )


class _Trio:
    """One source with three targets, each at a daemon of its own."""

    def __init__(self, place: Place) -> None:
        first = place.replica()
        self.copies = [first]
        for _ in range(2):
            target = place.fresh("target")
            self.copies.append(Replica(first.source, target, place.daemon(target), []))
        self.source = first.source
        targets = [copy.target for copy in self.copies]
        Sersync(place, self.source, *(copy.url for copy in self.copies)).settle(*targets)

    def burst_s(self, name: str) -> float:
        """Return the seconds from the first write until the first two targets are identical."""
        start_s = time.monotonic()
        plant(self.source / name, directories=20, files=2000, size_bytes=2048)
        targets = [copy.target for copy in self.copies[:2]]
        last = f"{name}/directory-0019"
        return wait_until_same(self.source, *targets, strict=True, last=last) - start_s


def _write_stream(replica: Replica, round_number: int) -> float:
    closed_s = next_s = time.monotonic()
    for number in range(_FILES):
        name = f"stream-{round_number}-{number}"
        path = replica.source / random.choice(replica.directories) / name
        with path.open("wb", buffering=0) as file:
            file.write(_CONTENT)
            closed_s = time.monotonic()
        next_s += _EVERY_S
        time.sleep(max(next_s - time.monotonic(), 0))
    return closed_s
