"""One new 4 KB file while nothing else happens: from its close to whole under its name."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import latency, median, ms, p99, times
from benchmarks.meter import resident_bytes
from benchmarks.observe import Arrivals
from benchmarks.place import Place, Replica
from benchmarks.replicators import FedByHand, Lsyncd, Sersync
from benchmarks.table import Line
from tests.support.sshd import start_sshd, why_no_sshd
from tests.support.tls import Stunnel, make_certificate, why_no_tls

_REPEATS = 200
_PEER_REPEATS = 40
_CONTENT = os.urandom(4096)
_CONNECT_S = 0.08
_MIB = 1 << 20


def idle(place: Place) -> Iterator[Line]:
    """Ours, a connected rsync fed by hand, and lsyncd take turns, each in its own tree."""
    replicas = [place.replica(directories=50, files=2000) for _ in range(3)]
    ours, by_hand, theirs = replicas
    Sersync(place, ours.source, ours.url).settle(ours.target)
    Lsyncd(place, theirs.source, theirs.url, delay_s=0).settle(theirs.target)
    feeder = FedByHand(by_hand.source, by_hand.url)
    samples: tuple[list[float], list[float], list[float]] = ([], [], [])
    for number in range(_REPEATS):
        samples[0].append(close_to_whole(ours, number))
        samples[1].append(_fed_by_hand(by_hand, feeder, number))
        if number < _PEER_REPEATS:
            samples[2].append(close_to_whole(theirs, number))
        pause()
    mine, floor, lsyncd = samples
    yield Line(
        measure=f"one new 4 KB file, idle, tree of 2,000 files, {_REPEATS} repeats",
        ours=latency(mine),
        bar="median ≤ 4 ms, p99 ≤ 30 ms",
        is_met=median(mine) <= 4e-3 and p99(mine) <= 30e-3,
    )
    above = median(mine) - median(floor)
    yield Line(
        measure="the same, above a connected rsync that is fed by hand",
        ours=f"{ms(above)} above",
        peers=f"by hand {latency(floor)}",
        bar="≤ 1.5 ms",
        is_met=above <= 1.5e-3,
    )
    yield Line(
        measure="the same, next to lsyncd with delay 0",
        ours=latency(mine),
        peers=f"lsyncd {latency(lsyncd)}",
        ratio=f"{times(median(lsyncd) / median(mine))} faster",
        bar="≥ 20x faster",
        is_met=median(lsyncd) >= 20 * median(mine),
    )


def big_tree(place: Place) -> Iterator[Line]:
    """The same in a small tree and in a large one, in turns; and what the large one costs."""
    small = place.replica(directories=50, files=2000)
    big = place.replica(directories=2000, files=100_000, size_bytes=64)
    Sersync(place, small.source, small.url).settle(small.target)
    daemon = Sersync(place, big.source, big.url)
    daemon.settle(big.target)
    resident = resident_bytes(daemon.pid)
    in_small, in_big = [], []
    for number in range(_REPEATS):
        in_small.append(close_to_whole(small, number))
        in_big.append(close_to_whole(big, number))
        pause()
    ratio = median(in_big) / median(in_small)
    yield Line(
        measure="one new 4 KB file, idle, tree of 100,000 files in 2,000 directories",
        ours=latency(in_big),
        peers=f"in 2,000 files {latency(in_small)}",
        ratio=times(ratio),
        bar="≤ 1.2x",
        is_met=ratio <= 1.2,
    )
    yield Line(
        measure="resident memory, idle, tree of 100,000 files",
        ours=f"{resident / _MIB:.0f} MiB",
        bar="≤ 60 MB",
        is_met=resident <= 60_000_000,
    )


def ssh(place: Place) -> Iterator[Line]:
    """Over ssh to loopback."""
    if reason := why_no_sshd():
        yield Line(measure="the same over ssh to loopback", ours=f"not measured: {reason}")
        return
    server = start_sshd(place.home / "sshd")
    place.stack.callback(server.service.stop)
    replica = place.replica(directories=50, files=2000)
    Sersync(
        place, replica.source, f"127.0.0.1:{replica.target}", options=("--rsh", server.command)
    ).settle(replica.target)
    yield _alone("the same over ssh to loopback", replica)


def tls(place: Place) -> Iterator[Line]:
    """Over TLS to loopback, with a certificate of the target's own and a stunnel before rsync."""
    measure = "the same over TLS to loopback"
    if reason := why_no_tls():
        yield Line(measure=measure, ours=f"not measured: {reason}")
        return
    replica = place.replica(directories=50, files=2000)
    certificate, key = make_certificate(place.fresh("tls"))
    stunnel = Stunnel(
        certificate.parent, port=replica.daemon.port, certificate=certificate, key=key
    )
    place.stack.callback(stunnel.service.stop)
    url = f"rsyncs://127.0.0.1:{stunnel.port}/copy"
    options = ("--ca-file", os.fspath(certificate))
    Sersync(place, replica.source, url, options=options).settle(replica.target)
    yield _alone(measure, replica, bar_s=10e-3)


def local(place: Place) -> Iterator[Line]:
    """To a directory of this host."""
    replica = place.replica(directories=50, files=2000)
    Sersync(place, replica.source, os.fspath(replica.target)).settle(replica.target)
    yield _alone("the same to a local directory", replica)


def close_to_whole(replica: Replica, number: int) -> float:
    """Create one file somewhere in the source; return the seconds until the target has it."""
    path = _new_path(replica, number)
    with Arrivals((replica.target / path).parent) as arrivals:
        closed_s = _create(replica.source / path)
        return _arrived(arrivals, replica.target / path) - closed_s


def _fed_by_hand(replica: Replica, feeder: FedByHand, number: int) -> float:
    path = _new_path(replica, number)
    feeder.connect()
    time.sleep(_CONNECT_S)
    with Arrivals((replica.target / path).parent) as arrivals:
        closed_s = _create(replica.source / path)
        feeder.feed(os.fspath(path))
        elapsed_s = _arrived(arrivals, replica.target / path) - closed_s
    feeder.finish()
    return elapsed_s


def _alone(measure: str, replica: Replica, *, bar_s: float = 5e-3) -> Line:
    samples = []
    for number in range(_REPEATS):
        samples.append(close_to_whole(replica, number))
        pause()
    return Line(
        measure=measure,
        ours=latency(samples),
        bar=f"median ≤ {1e3 * bar_s:.0f} ms",
        is_met=median(samples) <= bar_s,
    )


def _new_path(replica: Replica, number: int) -> Path:
    return Path(random.choice(replica.directories)) / f"new-{number:04}"


def _create(path: Path) -> float:
    with path.open("wb", buffering=0) as file:
        file.write(_CONTENT)
        return time.monotonic()


def _arrived(arrivals: Arrivals, path: Path) -> float:
    arrived_s = arrivals.wait_for(path.name)
    if path.stat().st_size != len(_CONTENT):
        raise RuntimeError(f"{path} is not whole")
    return arrived_s


def pause() -> None:
    # Long enough for the next connection to stand; random, so as to fall in step with nothing.
    time.sleep(random.uniform(0.08, 0.12))
