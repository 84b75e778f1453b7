"""What outlives the daemon: the changes between two checkpoints, and all of it at a start.

Times are seconds of the monotonic clock, as everywhere; a ``Moment`` leads to the calendar clock
and back, since no monotonic clock outlives a reboot (clock_gettime(2)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from sersync.model.batch import Reason
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.manifest import Row
from sersync.model.path import RelPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment by two clocks, in seconds."""

    monotonic_s: float
    wall_s: float

    def wall(self, monotonic_s: float) -> float:
        """Return the calendar's time for *monotonic_s*."""
        return self.wall_s + (monotonic_s - self.monotonic_s)

    def past(self, wall_s: float) -> float:
        """Return when *wall_s* was: never in the future, however the calendar was changed."""
        return self.monotonic_s - max(0.0, self.wall_s - wall_s)

    def coming(self, wall_s: float, *, at_most_s: float) -> float:
        """Return when *wall_s* will be: at once if it is over, and not later than *at_most_s*."""
        return self.monotonic_s + min(max(0.0, wall_s - self.wall_s), at_most_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RootIdentity:
    """Which directory a state belongs to. A device's number is none: it changes with a reboot.

    *birth_ns*: when the root was made (statx(2)), 0 where the file system does not tell.
    """

    path: bytes
    file_system: str
    inode: int
    birth_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A path that one target has yet to get, though its cursor has passed it."""

    path: DirtyPath
    is_flying: bool = False
    """A run had it: nobody knows how that ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A path to be carried again at the time *at*, for the *turn*-th time, counted from 0."""

    path: RelPath
    scope: Scope
    turn: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Paths that were settled within a few seconds from *since* on; *number* counts buckets."""

    number: int
    since: float
    paths: Mapping[RelPath, Scope]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedPass:
    """A full pass over *subtree* that is not over."""

    subtree: RelPath
    unheard_since: float | None = None
    """What changed after that, by the monotonic clock, may look unchanged; None: nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMemory:
    """What a target's worker knows that the log does not."""

    passes: tuple[UnfinishedPass, ...] = ()
    """Full passes that are not over; one for each subtree."""
    offers: tuple[Offer, ...] = ()
    """What is unconfirmed, and when it is carried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a guard asks a person: whether deletions are meant."""

    reason: Reason
    entries: int
    """How many are to be deleted, as far as they were counted."""
    deleted: int
    """How many were deleted just before."""
    follows: bool
    """The number is kept current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What holds a target up until a person acts, and where something was carried last."""

    is_paused: bool = False
    asked: Asked | None = None
    recent: tuple[RelPath, ...] = ()
    deleted: int = 0
    """Entries that were deleted just before, and count against the limit of deletions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChanges:
    """What was reported since the last checkpoint, oldest first."""

    reported: Sequence[DirtyPath]
    sequence: int
    """That of the newest report ever."""
    size: int
    """How many paths the log holds."""
    is_whole: bool = False
    """*reported* is all there is; what was stored before is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChanges:
    """What changed for one target since the last checkpoint."""

    name: str
    basis: str
    cursor: int
    waiting: Sequence[Waiting]
    """New, or not as it was."""
    gone: AbstractSet[RelPath]
    """Does not wait any more."""
    memory: TargetMemory | None
    """None: it is what it was."""
    held: Held | None = None
    """None: it is what it was."""
    settled: Sequence[Bucket] = ()
    """Those that are new or not what they were."""
    settled_from: int = 0
    """Buckets with a smaller number are over."""
    is_whole: bool = False
    """*waiting*, *memory* and *settled* are all there is."""
    is_news: bool = True
    """False: nothing is other than it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything that one transaction stores."""

    moment: Moment
    log: LogChanges
    targets: tuple[TargetChanges, ...]
    voided: Sequence[RelPath] = ()
    """Subtrees that the manifest says nothing about from now on, but for *rows*."""
    rows: Sequence[Row] = ()
    """Directories that the manifest vouches for."""
    is_clean: bool = False
    """The daemon has come to its end: no run is under way, and none will be."""
    root_is_lost: bool = False
    """The root was found to be another directory, and nobody has said that it is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTarget:
    """What was stored of one target."""

    name: str
    basis: str
    cursor: int
    waiting: tuple[Waiting, ...] = ()
    memory: TargetMemory = field(default_factory=TargetMemory)
    settled: tuple[Bucket, ...] = ()
    """What was carried lately: a target that loses power may lose it."""
    held: Held = field(default_factory=Held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was stored of one source and its targets."""

    log: tuple[DirtyPath, ...]
    sequence: int
    targets: Mapping[str, KeptTarget]
    was_clean: bool
    """It was stored by a daemon that stopped in order."""
    same_boot: bool
    """The machine was not started again since."""
    stored_at: float = 0.0
    """When that was: all that was reported before is part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What a start found: a state, or why there is none."""

    kept: Kept | None = None
    reason: Reason | None = None
    """Why what was there could not be used; None also where nothing was."""
    root_was_lost: bool = False
    """What was there ended with a root that had been replaced, and still is another one."""
