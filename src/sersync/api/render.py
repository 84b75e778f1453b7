"""Snapshots as JSON documents. Pure. ``docs/json-contract.md`` describes every field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sersync.model.batch import Outcome, Problem, Reason
from sersync.model.path import display
from sersync.model.request import Deed
from sersync.model.status import (
    AuditStatus,
    BatchReport,
    DaemonStatus,
    HookStatus,
    PassProgress,
    PendingPath,
    PendingStatus,
    SourceStatus,
    StateStatus,
    TargetStatus,
    TransferStatus,
    WitnessStatus,
)

Json = dict[str, Any]


def status_document(status: DaemonStatus) -> Json:
    """Return the document of ``GET /v1/status`` and ``sersync status --json``."""
    return {
        "version": status.version,
        "pid": status.pid,
        "uptime_s": _seconds(status.uptime_s),
        "config_file": status.config_file,
        "state_dir": status.state_dir,
        "listen": status.listen,
        "listen_error": status.listen_error,
        "sources": [_source(source) for source in status.sources],
    }


def batch_document(report: BatchReport) -> Json:
    """Return the line that ``--json`` prints for one batch."""
    outcome = report.outcome
    return {
        "event": "batch",
        "source": report.source,
        "target": report.target,
        "verdict": outcome.verdict.value,
        "paths": len(outcome.paths),
        "files": outcome.stats.files,
        "deleted": outcome.stats.deleted,
        "sent_bytes": outcome.stats.sent_bytes,
        "duration_s": _seconds(outcome.duration_s),
        "lag_s": _seconds(report.lag_s),
        **_ending(outcome),
    }


def deeds_document(deeds: Iterable[Deed]) -> Json:
    """Return what ``POST /v1/pause``, ``/v1/resume`` and ``/v1/resync`` answer with."""
    return {
        "targets": [
            {
                "source": deed.source,
                "target": deed.target,
                "did": deed.did.value,
                "reason": reason_document(deed.reason),
            }
            for deed in deeds
        ]
    }


def pending_document(backlogs: Iterable[PendingStatus]) -> Json:
    """Return the document of ``GET /v1/pending``."""
    return {
        "targets": [
            {
                "source": each.source,
                "target": each.target,
                "pending": each.pending,
                "in_flight": each.in_flight,
                "directories": [
                    {"directory": display(count.directory), "paths": count.paths}
                    for count in each.directories
                ],
                "directories_omitted": each.directories_omitted,
                "paths": [_pending_path(path) for path in each.paths],
                "omitted": each.omitted,
            }
            for each in backlogs
        ]
    }


def _ending(outcome: Outcome) -> Json:
    return {
        "exit_code": outcome.exit_code,
        "reason": reason_document(outcome.reason),
        "problems": [problem_document(problem) for problem in outcome.problems],
    }


def _source(source: SourceStatus) -> Json:
    return {
        "name": source.name,
        "root": source.root,
        "watcher": source.watcher,
        "directories": source.directories,
        "outdated": source.outdated,
        "halted": reason_document(source.halted),
        "missing": [
            {"path": display(each.path), "reason": reason_document(each.reason)}
            for each in source.missing
        ],
        "notes": list(source.notes),
        "state": _state(source.state),
        "targets": [_target(target) for target in source.targets],
        "hooks": [_hook(hook) for hook in source.hooks],
        "overflows": source.overflows,
        "rescans": source.rescans,
    }


def _hook(hook: HookStatus) -> Json:
    return {
        "name": hook.name,
        "waiting": hook.waiting,
        "done": hook.done,
        "failed": hook.failed,
        "dropped": hook.dropped,
        "last_error": hook.last_error,
    }


def _state(state: StateStatus | None) -> Json | None:
    if state is None:
        return None
    return {"stored_s_ago": _seconds(state.stored_s_ago), "reason": reason_document(state.reason)}


def _target(target: TargetStatus) -> Json:
    return {
        "source": target.source,
        "target": target.target,
        "endpoint": target.endpoint,
        "state": target.state.value,
        "since_s": _seconds(target.since_s),
        "lag_s": _seconds(target.lag_s),
        "pending": target.pending,
        "in_flight": target.in_flight,
        "pending_paths": [_pending_path(path) for path in target.pending_paths],
        "pending_omitted": target.pending_omitted,
        "unconfirmed": target.unconfirmed,
        "spares": target.spares,
        "runs": target.runs,
        "transfers": [_transfer(each) for each in target.transfers],
        "connections": target.connections,
        "batches": target.batches,
        "full_passes": target.full_passes,
        "files": target.files,
        "sent_bytes": target.sent_bytes,
        "files_per_s": round(target.files_per_s, 1),
        "bytes_per_s": round(target.bytes_per_s, 1),
        "consecutive_failures": target.consecutive_failures,
        "retry_in_s": _seconds(target.retry_in_s),
        "last_success_s_ago": _seconds(target.last_success_s_ago),
        "reason": reason_document(target.reason),
        "problems": [problem_document(problem) for problem in target.problems],
        "problems_omitted": target.problems_omitted,
        "quarantined": target.quarantined,
        "notes": list(target.notes),
        "searching_names": target.searching_names,
        "witness": _witness(target.witness),
        "audit": _audit(target.audit),
        "progress": progress_document(target.progress),
    }


def _pending_path(pending: PendingPath) -> Json:
    return {
        "path": display(pending.path),
        "scope": pending.scope.name.lower(),
        "since_s": _seconds(pending.since_s),
        "due_in_s": _seconds(pending.due_in_s),
        "in_flight": pending.in_flight,
    }


def _transfer(transfer: TransferStatus) -> Json:
    return {
        "kind": transfer.kind,
        "paths": transfer.paths,
        "bytes": transfer.bytes,
        "bytes_total": transfer.bytes_total,
        "elapsed_s": _seconds(transfer.elapsed_s),
        "first_path": display(transfer.first_path),
    }


def _audit(audit: AuditStatus | None) -> Json | None:
    if audit is None:
        return None
    return {
        "every_s": _seconds(audit.every_s),
        "began_at": audit.began_at,
        "directory": display(audit.directory),
        "entries": audit.entries,
        "rounds": audit.rounds,
        "drift": audit.drift,
        "repaired": audit.repaired,
        "last_drift": audit.last_drift,
        "last_drift_at": audit.last_drift_at,
    }


def _witness(witness: WitnessStatus | None) -> Json | None:
    if witness is None:
        return None
    return {
        "looked_s_ago": _seconds(witness.looked_s_ago),
        "differing": witness.differing,
        "first": witness.first,
        "found": witness.found,
    }


def reason_document(reason: Reason | None) -> Json | None:
    """Return a reason as it stands in every document."""
    if reason is None:
        return None
    return {
        "message": reason.message,
        "remedy": reason.remedy,
        "command": reason.command,
        "needs_confirm": reason.needs_confirm,
    }


def problem_document(problem: Problem) -> Json:
    """Return a path that fails as it stands in every document."""
    return {
        "path": display(problem.path),
        "stage": problem.stage.value,
        "message": problem.message,
        "remedy": problem.remedy,
        "failures": problem.failures,
        "retry_in_s": _seconds(problem.retry_in_s),
    }


def progress_document(progress: PassProgress | None) -> Json | None:
    """Return how far a comparison has come as it stands in every document."""
    if progress is None:
        return None
    return {
        "entries": progress.entries,
        "entries_total": progress.entries_total,
        "bytes": progress.bytes,
        "bytes_total": progress.bytes_total,
        "elapsed_s": _seconds(progress.elapsed_s),
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
