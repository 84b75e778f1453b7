"""Everything that is known about one path: what ``explain`` answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Problem, Reason
from sersync.model.difference import Difference
from sersync.model.path import ROOT, RelPath
from sersync.model.pending import MissingPath
from sersync.model.status import TargetState


class FileKind(Enum):
    """What stands at a path of the source."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"
    NOTHING = "nothing"


class Watched(Enum):
    """How it is noticed that a path changes."""

    TOLD = "inotify"
    """The kernel tells of it."""
    SHARED = "inotify-and-polled"
    """The kernel tells of what this host changes; all else is looked for now and then."""
    POLLED = "polled"
    """It cannot be watched, and is looked through now and then."""
    MISSING = "missing"
    """It lies on a file system that is not there; nothing of it is carried."""
    NOT_YET = "not-yet"
    """The directory is not watched: it is new, or there is none."""
    HALTED = "halted"
    """The whole source is halted, and not watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """What keeps a path out: the rule, and the path that it excludes, perhaps one above."""

    path: RelPath
    rule: str
    place: str = ""
    """File and line of the rule, as far as known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A transfer that was for a path. *at*: when it ended, by the calendar, in seconds.

    *number*: as ``sersync history`` calls it. *by*: what it was for, the path or a directory above
    that was looked through after the path last changed. *failed*: the path did not arrive by it.
    """

    at: float
    number: int = 0
    by: RelPath = ROOT
    failed: bool = False
    kind: str
    verdict: str
    paths: int
    duration_s: float
    lag_s: float
    exit_code: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTarget:
    """What a dry run of just that name has shown now. Neither field: both sides are the same."""

    difference: Difference | None = None
    unknown: Reason | None = None
    """Why it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTarget:
    """What is known about a path for one target."""

    target: str
    state: TargetState
    reason: Reason | None = None
    """Why nothing is carried, or why the last attempt failed."""
    retry_in_s: float | None = None
    excluded: Exclusion | None = None
    pending: tuple[MissingPath, ...] = ()
    """It, and what lies above or below it; the first few."""
    omitted: int = 0
    compared: tuple[RelPath, ...] = ()
    """Subtrees with it that are being compared, or are to be."""
    problem: Problem | None = None
    unconfirmed: int = 0
    last: Carried | None = None
    on_target: OnTarget | None = None
    """None: nobody asked the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is known about one path of one source."""

    source: str
    root: bytes
    path: RelPath
    kind: FileKind
    behind: RelPath | None = None
    """What stands above it is no directory, a symlink perhaps: so it is no part of the source."""
    size_bytes: int = 0
    excluded: Exclusion | None = None
    watched: Watched
    watched_from: RelPath = ROOT
    """The directory whose watch tells of it, or the subtree that is looked through."""
    halted: Reason | None = None
    targets: tuple[OfTarget, ...] = ()
