"""The audit: a source compared with its targets in the background, all of it once in a long while.

One slice at a time, by the same dry runs as ``verify``, and only while the target is current; then
a rest, so long that one round takes as long as is set. What has drifted is carried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from sersync.daemon.audit_record import AuditRecord
from sersync.daemon.verifying import levels_of, new_comparing, repair
from sersync.model.path import ROOT, RelPath, display
from sersync.model.slices import Slice
from sersync.model.status import AuditStatus, TargetState
from sersync.model.verification import Cause
from sersync.replication.comparing import Stopped
from sersync.replication.pipeline import Pipeline
from sersync.replication.worker import TargetWorker

log: Final = logging.getLogger("sersync.audit")

_FIRST_AFTER_S: Final = 60.0
_LOOK_AGAIN_S: Final = 5.0
_LEAST_REST_S: Final = 0.1
_MOST_REMEMBERED: Final = 10_000
_LONGEST_WAIT_S: Final = 600.0
"""So often what is configured is looked at, at least."""


@dataclass(slots=True)
class _Round:
    """Where the audit of one target is. Owned by the thread."""

    shown: AuditStatus
    due_at: float
    slices: Iterator[Slice] | None = None
    repaired: set[RelPath] = field(default_factory=set)
    """What was carried again: what differs all the same will do so for ever."""


class Auditing:
    """Audits the targets of one source. ``run`` is a thread of its own."""

    def __init__(
        self, pipeline: Pipeline, state_dir: str, *, is_busy: Callable[[str, str], bool]
    ) -> None:
        """*is_busy* tells whether somebody else compares a target just now."""
        self._pipeline = pipeline
        self._record = AuditRecord(state_dir, pipeline.source.name)
        self._is_busy = is_busy
        self._stopping = threading.Event()
        self._rounds: dict[str, _Round] = {}
        self._known = self._record.load()

    def stop(self) -> None:
        """Let ``run`` return soon."""
        self._stopping.set()

    def run(self) -> None:
        """Audit, until told to stop."""
        try:
            while not self._stopping.is_set():
                now = time.monotonic()
                waits_until = now + _LONGEST_WAIT_S
                for worker in tuple(self._pipeline.workers.values()):
                    if worker.target.audit_every_s and worker.is_auditable:
                        waits_until = min(waits_until, self._tend(worker, now))
                self._stopping.wait(max(_LEAST_REST_S, waits_until - time.monotonic()))
        except Stopped:
            pass

    def _tend(self, worker: TargetWorker, now: float) -> float:
        """Compare a slice, if it is time for that; return when to look again."""
        name, every_s = worker.target.name, worker.target.audit_every_s
        this = self._rounds.get(name)
        if this is None or this.shown.every_s != every_s:
            shown = replace(self._known.get(name, AuditStatus(every_s=every_s)), every_s=every_s)
            this = _Round(shown=shown, due_at=now + min(_FIRST_AFTER_S, every_s / 10))
            self._rounds[name] = this
        worker.audit = this.shown
        if now < this.due_at:
            return this.due_at
        if worker.status().state is not TargetState.IN_SYNC or self._is_busy(
            self._pipeline.source.name, name
        ):
            return now + min(_LOOK_AGAIN_S, every_s / 10)
        self._step(worker, this)
        worker.audit = this.shown
        self._record.save({each: its.shown for each, its in self._rounds.items()})
        return this.due_at

    def _step(self, worker: TargetWorker, this: _Round) -> None:
        """Compare the next slice, and set when the one after it is due."""
        wall = time.time()
        if this.slices is None:
            shown = this.shown
            if not shown.entries:
                this.shown = replace(shown, began_at=wall, directory=ROOT)
            this.slices = _after(worker.slices(ROOT), shown.directory if shown.entries else None)
        part = next(this.slices, None)
        if part is None:
            this.slices = None
            this.shown = replace(this.shown, rounds=this.shown.rounds + 1, entries=0)
            left_s = this.shown.began_at + this.shown.every_s - wall
            this.due_at = time.monotonic() + min(max(left_s, _LEAST_REST_S), this.shown.every_s)
            return
        self._compare(worker, this, part)
        total = max(self._pipeline.extent.entries, this.shown.entries, 1)
        rest_s = this.shown.every_s * part.entries / total
        this.due_at = time.monotonic() + max(_LEAST_REST_S, rest_s)

    def _compare(self, worker: TargetWorker, this: _Round, part: Slice) -> None:
        # What -u leaves as it is on the target is meant to differ: it is told to those who ask.
        comparing = new_comparing(
            self._pipeline, worker, self._stopping, checksum=False, sees_newer=False
        )
        found = comparing.compare(levels_of(part))
        drifted = [
            each
            for each in found
            if each.cause is Cause.DRIFT and each.difference.path not in this.repaired
        ]
        repaired = repair(worker, drifted)
        room = _MOST_REMEMBERED - len(this.repaired)
        this.repaired.update(each.difference.path for each in drifted[: max(0, room)])
        shown = this.shown
        if drifted:
            first = display(drifted[0].difference.path) or "the root"
            more = f" and {len(drifted) - 1} more" if len(drifted) > 1 else ""
            log.warning(
                "%s: %s%s: something else has changed the target; carried again",
                worker.target.name,
                first,
                more,
            )
            shown = replace(shown, last_drift=first, last_drift_at=time.time())
        this.shown = replace(
            shown,
            directory=part.levels[-1],
            entries=shown.entries + max(1, part.entries),
            drift=shown.drift + len(drifted),
            repaired=shown.repaired + repaired,
        )


def _after(slices: Iterator[Slice], directory: RelPath | None) -> Iterator[Slice]:
    """Yield *slices* from the one on that goes beyond *directory*, in the order of a walk."""
    for part in slices:
        if directory is None or _key(part.levels[-1]) > _key(directory):
            yield part


def _key(directory: RelPath) -> list[bytes]:
    return directory.split(b"/") if directory else []
