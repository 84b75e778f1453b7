"""``explain``: everything that is known about one path, and what the target says now."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from itertools import islice
from typing import Final

from sersync.daemon.meant import behind, meant, subtree_of
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.dirty import Scope
from sersync.model.explanation import (
    Exclusion,
    Explanation,
    FileKind,
    OfTarget,
    OnTarget,
    Watched,
)
from sersync.model.filters import Filter
from sersync.model.pasting import resume_command
from sersync.model.path import ROOT, RelPath, display, is_within, parent
from sersync.model.rule import Rule
from sersync.replication.pending import pending_paths
from sersync.replication.pipeline import Pipeline
from sersync.replication.question_ports import History
from sersync.replication.worker import TargetWorker

ASK_FOR_S: Final = 10.0
"""How long a target may take to answer."""
_MOST_SHOWN: Final = 10
_MOST_LOOKED_THROUGH: Final = 100_000
_MOST_AT_ONCE: Final = 4
_BUSY: Final = Reason(message="others are asking just now", remedy="Ask again in a moment.")
_HALTED: Final = Reason(message="the source is halted")
_FAILED: Final = Reason(message="a dry run names no difference, but it could not be carried")
_THE_SAME: Final = OnTarget()


class Explaining:
    """Answers ``explain``. For any thread; a call takes as long as the targets take to answer."""

    def __init__(
        self,
        pipelines: Callable[[], Iterable[Pipeline]],
        *,
        config_file: Callable[[], str],
        history: History | None = None,
    ) -> None:
        """*pipelines* and *config_file* return what is so now."""
        self._pipelines = pipelines
        self._config_file = config_file
        self._history = history
        self._asking = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def explain(
        self, path: bytes, *, source: str = "", target: str = "", asks: bool = True
    ) -> tuple[Explanation, ...]:
        """Return what is known of *path*, absolute or relative to a root, in each source meant.

        *asks*: the targets are asked as well. Raises ``NobodyMeant``.
        """
        found = meant(self._pipelines(), source=source, target=target, path=path)
        return tuple(
            self._explained(pipeline, workers, subtree_of(path, pipeline) or ROOT, asks=asks)
            for pipeline, workers in found
        )

    def _explained(
        self, pipeline: Pipeline, workers: list[TargetWorker], path: RelPath, *, asks: bool
    ) -> Explanation:
        obstacle = behind(pipeline, path)
        kind, size_bytes = FileKind.NOTHING, 0
        if obstacle is None:
            kind, size_bytes = _look(pipeline.source.root, path)
        is_dir = kind is FileKind.DIRECTORY
        name = pipeline.source.name
        excluded = self._excluded(name, pipeline.source.filters, path, is_dir=is_dir)
        watched, watched_from = _watched(pipeline, path)
        asks = asks and obstacle is None
        return Explanation(
            source=name,
            root=pipeline.source.root,
            path=path,
            kind=kind,
            behind=obstacle,
            size_bytes=size_bytes,
            excluded=excluded,
            watched=watched,
            watched_from=watched_from,
            halted=pipeline.lost,
            targets=tuple(
                self._of_target(pipeline, worker, path, excluded, is_dir=is_dir, asks=asks)
                for worker in workers
            ),
        )

    def _of_target(
        self,
        pipeline: Pipeline,
        worker: TargetWorker,
        path: RelPath,
        excluded: Exclusion | None,
        *,
        is_dir: bool,
        asks: bool,
    ) -> OfTarget:
        target, source = worker.target, pipeline.source.name
        excluded = excluded or self._excluded(source, target.filters, path, is_dir=is_dir)
        status = worker.status()
        dirty = list(islice(pending_paths(pipeline, worker, path), _MOST_LOOKED_THROUGH))
        # What was asked for comes first, then what stands for it, then what lies in it.
        dirty.sort(key=lambda each: (each.path != path, len(each.path)))
        compared = tuple(worker.comparisons(path))[:_MOST_SHOWN]
        is_open = bool(compared) or any(is_within(path, each.path) for each in dirty)
        last = None
        if self._history is not None:
            changed_at = None if is_open else _changed_at(pipeline.source.root, path)
            last = self._history.last_carried(source, target.name, path, changed_at=changed_at)
        problem = _problem(worker.problems, path)
        on_target = self._ask(pipeline, worker, path) if asks and excluded is None else None
        if on_target == _THE_SAME and problem is not None:
            on_target = OnTarget(unknown=_FAILED)
        return OfTarget(
            target=target.name,
            state=status.state,
            reason=status.reason,
            retry_in_s=status.retry_in_s,
            excluded=excluded,
            pending=tuple(dirty[:_MOST_SHOWN]),
            omitted=max(0, len(dirty) - _MOST_SHOWN),
            compared=compared,
            problem=problem,
            unconfirmed=status.unconfirmed,
            last=last,
            on_target=on_target,
        )

    def _ask(self, pipeline: Pipeline, worker: TargetWorker, path: RelPath) -> OnTarget:
        """Ask the target for just *path*, if it may be asked."""
        if worker.is_paused:
            return OnTarget(unknown=_paused(pipeline, worker.target.name))
        if pipeline.lost is not None:
            return OnTarget(unknown=_HALTED)
        with ExitStack() as stack:
            if not self._asking.acquire(timeout=ASK_FOR_S):
                return OnTarget(unknown=_BUSY)
            stack.callback(self._asking.release)
            comparer = pipeline.comparers[worker.target.name]
            shown = comparer.compare([(path, Scope.ENTRY)], deadline_s=ASK_FOR_S, sees_newer=True)
        if shown.failed is not None:
            return OnTarget(unknown=shown.failed)
        if path in shown.unread:
            message = f"{display(path)} cannot be read at the source"
            return OnTarget(unknown=Reason(message=message))
        found = [each for each in shown.differences if each.path == path]
        return OnTarget(difference=found[0] if found else None)

    def _excluded(
        self, source: str, filters: Filter, path: RelPath, *, is_dir: bool
    ) -> Exclusion | None:
        found = filters.why_excluded(path, is_dir=is_dir)
        if found is None:
            return None
        place, decides = found
        return Exclusion(path=place, rule=str(decides), place=self._place_of(source, decides))

    def _place_of(self, source: str, decides: object) -> str:
        """Return where in the configuration *decides* is written, if it is there."""
        file = self._config_file()
        if not file:
            return ""
        try:
            with open(file, "rb") as config:
                content = config.read()
        except OSError:
            return ""
        from sersync.config.rule_place import rule_line

        wanted = decides if isinstance(decides, Rule) else getattr(decides, "text", b"")
        line = rule_line(content, source, wanted)
        return "" if line is None else f"{file}:{line}"


def _problem(problems: Iterable[Problem], path: RelPath) -> Problem | None:
    """Return why *path* cannot be carried, or what lies above it and is never taken."""
    above = None
    for each in problems:
        if each.path == path:
            return each
        if each.stage is Stage.REFUSED and is_within(path, each.path):
            above = each
    return above


def _paused(pipeline: Pipeline, target: str) -> Reason:
    goes_on = resume_command(pipeline.state_dir, pipeline.source.name, target, confirm=False)
    return Reason(message="paused: no connection is opened", remedy=goes_on)


def _look(root: bytes, path: RelPath) -> tuple[FileKind, int]:
    try:
        status = os.lstat(os.path.join(root, path) if path else root)
    except OSError:
        return FileKind.NOTHING, 0
    if stat.S_ISREG(status.st_mode):
        return FileKind.FILE, status.st_size
    if stat.S_ISDIR(status.st_mode) or not path:
        return FileKind.DIRECTORY, 0
    return (FileKind.SYMLINK if stat.S_ISLNK(status.st_mode) else FileKind.OTHER), 0


def _changed_at(root: bytes, path: RelPath) -> float | None:
    """Return when *path* last changed, by the calendar; None where there is nothing."""
    try:
        return os.lstat(os.path.join(root, path) if path else root).st_ctime
    except OSError:
        return None


def _watched(pipeline: Pipeline, path: RelPath) -> tuple[Watched, RelPath]:
    """Return how a change of *path* is noticed, and by which directory."""
    if pipeline.lost is not None:
        return Watched.HALTED, ROOT
    for each in pipeline.guard.missing:
        if is_within(path, each.path):
            return Watched.MISSING, each.path
    uncovered, is_watched = pipeline.coverage(parent(path) if path else ROOT)
    for subtree in (*uncovered, *pipeline.guard.mounted_files):
        if is_within(path, subtree):
            return Watched.POLLED, subtree
    for subtree in pipeline.guard.unheard:
        if is_within(path, subtree):
            return Watched.SHARED, subtree
    return (Watched.TOLD if is_watched else Watched.NOT_YET), parent(path)
