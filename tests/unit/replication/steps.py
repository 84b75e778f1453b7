"""What every test of a worker does with its bench."""

from __future__ import annotations

from sersync.model.path import RelPath
from sersync.model.report import Report, Touched
from sersync.model.status import TargetState
from tests.support.fakes import Bench


def ready(bench: Bench) -> Bench:
    """Let the first full pass, which has no slices here, go by."""
    bench.step()
    bench.step()
    assert bench.worker.status().state is TargetState.IN_SYNC
    return bench


def change(bench: Bench, *paths: bytes) -> None:
    put(bench, *(Touched(RelPath(path), content=True) for path in paths))


def put(bench: Bench, *reports: Report) -> None:
    bench.mailbox.put(reports, now=bench.clock.now)


def started(bench: Bench) -> list[list[bytes]]:
    return [[path.path for path in run] for run in bench.transport.started]
