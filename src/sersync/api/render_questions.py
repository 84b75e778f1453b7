"""Answers to questions as JSON documents. Pure. ``docs/json-contract.md`` describes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sersync.api.render import problem_document, progress_document, reason_document
from sersync.api.sentences import sentences
from sersync.model.difference import Difference
from sersync.model.explanation import Carried, Exclusion, Explanation, OfTarget, OnTarget
from sersync.model.path import display
from sersync.model.pending import Ending, Flushed, MissingPath, Waited
from sersync.model.verification import Verification

Json = dict[str, Any]


def waited_document(waited: Iterable[Waited]) -> Json:
    """Return what ``POST /v1/wait`` answers with."""
    waited = list(waited)
    return {
        "stands": all(each.ending is Ending.STANDS for each in waited),
        "targets": [_waited(each) for each in waited],
    }


def flushed_document(flushed: Iterable[Flushed]) -> Json:
    """Return what ``POST /v1/flush`` answers with."""
    return {
        "targets": [
            {
                "source": each.source,
                "target": each.target,
                "held": each.held,
                "pending": each.pending,
                "in_flight": each.in_flight,
                "state": each.state.value,
                "reason": reason_document(each.reason),
            }
            for each in flushed
        ]
    }


def explanations_document(explanations: Iterable[Explanation], *, state_dir: str) -> Json:
    """Return what ``GET /v1/explain`` answers with; *state_dir* is that of the daemon."""
    return {"sources": [_explanation(each, state_dir) for each in explanations]}


def verifications_document(verifications: Iterable[Verification], *, most: int) -> Json:
    """Return what ``/v1/verify`` answers with; at most *most* paths of each comparison."""
    return {"verifications": [_verification(each, most) for each in verifications]}


def _waited(waited: Waited) -> Json:
    return {
        "source": waited.source,
        "target": waited.target,
        "ending": waited.ending.value,
        "state": waited.state.value,
        "reason": reason_document(waited.reason),
        "stage": waited.stage,
        "progress": progress_document(waited.progress),
        "paths": [missing_document(each) for each in waited.paths],
        "omitted": waited.omitted,
        "refused": [problem_document(each) for each in waited.refused],
        "unconfirmed": waited.unconfirmed,
        "notes": list(waited.notes),
    }


def missing_document(pending: MissingPath) -> Json:
    """Return one path that is dirty for a target."""
    return {
        "path": display(pending.path),
        "scope": pending.scope.name.lower(),
        "because": pending.because.value,
        "since_s": round(pending.since_s, 6),
        "due_in_s": round(pending.due_in_s, 6),
        "problem": problem_document(pending.problem) if pending.problem else None,
    }


def _explanation(explanation: Explanation, state_dir: str) -> Json:
    return {
        "source": explanation.source,
        "root": display(explanation.root),
        "path": display(explanation.path),
        "kind": explanation.kind.value,
        "behind": None if explanation.behind is None else display(explanation.behind),
        "size_bytes": explanation.size_bytes,
        "excluded": _exclusion(explanation.excluded),
        "watched": explanation.watched.value,
        "watched_from": display(explanation.watched_from),
        "halted": reason_document(explanation.halted),
        "targets": [_of_target(each) for each in explanation.targets],
        "sentences": sentences(explanation, state_dir=state_dir),
    }


def _exclusion(exclusion: Exclusion | None) -> Json | None:
    if exclusion is None:
        return None
    return {
        "path": display(exclusion.path),
        "rule": exclusion.rule,
        "place": exclusion.place,
    }


def _of_target(each: OfTarget) -> Json:
    return {
        "target": each.target,
        "state": each.state.value,
        "reason": reason_document(each.reason),
        "retry_in_s": each.retry_in_s,
        "excluded": _exclusion(each.excluded),
        "pending": [missing_document(path) for path in each.pending],
        "omitted": each.omitted,
        "compared": [display(path) for path in each.compared],
        "problem": problem_document(each.problem) if each.problem else None,
        "unconfirmed": each.unconfirmed,
        "last": _carried(each.last),
        "on_target": _on_target(each.on_target),
    }


def _carried(carried: Carried | None) -> Json | None:
    if carried is None:
        return None
    return {
        "at": carried.at,
        "kind": carried.kind,
        "verdict": carried.verdict,
        "paths": carried.paths,
        "duration_s": round(carried.duration_s, 6),
        "lag_s": round(carried.lag_s, 6),
        "exit_code": carried.exit_code,
        "reason": carried.reason,
    }


def _on_target(on_target: OnTarget | None) -> Json | None:
    if on_target is None:
        return None
    found = on_target.difference
    return {
        "same": None if on_target.unknown is not None else found is None,
        "difference": None if found is None else _difference(found),
        "unknown": reason_document(on_target.unknown),
    }


def _difference(difference: Difference) -> Json:
    return {
        "path": display(difference.path),
        "kind": difference.kind.value,
        "how": list(difference.how),
    }


def _verification(each: Verification, most: int) -> Json:
    return {
        "source": each.source,
        "target": each.target,
        "path": display(each.subtree),
        "checksum": each.checksum,
        "repair": each.repairs,
        "running": each.is_running,
        "elapsed_s": round(each.elapsed_s, 6),
        "entries": each.entries,
        "entries_total": max(each.entries, each.entries_total) if each.entries_total else 0,
        "drift": each.drift,
        "pending": each.pending,
        "changing": each.changing,
        "unreadable": each.unreadable,
        "repaired": each.repaired,
        "found": [
            {**_difference(found.difference), "cause": found.cause.value}
            for found in each.found[:most]
        ],
        "omitted": each.omitted + max(0, len(each.found) - most),
        "failed": reason_document(each.failed),
    }
