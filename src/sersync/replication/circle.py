"""A target that lies inside its own source: what is sent there comes back, for ever."""

from __future__ import annotations

from collections.abc import Iterable

from sersync.model.batch import Reason
from sersync.model.path import RelPath, display
from sersync.model.report import Report, Touched
from sersync.replication.worker import TargetWorker


def without_probes(reports: list[Report], workers: Iterable[TargetWorker]) -> list[Report]:
    """Return *reports* without those of our own probes; halt the worker of one that shows up."""
    kept = reports
    for worker in workers:
        if not (probe := worker.probe_name):
            continue
        found = [each for each in kept if isinstance(each, Touched) and _is(each, probe)]
        if found:
            kept = [each for each in kept if each not in found]
            worker.halt(_circle(worker.target.name, found[0].path))
    return kept


def _circle(target: str, path: RelPath) -> Reason:
    where = display(path) if path else "."
    return Reason(
        message=f"the target {target} lies inside its own source: what is sent there comes back"
        f" as {where}",
        remedy="Choose a target outside of the source, or exclude the directory that it is in.",
    )


def _is(report: Touched, probe: bytes) -> bool:
    return report.path.endswith(probe)
