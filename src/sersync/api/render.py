"""Nouns as JSON documents. Pure. ``docs/json-contract.md`` describes every field.

A field of a noun is a field of its document: ``schema`` says the same of the kinds as ``document``
does of the values, and a test holds them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final

from sersync.model.dirty import Scope
from sersync.model.path import display
from sersync.model.request import Deed
from sersync.model.status import BatchReport, DaemonStatus, PendingStatus

Json = dict[str, Any]

_DIGITS: Final = 6


def document(value: Any) -> Any:
    """Return *value* as JSON has it: paths as text, times to the microsecond, enums as words."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Scope):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):
        return display(value)
    if isinstance(value, tuple | list):
        return [document(each) for each in value]
    return {name: document(getattr(value, name)) for name in _names(value.__class__)}


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    if not is_dataclass(kind):
        raise TypeError(f"no document is made of a {kind.__name__}")
    return tuple(each.name for each in fields(kind))


def status_document(status: DaemonStatus) -> Json:
    """Return the document of ``GET /v1/status`` and ``sersync status --json``."""
    shown: Json = document(status)
    return shown


def batch_document(report: BatchReport) -> Json:
    """Return the line that ``--json`` prints for one batch."""
    outcome = report.outcome
    return {
        "event": "batch",
        "source": report.source,
        "target": report.target,
        "verdict": document(outcome.verdict),
        "paths": len(outcome.paths),
        "files": outcome.stats.files,
        "deleted": outcome.stats.deleted,
        "sent_bytes": outcome.stats.sent_bytes,
        "duration_s": document(outcome.duration_s),
        "lag_s": document(report.lag_s),
        "exit_code": outcome.exit_code,
        "reason": document(outcome.reason),
        "problems": document(outcome.problems),
    }


def deeds_document(deeds: Iterable[Deed]) -> Json:
    """Return what ``POST /v1/pause``, ``/v1/resume`` and ``/v1/resync`` answer with."""
    return {"targets": document(tuple(deeds))}


def pending_document(backlogs: Iterable[PendingStatus]) -> Json:
    """Return the document of ``GET /v1/pending``."""
    return {"targets": document(tuple(backlogs))}
