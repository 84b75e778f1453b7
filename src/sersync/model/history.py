"""What happened to a target: its transfers, and how it stood from time to time."""

from __future__ import annotations

from dataclasses import dataclass, field

from sersync.model.dirty import Scope
from sersync.model.path import RelPath
from sersync.model.status import TargetState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How one target stood at one moment. *at*: seconds by the calendar.

    *files* and *sent_bytes* are totals since the start of the daemon: they fall when it restarts.
    """

    at: float
    state: TargetState
    lag_s: float = 0.0
    pending: int = 0
    files: int = 0
    sent_bytes: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One run that has ended. *at*: when, in seconds by the calendar."""

    at: float
    source: str
    target: str
    kind: str
    verdict: str
    paths: int = 0
    files: int = 0
    deleted: int = 0
    sent_bytes: int = 0
    duration_s: float = 0.0
    lag_s: float = 0.0
    """Age of its oldest path when it ended."""
    exit_code: int = 0
    reason: str = ""
    examples: tuple[RelPath, ...] = ()
    """The first few of its paths."""
    number: int = field(default=0, compare=False)
    """By which it is called; 0 until it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A path that a run was for. *failed*: it, or something of it, did not arrive by that."""

    path: RelPath
    scope: Scope
    failed: bool = False
