"""``wait`` and ``flush``: until everything stands on the targets, and what can go at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from sersync.daemon.meant import behind, meant, subtree_of
from sersync.model.path import ROOT, RelPath, display
from sersync.model.pending import Ending, Flushed, Waited
from sersync.model.request import NobodyMeant, Request
from sersync.replication.barrier import Barrier
from sersync.replication.pending import waited
from sersync.replication.pipeline import Pipeline


class Wait:
    """One wait, at one source or several. For any thread."""

    def __init__(self, parts: Sequence[tuple[Pipeline, Sequence[str], bytes]]) -> None:
        """*parts*: sources, each with the names of its targets that are meant, and a path."""
        self.over = threading.Event()
        """Every target has it, or cannot get it without a person."""
        self._then: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._open = len(parts)
        self._parts = [
            (
                pipeline,
                Barrier(_part(path, pipeline), targets, ended=self._one_ended),
            )
            for pipeline, targets, path in parts
        ]

    def begin(self) -> None:
        """Put up the barriers. Raises ``TooMany``, with none of them left."""
        with ExitStack() as undo:
            undo.callback(self.give_up)
            for pipeline, barrier in self._parts:
                pipeline.await_carried(barrier)
            undo.pop_all()

    def when_over(self, then: Callable[[], None]) -> None:
        """Have *then* called once it is over, by some thread of the engine; it must not block."""
        with self._lock:
            if not self.over.is_set():
                self._then = then
                return
        then()

    def give_up(self) -> None:
        """Wait no more."""
        self._then = None
        for _, barrier in self._parts:
            barrier.give_up()

    def answer(self) -> tuple[Waited, ...]:
        """Return what came of it so far for each target."""
        return tuple(
            waited(pipeline, barrier, target)
            for pipeline, barrier in self._parts
            for target in barrier.targets
        )

    def _one_ended(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open:
                return
            self.over.set()
            then = self._then
        if then is not None:
            then()


class Waiting:
    """Answers ``wait`` and ``flush``. For any thread."""

    def __init__(self, pipelines: Callable[[], Iterable[Pipeline]]) -> None:
        """*pipelines* returns those of the daemon as they are now, for any thread."""
        self._pipelines = pipelines

    def wait(self, *, source: str = "", target: str = "", path: bytes = b"") -> Wait:
        """Begin to wait for all that was changed by now, or what of it lies at or below *path*.

        Raises ``NobodyMeant`` when no source or target has such a name, or holds such a path, and
        ``TooMany``.
        """
        found = meant(self._pipelines(), source=source, target=target, path=path)
        for pipeline, _ in found:
            _check_carried(pipeline, subtree_of(path, pipeline) or ROOT)
        wait = Wait(
            [
                (pipeline, [worker.target.name for worker in workers], path)
                for pipeline, workers in found
            ]
        )
        wait.begin()
        return wait

    def flush(self, request: Request) -> tuple[Flushed, ...]:
        """Let go at once what is held back, or waits for the next attempt; return what there is.

        Raises ``NobodyMeant``.
        """
        found = meant(
            self._pipelines(), source=request.source, target=request.target, path=request.subtree
        )
        flushed = []
        for pipeline, workers in found:
            for worker in workers:
                held = worker.waits.hasten(subtree_of(request.subtree, pipeline) or ROOT)
                status = worker.status()
                flushed.append(
                    Flushed(
                        source=pipeline.source.name,
                        target=worker.target.name,
                        held=held,
                        pending=status.pending,
                        in_flight=status.in_flight,
                        state=status.state,
                        reason=status.reason if worker.is_held else None,
                    )
                )
        return tuple(flushed)


def _check_carried(pipeline: Pipeline, path: RelPath) -> None:
    """Raise ``NobodyMeant`` for what no target ever gets: nobody should wait for it."""
    is_dir = os.path.isdir(os.path.join(pipeline.source.root, path))
    excluded = pipeline.source.filters.why_excluded(path, is_dir=is_dir)
    if excluded is not None:
        place, rule = excluded
        raise NobodyMeant(
            f"{display(path)} is never carried: {display(place)} is excluded by `{rule}`"
        )


def _part(path: bytes, pipeline: Pipeline) -> RelPath:
    """Return what has to be carried; what lies behind a symlink may be anywhere: everything."""
    part = subtree_of(path, pipeline) or ROOT
    return ROOT if behind(pipeline, part) is not None else part


def stands(answer: Iterable[Waited]) -> bool:
    """Tell whether everything that was waited for stands on all targets."""
    return all(each.ending is Ending.STANDS for each in answer)
