"""What a target has not got yet, as it is told to people; and how a wait for it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Problem, Reason
from sersync.model.dirty import Scope
from sersync.model.path import RelPath
from sersync.model.status import PassProgress, TargetState


class Because(Enum):
    """Why a dirty path is not on the target yet."""

    DUE = "due"
    """Nothing holds it: it goes with the next transfer."""
    IN_FLIGHT = "in-flight"
    """A transfer carries it now."""
    BUSY = "busy"
    """A running transfer holds the path, or one above or below it."""
    HELD = "held"
    """It was written a moment ago, and perhaps still is."""
    FAILED = "failed"
    """It failed, and is tried again later; the problem says why."""
    COMPARED = "compared"
    """A comparison of the directory has not come to it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPath:
    """One path that is dirty for one target. *due_in_s*: when it is tried; 0.0 is now."""

    path: RelPath
    scope: Scope
    because: Because
    since_s: float
    due_in_s: float = 0.0
    problem: Problem | None = None


class Ending(Enum):
    """How a wait for one target has ended."""

    STANDS = "stands"
    """Everything that was changed before stands on the target."""
    REFUSED = "refused"
    """All of it but some paths that the target will never take."""
    HELD = "held"
    """It cannot go on without a person: paused, halted, or a file system is missing."""
    WAITING = "waiting"
    """It has not ended: something is still on its way, or is tried again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What came of waiting for one target."""

    source: str
    target: str
    ending: Ending
    state: TargetState
    reason: Reason | None = None
    """Why nothing is carried, or why the last attempt failed."""
    goes_on: str = ""
    """The command by which a person lets it go on, where one is needed."""
    stage: str = ""
    """What is waited for besides paths, in a sentence."""
    progress: PassProgress | None = None
    """How far the comparison has come that has to end first."""
    paths: tuple[MissingPath, ...] = ()
    """The first few that are missing."""
    omitted: int = 0
    refused: tuple[Problem, ...] = ()
    unconfirmed: int = 0
    """Paths that were carried, and are carried again later: a lost run may still touch them."""
    notes: tuple[str, ...] = ()
    """What the answer does not vouch for, or how it was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flushed:
    """What a flush let go for one target. *held*: paths that would have waited longer."""

    source: str
    target: str
    held: int
    pending: int
    in_flight: int
    state: TargetState
    reason: Reason | None = None
    """Why nothing is carried all the same."""
