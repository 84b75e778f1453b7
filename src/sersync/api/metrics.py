"""Metrics in the text format of Prometheus, made from snapshots whenever they are asked for.

Names follow prometheus.io/docs/practices/naming: base units, ``_total`` for what only grows.
Labels are names of sources, targets and hooks, states and verdicts, addresses of the API; never
paths of files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest

from sersync.model.status import DaemonStatus, HookStatus, SourceStatus, TargetState, TargetStatus
from sersync.model.tally import Histogram, TargetTally

Of = tuple[str, ...]
Requests = Sequence[tuple[tuple[str, str, int], int]]


def exposition(
    status: DaemonStatus, tallies: Sequence[TargetTally], *, starts: int, requests: Requests = ()
) -> bytes:
    """Return all metrics of a daemon as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(status, tallies, starts, requests))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Snapshot:
    """Yields the metrics of one moment."""

    def __init__(
        self,
        status: DaemonStatus,
        tallies: Sequence[TargetTally],
        starts: int,
        requests: Requests,
    ) -> None:
        self._status = status
        self._tallies = tallies
        self._starts = starts
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        """Yield each family."""
        yield from _of_daemon(self._status, self._starts)
        sources = self._status.sources
        for name, text, value in _SOURCE_GAUGES:
            yield _gauge(name, text, ("source",), (((s.name,), value(s)) for s in sources))
        for name, text, count in _SOURCE_COUNTERS:
            yield _counter(name, text, ("source",), (((s.name,), count(s)) for s in sources))
        targets = [target for source in sources for target in source.targets]
        yield _states(targets)
        for name, text, value_of in _TARGET_GAUGES:
            rows = (((t.source, t.target), value_of(t)) for t in targets)
            yield _gauge(name, text, ("source", "target"), rows)
        for name, text, count_of in _TARGET_COUNTERS:
            counts = (((t.source, t.target), count_of(t)) for t in targets)
            yield _counter(name, text, ("source", "target"), counts)
        yield from _runs(self._tallies)
        hooks = [(source.name, hook) for source in sources for hook in source.hooks]
        for name, text, is_counter, value_of_hook in _HOOKS:
            family = _counter if is_counter else _gauge
            of_hooks = (((source, hook.name), value_of_hook(hook)) for source, hook in hooks)
            yield family(name, text, ("source", "hook"), of_hooks)
        yield _counter(
            "sersync_api_requests_total", "Requests to the API, by what they were answered with.",
            ("method", "path", "code"),
            (((method, path, str(code)), count) for (method, path, code), count in self._requests),
        )  # fmt: skip


def _of_daemon(status: DaemonStatus, starts: int) -> Iterator[Metric]:
    yield _gauge(
        "sersync_build_info", "1, with the version of the daemon as a label.", ("version",),
        [((status.version,), 1.0)],
    )  # fmt: skip
    yield _gauge(
        "sersync_start_time_seconds", "When the daemon was started, since the epoch.", (),
        [((), time.time() - status.uptime_s)],
    )  # fmt: skip
    yield _counter(
        "sersync_restarts_total", "Starts after the first one that the history knows of.", (),
        [((), float(max(0, starts - 1)))],
    )  # fmt: skip


def _state_age(source: SourceStatus) -> float | None:
    return source.state.stored_s_ago if source.state is not None else None


def _is_not_stored(source: SourceStatus) -> float | None:
    return None if source.state is None else float(source.state.reason is not None)


