"""What people ask of a running daemon, done: pause, resume, resync."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from sersync.model.batch import Reason
from sersync.model.path import ROOT, RelPath, display
from sersync.model.request import Deed, Did, NobodyMeant, Request, Verb
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
        meant = list(self._meant(request))
        deeds: list[Deed] = []
        for pipeline, workers in meant:
            if request.verb is Verb.RESUME:
                deeds += _resume_source(pipeline, confirm=request.confirm)
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

    def _meant(self, request: Request) -> Iterator[tuple[Pipeline, list[TargetWorker]]]:
        """Yield each source that is meant with those of its targets that are."""
        pipelines = list(self._pipelines())
        named = [each for each in pipelines if request.source in ("", each.source.name)]
        if not named:
            raise NobodyMeant(
                f'there is no source "{request.source}", only '
                + _listed(each.source.name for each in pipelines)
            )
        holding = [each for each in named if subtree_of(request.subtree, each) is not None]
        if not holding:
            raise NobodyMeant(
                f"{display(request.subtree)} lies in no source; the roots are "
                + _listed(display(each.source.root) for each in named)
            )
        has_any = False
        for pipeline in holding:
            workers = [
                each
                for each in tuple(pipeline.workers.values())
                if request.target in ("", each.target.name)
            ]
            if workers:
                has_any = True
                yield pipeline, workers
        if not has_any:
            there = (worker.target.name for each in holding for worker in each.workers.values())
            raise NobodyMeant(f'there is no target "{request.target}", only {_listed(there)}')


def subtree_of(written: bytes, pipeline: Pipeline) -> RelPath | None:
    """Return *written*, absolute or relative to the root, below the root of *pipeline*.

    None: an absolute path that lies elsewhere.
    """
    if not written.startswith(b"/"):
        tidy = os.path.normpath(b"/" + written).lstrip(b"/")
        return RelPath(tidy)
    tidy = os.path.normpath(written)
    for root in {pipeline.source.root, os.path.realpath(pipeline.source.root)}:
        top = root.rstrip(b"/") + b"/"
        if tidy == root:
            return ROOT
        if tidy.startswith(top):
            return RelPath(tidy[len(top) :])
    return None


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


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(set(names))) or "none"
