"""What it costs that the state outlives the daemon: processor time, and how long others wait."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from benchmarks.figures import median, ms
from benchmarks.place import Place
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
