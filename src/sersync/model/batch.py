"""One transfer's result: what to do next, and which paths are concerned."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath


class Verdict(Enum):
    """What a finished run means for its paths."""

    DONE = "done"
    """Everything stands on the target."""
    PARTIAL = "partial"
    """All but the paths named in the problems stand on the target."""
    RETRY = "retry"
    """Nothing is certain; try again, after a pause."""
    HALT = "halt"
    """A person is needed; nothing more is carried to this target until then."""


class Stage(Enum):
    """Where a path failed."""

    READ = "read"
    """At the source: permission, input/output error."""
    WRITE = "write"
    """On the target: permission, space, name too long."""
    DELETE = "delete"
    """The deletion on the target."""
    REFUSED = "refused"
    """The target will never take it (its own filter, a device at an unprivileged daemon)."""
    CHANGED = "changed"
    """It changed while it was carried."""
    VANISHED = "vanished"
    """It was gone before it could be read: no failure, it is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Trouble with one path. It is data, not an error: the rest goes on."""

    path: RelPath
    stage: Stage
    message: str
    remedy: str = ""
    failures: int = 0
    """How often it failed in a row, when it is shown."""
    retry_in_s: float | None = None
    """When it is tried again, when it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a run failed, for people: what happened, what to do, a command to paste."""

    message: str
    remedy: str = ""
    command: str = ""
    needs_confirm: bool = False
    """Going on may do harm: a person has to say that it is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What rsync counted in one run."""

    files: int = 0
    sent_bytes: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What a target holds: entries that the source has too, and *strange* ones that it has not."""

    shared: int
    strange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What carrying some paths would do, as dry runs tell.

    *number* is that of the examination; *deleted* counts entries, *differing* names what is not
    on the target as it is here, where that was asked for.
    """

    number: int
    deleted: int = 0
    differing: frozenset[RelPath] = frozenset()
    too_wide: bool = False
    """Some of the paths are too large for one run, and were not looked at."""
    failed: Reason | None = None
    """Why it could not be found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A path that must be marked dirty anew, although nothing changed at the source."""

    path: RelPath
    scope: Scope = Scope.ENTRY
    failed: bool = False
    """It is tried again because it failed, so not at once."""
    content: bool = False
    """What is there may look like what the target has, and be something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one run ended, and for which dirty paths. Returned, never raised."""

    verdict: Verdict
    paths: tuple[DirtyPath, ...]
    reason: Reason | None = None
    exit_code: int = 0
    duration_s: float = 0.0
    stats: Stats = field(default_factory=Stats)
    problems: tuple[Problem, ...] = ()
    again: tuple[Again, ...] = ()
    unconfirmed: bool = False
    """The end is unknown: the run may still be finishing on the target."""
    to_delete: int = 0
    """Entries that the run was kept from deleting, as counted by a dry run."""
    census: Census | None = None
    """This was no run for any path: it has counted what the target holds."""
    findings: Findings | None = None
    """This was no run for any path: it has found out what some would do."""
    kind: str = ""
    warm: bool = False
    command: str = ""
    """A command that repeats the run by hand, ready to paste."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What a transport did not start, and what it took along.

    *waiting*: a running transfer holds the path, or no lane is free. *too_wide*: a subtree too
    large for one run, to be offered again in slices. *added*: what is in flight besides, without
    having been asked for: other names of a file, for example.
    """

    waiting: tuple[DirtyPath, ...] = ()
    too_wide: tuple[DirtyPath, ...] = ()
    added: tuple[DirtyPath, ...] = ()
