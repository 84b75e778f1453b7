"""What people ask of a running daemon, done: pause, resume, resync."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Final

from sersync.daemon.meant import meant, subtree_of
from sersync.model.batch import Reason
from sersync.model.path import ROOT
from sersync.model.request import Deed, Did, Request, Verb
from sersync.replication.pipeline import Pipeline
from sersync.replication.worker import TargetWorker

log: Final = logging.getLogger("sersync.daemon")


class Control:
    """Does what a request asks for. For any thread."""

    def __init__(self, pipelines: Callable[[], Iterable[Pipeline]]) -> None:
        """*pipelines* returns those of the daemon as they are now, for any thread."""
        self._pipelines = pipelines

    def __call__(self, request: Request) -> tuple[Deed, ...]:
        """Do it, and return what came of it for each target that is meant.

        Raises ``NobodyMeant`` when no source or target has such a name, or holds such a path.
        """
        deeds: list[Deed] = []
        for pipeline, workers in meant(
            self._pipelines(), source=request.source, target=request.target, path=request.subtree
        ):
            if request.verb is Verb.RESUME:
                # Who speaks of one target says nothing of the source, which all of them have.
                is_meant = request.confirm and not request.target
                deeds += _resume_source(pipeline, confirm=is_meant)
            for worker in workers:
                did, reason = _do(request, pipeline, worker)
                name = worker.target.name
                deeds.append(Deed(source=pipeline.source.name, target=name, did=did, reason=reason))
            if pipeline.checkpoints is not None:
                # A pause that is answered outlives a kill.
                pipeline.checkpoints.commit()
        for deed in deeds:
            who = deed.target or deed.source
            log.info("%s: %s was asked for: %s", who, request.verb.value, deed.did.value)
        return tuple(deeds)


def _do(request: Request, pipeline: Pipeline, worker: TargetWorker) -> tuple[Did, Reason | None]:
    match request.verb:
        case Verb.PAUSE:
            return (Did.PAUSED if worker.pause() else Did.UNCHANGED), None
        case Verb.RESUME:
            return worker.resume(confirm=request.confirm)
        case Verb.RESYNC:
            worker.resync(subtree_of(request.subtree, pipeline) or ROOT)
            halted = worker.status().reason if worker.is_held else None
            return Did.RESYNCING, halted


def _resume_source(pipeline: Pipeline, *, confirm: bool) -> list[Deed]:
    """Let a halted source go on if that is possible; return what came of it, if it was halted."""
    name = pipeline.source.name
    deeds = []
    if (lost := pipeline.lost) is not None:
        reason = pipeline.accept() if confirm else lost
        did = Did.CONFIRMED if reason is None else Did.REFUSED
        deeds.append(Deed(source=name, target="", did=did, reason=reason))
    missing = pipeline.guard.missing
    if confirm and missing:
        pipeline.accept_mounts()
    for each in missing:
        did, reason = (Did.CONFIRMED, None) if confirm else (Did.REFUSED, each.reason)
        deeds.append(Deed(source=name, target="", did=did, reason=reason))
    return deeds