_SOURCE_GAUGES: Final[tuple[tuple[str, str, Callable[[SourceStatus], float | None]], ...]] = (
    ("sersync_source_halted", "1 while nothing of the source is carried.",
     lambda s: float(s.halted is not None)),
    ("sersync_source_watched_directories", "Directories that the kernel tells of.",
     lambda s: s.directories),
    ("sersync_source_missing_file_systems", "File systems below the root that are not there.",
     lambda s: len(s.missing)),
    ("sersync_source_outdated_directories",
     "Directories that a restart would compare with the targets.", lambda s: s.outdated),
    ("sersync_state_age_seconds", "Time since the last checkpoint of the state.", _state_age),
    ("sersync_state_unavailable", "1 while the state cannot be stored.", _is_not_stored),
)  # fmt: skip
_SOURCE_COUNTERS: Final[tuple[tuple[str, str, Callable[[SourceStatus], float]], ...]] = (
    ("sersync_source_overflows_total", "Overflows of the kernel's event queue.",
     lambda s: s.overflows),
    ("sersync_source_rescans_total", "Times that the source, or a part of it, was looked through.",
     lambda s: s.rescans),
)  # fmt: skip
_TARGET_GAUGES: Final[tuple[tuple[str, str, Callable[[TargetStatus], float | None]], ...]] = (
    ("sersync_target_lag_seconds", "Age of the oldest change that is not on the target yet.",
     lambda t: t.lag_s),
    ("sersync_target_state_seconds", "Time in the present state.", lambda t: t.since_s),
    ("sersync_target_pending_paths", "Paths that wait.", lambda t: t.pending),
    ("sersync_target_in_flight_paths", "Paths in running transfers.", lambda t: t.in_flight),
    ("sersync_target_quarantined_paths", "Paths that failed so often that they are tried slowly.",
     lambda t: t.quarantined),
    ("sersync_target_unconfirmed_paths", ("Paths that were carried, and are carried again to be"
     " sure."), lambda t: t.unconfirmed),
    ("sersync_target_consecutive_failures", "Failed transfers in a row.",
     lambda t: t.consecutive_failures),
    ("sersync_target_last_success_timestamp_seconds", "When a transfer last succeeded.",
     lambda t: None if t.last_success_s_ago is None else time.time() - t.last_success_s_ago),
    ("sersync_target_runs", "Transfers under way.", lambda t: t.runs),
    ("sersync_target_spares", "Connections that stand ready.", lambda t: t.spares),
    ("sersync_target_connections", "Connections to the target, all together.",
     lambda t: t.connections),
)  # fmt: skip
_TARGET_COUNTERS: Final[tuple[tuple[str, str, Callable[[TargetStatus], float]], ...]] = (
    ("sersync_target_full_passes_total", "Comparisons of everything that have ended.",
     lambda t: t.full_passes),
    ("sersync_target_drifts_total", "Times that a witness found the target other than it was left.",
     lambda t: t.witness.found if t.witness is not None else 0),
    ("sersync_audit_rounds_total", "Rounds of the audit that have ended.",
     lambda t: t.audit.rounds if t.audit is not None else 0),
    ("sersync_audit_drift_paths_total", "Paths that the audit found changed by something else.",
     lambda t: t.audit.drift if t.audit is not None else 0),
    ("sersync_audit_repaired_paths_total", "Paths that were carried again for that.",
     lambda t: t.audit.repaired if t.audit is not None else 0),
)  # fmt: skip
_HOOKS: Final[tuple[tuple[str, str, bool, Callable[[HookStatus], float]], ...]] = (
    ("sersync_hook_waiting_paths", "Paths that the hook was not told of yet.", False,
     lambda h: h.waiting),
    ("sersync_hook_done_paths_total", "Paths that the hook was told of.", True, lambda h: h.done),
    ("sersync_hook_failed_paths_total", "Paths that the hook failed for.", True,
     lambda h: h.failed),
    ("sersync_hook_dropped_paths_total", "Paths that there was no room for.", True,
     lambda h: h.dropped),
)  # fmt: skip


def _states(targets: Iterable[TargetStatus]) -> Metric:
    family = GaugeMetricFamily(
        "sersync_target_state",
        "1 for the state that the target is in, 0 for all others.",
        labels=("source", "target", "state"),
    )
    for target in targets:
        for state in TargetState:
            labels = (target.source, target.target, state.value)
            family.add_metric(_labels(labels), float(target.state is state))
    return family


def _runs(tallies: Sequence[TargetTally]) -> Iterator[Metric]:
    of_target = ("source", "target")
    by_verdict = [
        ((tally.source, tally.target, verdict), ended)
        for tally in tallies
        for verdict, ended in tally.by_verdict.items()
    ]
    yield _counter(
        "sersync_transfers_total", "Transfers that have ended.", (*of_target, "verdict"),
        ((labels, ended.runs) for labels, ended in by_verdict),
    )  # fmt: skip
    yield _counter(
        "sersync_sent_bytes_total", "Bytes sent by transfers that have ended.",
        (*of_target, "verdict"), ((labels, ended.sent_bytes) for labels, ended in by_verdict),
    )  # fmt: skip
    yield _counter(
        "sersync_transferred_files_total", "Files that rsync transferred.", of_target,
        (((t.source, t.target), t.files) for t in tallies),
    )  # fmt: skip
    yield _counter(
        "sersync_deleted_entries_total", "Entries that rsync deleted.", of_target,
        (((t.source, t.target), t.deleted) for t in tallies),
    )  # fmt: skip
    yield _histogram(
        "sersync_transfer_duration_seconds", "From the start of a transfer to its end.",
        (((t.source, t.target), t.duration) for t in tallies),
    )  # fmt: skip
    yield _histogram(
        "sersync_latency_seconds",
        "From the first report of a transfer's oldest change to the end of the transfer.",
        (((t.source, t.target), t.latency) for t in tallies),
    )


def _gauge(
    name: str, text: str, labels: Of, rows: Iterable[tuple[Of, float | None]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(_labels(values), value)
    return family


def _counter(
    name: str, text: str, labels: Of, rows: Iterable[tuple[Of, float]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(_labels(values), value)
    return family


def _histogram(name: str, text: str, rows: Iterable[tuple[Of, Histogram]]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=("source", "target"))
    for values, histogram in rows:
        ends = [*(f"{bound:g}" for bound in histogram.bounds), "+Inf"]
        buckets = list(zip(ends, histogram.cumulative(), strict=True))
        family.add_metric(_labels(values), buckets, histogram.sum)
    return family


def _labels(values: Of) -> Of:
    """Return *values* as text that can be sent: a name may come from a path, of any bytes."""
    return tuple(each.encode("utf-8", "backslashreplace").decode() for each in values)
