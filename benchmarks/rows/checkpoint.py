"""What it costs that the state outlives the daemon: processor time, and how long others wait."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import latency, median, ms
from benchmarks.place import Place
from benchmarks.replicators import Replicator
from benchmarks.rows.latency import close_to_whole, pause
from benchmarks.table import Line
from sersync.changelog.log import Changelog
from sersync.daemon.pulse import Pulse
from sersync.model.checkpoint import Moment, RootIdentity
from sersync.model.path import RelPath
from sersync.model.report import Touched
from sersync.model.target import LocalDirectory, Target
from sersync.replication.checkpoints import Checkpoints
from sersync.replication.mailbox import Mailbox
from sersync.replication.passes import Passes
from sersync.replication.policy import Unconfirmed
from sersync.replication.record import Record
from sersync.state.store import SqliteStore
from sersync.watch.walk import Walk

_EVERY_S = 5.0
_CHANGES = 5000
_PORTION = 50
_BACKLOG = 100_000
_ROUNDS = 10
_REPEATS = 200


def checkpoint(place: Place) -> Iterator[Line]:
    """1,000 changes a second to a target that takes them, beside one that is away for long."""
    scene = _Scene(place)
    for number in range(_BACKLOG):
        scene.change(b"backlog-%06d" % number)
    scene.commit()
    costs_s, held_s = [], []
    for turn in range(_ROUNDS):
        for number in range(_CHANGES):
            scene.change(b"turn-%d/file-%06d" % (turn, number))
            if number % _PORTION == 0:
                scene.carry()
        cost_s, longest_s = scene.commit()
        costs_s.append(cost_s)
        held_s.append(longest_s)
    share = median(costs_s) / _EVERY_S
    yield Line(
        measure="1,000 changes a second to two targets, one of them away with 100,000 pending: the"
        " checkpoints every 5 s",
        ours=f"{100 * share:.2f} % of a core",
        bar="≤ 2 %",
        is_met=share <= 0.02,
    )
    yield Line(
        measure="the same: how long changes wait for a checkpoint, once in 5 s",
        ours=f"{ms(median(held_s))}, at most {ms(max(held_s))}",
    )


def checkpoint_latency(place: Place) -> Iterator[Line]:
    """One new file at a time, with a checkpoint after nearly each, and with none, in turns."""
    often, never = (place.replica(directories=50, files=2000) for _ in range(2))
    for replica, every in ((often, "200ms"), (never, "1h")):
        _Configured(place, replica.source, replica.url, every=every).settle(replica.target)
    with_s, without_s = [], []
    for number in range(_REPEATS):
        with_s.append(close_to_whole(often, number))
        without_s.append(close_to_whole(never, number))
        pause()
    cost_s = median(with_s) - median(without_s)
    yield Line(
        measure="one new 4 KB file, idle, with a checkpoint every 200 ms instead of none",
        ours=f"{ms(cost_s)} more ({latency(with_s)})",
        peers=f"without {latency(without_s)}",
        bar="≤ 0.3 ms of the median",
        is_met=cost_s <= 0.3e-3,
    )


class _Configured(Replicator):
    """``sersync run`` with checkpoints as often as one likes."""

    is_strict = True

    def __init__(self, place: Place, source: Path, url: str, *, every: str) -> None:
        self._every = every
        super().__init__(place, source, url)

    def command(self, urls: Sequence[str]) -> Sequence[str]:
        file = self.home / "sersync.toml"
        file.write_text(
            f'state_dir = "{self.home / "state"}"\ncheckpoint_every = "{self._every}"\n'
            f'[[source]]\nroot = "{self.source}"\n[[source.target]]\nto = "{urls[0]}"\n'
        )
        return (sys.executable, "-m", "sersync", "run", "-c", os.fspath(file))


class _Scene:
    """The changelog of two targets and its checkpoints, on a real disk, without any transfer."""

    def __init__(self, place: Place) -> None:
        clock = Pulse()
        home = place.fresh("state")
        self._mailbox = Mailbox(Changelog(), max_delay_s=10.0)
        records = []
        for name in ("here", "away"):
            target = Target(name=name, endpoint=LocalDirectory(path=b"/copy"))
            self._mailbox.join(name, lambda: None, now=0.0)
            walk = Walk(os.fsencode(home), target.filters)
            record = Record(
                target,
                mailbox=self._mailbox,
                unconfirmed=Unconfirmed(),
                passes=Passes(name, walk, walk),
            )
            records.append(record)
        self._records = records
        identity = RootIdentity(path=b"/source", file_system="", inode=1)
        store = SqliteStore(os.fspath(home / "bench.sqlite"), identity, boot="")
        store.recover(Moment(monotonic_s=clock.monotonic(), wall_s=clock.wall()))
        self._checkpoints = Checkpoints(
            "bench",
            store,
            mailbox=self._mailbox,
            records=lambda: self._records,
            clock=clock,
            every_s=_EVERY_S,
        )
        place.stack.callback(self._checkpoints.close)
        self._longest_s = 0.0
        self._watch_the_lock()

    def change(self, path: bytes) -> None:
        now = time.monotonic()
        self._mailbox.put([Touched(RelPath(path), content=True)], now=now)

    def carry(self) -> None:
        now = time.monotonic()
        taken = self._mailbox.take("here", now=now, limit=10_000)
        self._mailbox.settle("here", taken, now=now)

    def commit(self) -> tuple[float, float]:
        """Return the processor time that a checkpoint took, and how long it held others up."""
        self._longest_s = 0.0
        begun_s = time.thread_time()
        assert self._checkpoints.commit()
        return time.thread_time() - begun_s, self._longest_s

    def _watch_the_lock(self) -> None:
        lock = self._mailbox._lock
        scene = self

        class Watched:
            def __enter__(self) -> None:
                lock.acquire()
                self.since_s = time.perf_counter()

            def __exit__(self, *_: object) -> None:
                scene._longest_s = max(scene._longest_s, time.perf_counter() - self.since_s)
                lock.release()

        self._mailbox._lock = Watched()  # type: ignore[assignment]
