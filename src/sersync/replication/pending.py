"""What is pending for one target, and why, in words and numbers. For any thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sersync.model.batch import Problem
from sersync.model.dirty import DirtyPath
from sersync.model.mount import MissingMount
from sersync.model.pasting import resume_command
from sersync.model.path import RelPath, display, overlap
from sersync.model.pending import Because, Ending, MissingPath, Waited
from sersync.model.status import TargetState, TargetStatus
from sersync.replication.barrier import Barrier, Phase
from sersync.replication.pipeline import Pipeline
from sersync.replication.worker import TargetWorker

MOST_SHOWN: Final = 20


def pending_paths(
    pipeline: Pipeline, worker: TargetWorker, within: RelPath, *, until: float = float("inf")
) -> Iterator[MissingPath]:
    """Yield what is dirty for a target of *within* since *until* or before, at work first.

    With it what is dirty above it: a directory may stand for all below it.
    """
    now = pipeline.now
    known = {each.path: each for each in worker.problems}
    dirty = pipeline.mailbox.snapshot(worker.target.name)
    groups = ((dirty.in_flight, True, False), (dirty.deferred, False, True))
    for entries, is_in_flight, is_busy in (*groups, (dirty.waiting, False, False)):
        for each in entries:
            if each.first_seen <= until and overlap(each.path, within):
                problem = known.get(each.path)
                because = Because.IN_FLIGHT if is_in_flight else Because.BUSY
                if not (is_in_flight or is_busy):
                    because = _because(each, problem, now)
                yield MissingPath(
                    path=each.path,
                    scope=each.scope,
                    because=because,
                    since_s=now - each.first_seen,
                    due_in_s=max(0.0, each.not_before - now),
                    problem=problem,
                )


def _because(entry: DirtyPath, problem: Problem | None, now: float) -> Because:
    if entry.not_before <= now:
        return Because.DUE
    return Because.FAILED if problem is not None or entry.failures else Because.HELD


def waited(pipeline: Pipeline, barrier: Barrier, target: str) -> Waited:
    """Return what came of *barrier* for *target* so far."""
    ending = barrier.ending(target)
    worker = pipeline.workers.get(target)
    if worker is None:
        return Waited(
            source=pipeline.source.name,
            target=target,
            ending=ending,
            state=TargetState.STOPPED,
            stage="the target was taken out of the configuration",
        )
    status = worker.status()
    is_missing = ending in (Ending.WAITING, Ending.HELD)
    until = barrier.moments.get(target, float("inf"))
    dirty = list(pending_paths(pipeline, worker, barrier.path, until=until)) if is_missing else []
    missing = [each for each in pipeline.guard.missing if overlap(each.path, barrier.path)]
    reason = pipeline.lost or (missing[0].reason if missing else status.reason)
    return Waited(
        source=pipeline.source.name,
        target=target,
        ending=ending,
        state=status.state,
        reason=reason if is_missing else None,
        goes_on=_goes_on(pipeline, status, missing) if is_missing else "",
        stage=_stage(pipeline, barrier, worker) if is_missing else "",
        progress=status.progress if is_missing else None,
        paths=tuple(dirty[:MOST_SHOWN]),
        omitted=max(0, len(dirty) - MOST_SHOWN),
        refused=tuple(worker.waits.refused(barrier.path))[:MOST_SHOWN],
        unconfirmed=status.unconfirmed,
        notes=barrier.notes,
    )


def _goes_on(pipeline: Pipeline, status: TargetStatus, missing: Sequence[MissingMount]) -> str:
    """Return the command by which a person lets a target go on; empty where none is needed."""
    names, confirm = (pipeline.source.name, status.target), False
    if pipeline.lost is not None or missing:
        if pipeline.lost is not None and not pipeline.lost.needs_confirm:
            return ""
        names, confirm = (pipeline.source.name, ""), True
    elif status.state is TargetState.HALTED:
        confirm = status.reason is not None and status.reason.needs_confirm
    elif status.state is not TargetState.PAUSED:
        return ""
    return resume_command(pipeline.state_dir, *names, confirm=confirm)


def _stage(pipeline: Pipeline, barrier: Barrier, worker: TargetWorker) -> str:
    if pipeline.lost is not None:
        return "what is to be carried is found when the source goes on"
    target = worker.target.name
    if barrier.phase is not Phase.CARRYING:
        return str(barrier.phase.value)
    subtrees = worker.comparisons(barrier.path, until=barrier.moments.get(target))
    if subtrees:
        where = display(subtrees[0]) if subtrees[0] else "everything"
        return f"{where} is being compared with the target, or is to be"
    if worker.status().searching_names:
        return "a file has more names than are known; a full pass looks for them"
    return ""
