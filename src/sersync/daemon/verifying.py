"""``verify``: a source compared with its targets now, one comparison of a target at a time."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, Protocol

from sersync.daemon.meant import meant, subtree_of
from sersync.model.batch import Reason
from sersync.model.dirty import Scope
from sersync.model.path import ROOT, RelPath, display, parent
from sersync.model.slices import Slice
from sersync.model.verification import Cause, Found, Verification
from sersync.replication.comparing import Comparing, Stopped
from sersync.replication.pipeline import Pipeline
from sersync.replication.worker import TargetWorker

log: Final = logging.getLogger("sersync.verify")

MOST_FOUND: Final = 10_000
"""So many differing paths are told one by one; the others are counted."""
_STOPPED: Final = Reason(message="it was stopped before its end")
_PAUSED: Final = Reason(message="the target is paused: no connection is opened")


class Start(Protocol):
    """Starts a thread that is watched over."""

    def __call__(self, name: str, work: Callable[[], None], *, awaited: bool) -> None:
        """Run *work* in a thread called *name*; one that is not *awaited* may end with us."""
        ...


class Verifying:
    """The comparisons that people asked for. For any thread."""

    def __init__(self, pipelines: Callable[[], Iterable[Pipeline]], start: Start) -> None:
        """*pipelines* returns those of the daemon as they are now, for any thread."""
        self._pipelines = pipelines
        self._start = start
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], _Job] = {}

    def begin(
        self,
        *,
        source: str = "",
        target: str = "",
        path: bytes = b"",
        checksum: bool = False,
        repairs: bool = False,
    ) -> tuple[Verification, ...]:
        """Begin to compare *path* with each target meant, but for those that are compared now.

        Returns how each of them stands: the one that was under way already, or the new one.
        Raises ``NobodyMeant``.
        """
        found = meant(self._pipelines(), source=source, target=target, path=path)
        shown = []
        for pipeline, workers in found:
            for worker in workers:
                key = (pipeline.source.name, worker.target.name)
                subtree = subtree_of(path, pipeline) or ROOT
                with self._lock:
                    job = self._jobs.get(key)
                    if job is not None and job.shown.is_running:
                        shown.append(job.shown)
                        continue
                    job = _Job(pipeline, worker, subtree, checksum=checksum, repairs=repairs)
                    shown.append(job.shown)
                    self._jobs[key] = job
                    self._start(f"verify:{key[0]}/{key[1]}", job.run, awaited=False)
        return tuple(shown)

    def standing(self, source: str = "", target: str = "") -> tuple[Verification, ...]:
        """Return the last comparison of each target, under way or ended."""
        with self._lock:
            jobs = list(self._jobs.items())
        return tuple(job.shown for (s, t), job in jobs if source in ("", s) and target in ("", t))

    def cancel(self, source: str = "", target: str = "") -> tuple[Verification, ...]:
        """End those under way; return how they stand."""
        with self._lock:
            for (s, t), job in self._jobs.items():
                if source in ("", s) and target in ("", t):
                    job.stopping.set()
        return self.standing(source, target)

    def is_busy(self, source: str, target: str) -> bool:
        """Tell whether a comparison of that target is under way."""
        job = self._jobs.get((source, target))
        return job is not None and job.shown.is_running


class _Job:
    """One comparison. ``run`` is a thread of its own."""

    def __init__(
        self,
        pipeline: Pipeline,
        worker: TargetWorker,
        subtree: RelPath,
        *,
        checksum: bool,
        repairs: bool,
    ) -> None:
        self._pipeline = pipeline
        self._worker = worker
        self._began_at = time.monotonic()
        self._known: set[RelPath] = set()
        self.stopping = threading.Event()
        self.shown = Verification(
            source=pipeline.source.name,
            target=worker.target.name,
            subtree=subtree,
            checksum=checksum,
            repairs=repairs,
            entries_total=pipeline.extent.entries if not subtree else 0,
        )
        """Replaced as a whole."""

    def run(self) -> None:
        """Compare, until the end or until it is stopped."""
        comparing = new_comparing(
            self._pipeline,
            self._worker,
            self.stopping,
            checksum=self.shown.checksum,
            sees_newer=True,
        )
        who = f"{self.shown.source} -> {self.shown.target}"
        log.info("%s: verify of %s begins", who, display(self.shown.subtree))
        failed: Reason | None = None
        try:
            for part in self._parts():
                if self._worker.is_paused:
                    failed = _PAUSED
                    break
                self._take_in(part, comparing.compare(levels_of(part)))
                if comparing.failed is not None:
                    failed = comparing.failed
                    break
        except Stopped:
            failed = _STOPPED
        self.shown = replace(
            self.shown, is_running=False, failed=failed, elapsed_s=self._elapsed_s()
        )
        log.info(
            "%s: verify has compared %d entries in %.1f s: %d drifted, %d pending, %d failing,"
            " %d newer there%s",
            who,
            self.shown.entries,
            self.shown.elapsed_s,
            self.shown.drift,
            self.shown.pending,
            self.shown.failing,
            self.shown.newer,
            f"; {failed.message}" if failed is not None else "",
        )

    def _parts(self) -> Iterator[Slice | RelPath]:
        """Yield the slices of a directory, or the one path that is none."""
        subtree = self.shown.subtree
        if subtree:
            yield subtree
            place = os.path.join(self._pipeline.source.root, subtree)
            if os.path.islink(place) or not os.path.isdir(place):
                return
        yield from self._worker.slices(subtree)

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began_at

    def _take_in(self, part: Slice | RelPath, found: list[Found]) -> None:
        shown = self.shown
        # A directory is part of its own level, and of the one above.
        found = [each for each in found if each.difference.path not in self._known]
        self._known.update(each.difference.path for each in found)
        counts = {cause: sum(each.cause is cause for each in found) for cause in Cause}
        room = max(0, MOST_FOUND - len(shown.found))
        repaired = repair(self._worker, found) if shown.repairs else 0
        self.shown = replace(
            shown,
            elapsed_s=self._elapsed_s(),
            entries=shown.entries + (part.entries if isinstance(part, Slice) else 1),
            drift=shown.drift + counts[Cause.DRIFT],
            pending=shown.pending + counts[Cause.PENDING],
            failing=shown.failing + counts[Cause.FAILING],
            newer=shown.newer + counts[Cause.NEWER],
            changing=shown.changing + counts[Cause.CHANGING],
            unreadable=shown.unreadable + counts[Cause.UNREADABLE],
            repaired=shown.repaired + repaired,
            found=(*shown.found, *found[:room]),
            omitted=shown.omitted + max(0, len(found) - room),
        )


def levels_of(part: Slice | RelPath) -> list[tuple[RelPath, Scope]]:
    """Return what is to be compared for *part*."""
    if isinstance(part, Slice):
        return [(each, Scope.LEVEL) for each in part.levels]
    return [(part, Scope.ENTRY)]


def repair(worker: TargetWorker, found: Iterable[Found]) -> int:
    """Have carried again what has drifted; return how many paths that are."""
    drifted = [each.difference.path for each in found if each.cause is Cause.DRIFT]
    if drifted:
        worker.repair(drifted)
    return len(drifted)


def new_comparing(
    pipeline: Pipeline,
    worker: TargetWorker,
    stopping: threading.Event,
    *,
    checksum: bool,
    sees_newer: bool,
) -> Comparing:
    """Return what compares the source of *pipeline* with the target of *worker*."""
    root = pipeline.source.root

    def changed_at(path: RelPath) -> float:
        return max(_changed_at(root, path), _changed_at(root, parent(path)))

    return Comparing(
        pipeline,
        worker,
        checksum=checksum,
        sees_newer=sees_newer,
        stopping=stopping,
        changed_at=changed_at,
        wall=time.time,
    )


def _changed_at(root: bytes, path: RelPath) -> float:
    try:
        return os.lstat(os.path.join(root, path)).st_ctime
    except OSError:
        return 0.0
