"""Which sources and targets a request means, by their names and by a path."""

from __future__ import annotations

import os
from collections.abc import Iterable

from sersync.model.path import ROOT, RelPath, ancestors, display
from sersync.model.request import NobodyMeant
from sersync.replication.pipeline import Pipeline
from sersync.replication.worker import TargetWorker


def meant(
    pipelines: Iterable[Pipeline], *, source: str = "", target: str = "", path: bytes = b""
) -> list[tuple[Pipeline, list[TargetWorker]]]:
    """Return each source that is meant with those of its targets that are.

    Raises ``NobodyMeant`` when no source or target has such a name, or holds such a path.
    """
    pipelines = list(pipelines)
    named = [each for each in pipelines if source in ("", each.source.name)]
    if not named:
        raise NobodyMeant(
            f'there is no source "{source}", only '
            + _listed(each.source.name for each in pipelines)
        )
    holding = [each for each in named if subtree_of(path, each) is not None]
    if not holding:
        raise NobodyMeant(
            f"{display(path)} lies in no source; the roots are "
            + _listed(display(each.source.root) for each in named)
        )
    found = [
        (each, [worker for name, worker in each.workers.copy().items() if target in ("", name)])
        for each in holding
    ]
    found = [(pipeline, workers) for pipeline, workers in found if workers]
    if not found:
        there = (name for each in holding for name in each.workers.copy())
        raise NobodyMeant(f'there is no target "{target}", only {_listed(there)}')
    return found


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


def behind(pipeline: Pipeline, path: RelPath) -> RelPath | None:
    """Return what stands above *path* and is there, but no directory: a symlink perhaps."""
    for above in reversed([*ancestors(path)]):
        place = os.path.join(pipeline.source.root, above)
        if above and os.path.lexists(place) and (os.path.islink(place) or not os.path.isdir(place)):
            return above
    return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(set(names))) or "none"
