"""Many files at once: from the writing to identical trees."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from benchmarks.figures import median, sec, times
from benchmarks.meter import cpu_s, wait_until_quiet
from benchmarks.place import Place, Replica
from benchmarks.replicators import FedByHand, InotifywaitLoop, Lsyncd, Sersync, plain_rsync_s
from benchmarks.table import Line
from benchmarks.trees import copy_standard_library, plant, same_content, wait_until_same

_ROUNDS = 3
_CONNECT_S = 0.08


class Contestant(Protocol):
    """What is measured: it replicates by itself."""

    is_strict: bool

    def settle(self, *targets: Path) -> None: ...


def burst_2000(place: Place) -> Iterator[Line]:
    """2,000 files in new directories of a tree that has as many, from the first write."""
    replicas = {
        name: place.replica(directories=50, files=2000)
        for name in ("ours", "lsyncd", "loop", "floor")
    }
    feeder = FedByHand(replicas["floor"].source, replicas["floor"].url)
    contestants: dict[str, Contestant] = {
        "ours": Sersync(place, replicas["ours"].source, replicas["ours"].url),
        "lsyncd": Lsyncd(place, replicas["lsyncd"].source, replicas["lsyncd"].url, delay_s=1),
        "loop": InotifywaitLoop(place, replicas["loop"].source, replicas["loop"].url),
    }
    for name, contestant in contestants.items():
        contestant.settle(replicas[name].target)
    samples: dict[str, list[float]] = {name: [] for name in replicas}
    for number in range(_ROUNDS):
        samples["floor"].append(_burst_by_hand(replicas["floor"], feeder, number))
        for name, contestant in contestants.items():
            start_s = time.monotonic()
            _plant_2000(replicas[name].source / f"round-{number}")
            last = f"round-{number}/directory-0019"
            samples[name].append(_identical(replicas[name], contestant, last) - start_s)
            contestant.settle(replicas[name].target)
    for replica in replicas.values():
        assert same_content(replica.source, replica.target)
    ours, lsyncd, loop, floor = (
        median(samples[name]) for name in ("ours", "lsyncd", "loop", "floor")
    )
    measure = (
        "2,000 files of 2 KB in 20 new directories of a tree of 2,000,"
        " first write to identical trees"
    )
    yield Line(
        measure=measure,
        ours=sec(ours),
        peers=f"lsyncd, delay 1: {sec(lsyncd)}",
        ratio=times(ours / lsyncd),
        bar="< 1x",
        is_met=ours < lsyncd,
    )
    yield Line(
        measure=measure,
        ours=sec(ours),
        peers=f"inotifywait + rsync: {sec(loop)}",
        ratio=times(ours / loop),
        bar="≤ 0.5x",
        is_met=ours <= loop / 2,
    )
    yield Line(
        measure="by hand: one connected rsync, fed with the 21 levels after the last write",
        ours=sec(floor),
        peers=f"inotifywait + rsync: {sec(loop)}",
        ratio=times(floor / loop),
    )


def _plant_2000(new: Path) -> None:
    plant(new, directories=20, files=2000, size_bytes=2048)


def _burst_by_hand(replica: Replica, feeder: FedByHand, number: int) -> float:
    """Return what a replicator needs that knows at once, and exactly, what was written."""
    feeder.connect()
    time.sleep(_CONNECT_S)
    top = f"round-{number}"
    start_s = time.monotonic()
    _plant_2000(replica.source / top)
    levels = [f"{top}/directory-{each:04}/" for each in range(20)]
    feeder.feed(f"{top}/", *levels)
    seen_s = wait_until_same(replica.source, replica.target, strict=True, last=levels[-1])
    feeder.finish()
    return seen_s - start_s


def burst_2000_in_big(place: Place) -> Iterator[Line]:
    """The same in a tree of 100,000 files, where a pass over everything has its price."""
    replicas = {name: place.replica(directories=2000, files=100_000) for name in ("ours", "loop")}
    contestants: dict[str, Contestant] = {
        "ours": _ours(place, replicas["ours"]),
        "loop": InotifywaitLoop(place, replicas["loop"].source, replicas["loop"].url),
    }
    for name, contestant in contestants.items():
        contestant.settle(replicas[name].target)
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(_ROUNDS):
        for name, contestant in contestants.items():
            start_s = time.monotonic()
            new = replicas[name].source / f"round-{number}"
            _plant_2000(new)
            # Only the new files are looked at: looking at all would cost more than it measures.
            seen_s = wait_until_same(
                new,
                replicas[name].target / f"round-{number}",
                strict=contestant.is_strict,
                last="directory-0019",
            )
            samples[name].append(seen_s - start_s)
            contestant.settle(replicas[name].target)
    ours, loop = (median(samples[name]) for name in ("ours", "loop"))
    yield Line(
        measure="the same 2,000 files in a tree of 100,000",
        ours=sec(ours),
        peers=f"inotifywait + rsync: {sec(loop)}",
        ratio=times(ours / loop),
        bar="≤ 0.5x",
        is_met=ours <= loop / 2,
    )


def burst_20000(place: Place) -> Iterator[Line]:
    """20,000 files, from the last close; next to one rsync of the same files."""
    replica = place.replica()
    daemon = Sersync(place, replica.source, replica.url)
    daemon.settle(replica.target)
    ours, plain, cpu_per_file = [], [], []
    for number in range(_ROUNDS):
        burst = replica.source / f"round-{number}"
        before_s = cpu_s(daemon.pid)
        plant(burst, directories=100, files=20_000, size_bytes=4096)
        closed_s = time.monotonic()
        last = f"round-{number}/directory-0099"
        ours.append(_identical(replica, daemon, last) - closed_s)
        wait_until_quiet(daemon.pid)
        cpu_per_file.append((cpu_s(daemon.pid) - before_s) / 20_000)
        other = place.fresh("plain")
        server = place.daemon(other)
        plain.append(plain_rsync_s(burst, server.url("copy")))
    assert same_content(replica.source, replica.target)
    ratio = median(ours) / median(plain)
    yield Line(
        measure="20,000 files of 4 KB in 100 new directories, last close to identical trees",
        ours=sec(median(ours)),
        peers=f"one plain rsync -a: {sec(median(plain))}",
        ratio=times(ratio),
        bar="≤ 1.5x",
        is_met=ratio <= 1.5,
    )
    micros = median(cpu_per_file) * 1e6
    yield Line(
        measure="processor time of the daemon itself per file of these 20,000",
        ours=f"{micros:.0f} µs",
        bar="≤ 40 µs",
        is_met=micros <= 40,
    )


def copy_library(place: Place) -> Iterator[Line]:
    """``cp -a`` of Python's standard library into the source."""
    library = copy_standard_library(place.home)
    replicas = {name: place.replica() for name in ("ours", "delay 0", "delay 1")}
    contestants: dict[str, Contestant] = {"ours": _ours(place, replicas["ours"])}
    for delay_s in (0, 1):
        replica = replicas[f"delay {delay_s}"]
        contestants[f"delay {delay_s}"] = Lsyncd(
            place, replica.source, replica.url, delay_s=delay_s
        )
    for name, contestant in contestants.items():
        contestant.settle(replicas[name].target)
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(_ROUNDS):
        for name, contestant in contestants.items():
            start_s = time.monotonic()
            copy = replicas[name].source / f"round-{number}"
            subprocess.run((shutil.which("cp") or "cp", "-a", library, copy), check=True)
            samples[name].append(_identical(replicas[name], contestant) - start_s)
            contestant.settle(replicas[name].target)
    for replica in replicas.values():
        assert same_content(replica.source, replica.target)
    ours = median(samples.pop("ours"))
    best = min(samples, key=lambda name: median(samples[name]))
    ratio = ours / median(samples[best])
    yield Line(
        measure="cp -a of Python's standard library, begin to identical trees",
        ours=sec(ours),
        peers=f"lsyncd's best, {best}: {sec(median(samples[best]))}",
        ratio=times(ratio),
        bar="≤ 1.3x",
        is_met=ratio <= 1.3,
    )


def _ours(place: Place, replica: Replica) -> Sersync:
    return Sersync(place, replica.source, replica.url)


def _identical(replica: Replica, contestant: Contestant, last: str = "") -> float:
    return wait_until_same(replica.source, replica.target, strict=contestant.is_strict, last=last)
