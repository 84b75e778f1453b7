"""What can be seen from outside: snapshots, safe to hand to any thread."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Outcome, Problem, Reason
from sersync.model.dirty import Scope
from sersync.model.mount import MissingMount
from sersync.model.path import ROOT, RelPath, display


class TargetState(Enum):
    """Where a target stands. Every value is a sentence that an operator can act on."""

    STARTING = "starting"
    """The target is being probed; nothing was carried yet."""
    RESYNCING = "resyncing"
    """Everything is compared, with the target or with what was known; live changes go on."""
    IN_SYNC = "in-sync"
    """Every change we know of stands on the target."""
    SETTLING = "settling"
    """Changes are known that are held back: a file still being written, a retry to come."""
    TRANSFERRING = "transferring"
    """Changes are on their way."""
    BACKING_OFF = "backing-off"
    """The last attempt failed; the next one follows by itself."""
    PAUSED = "paused"
    """A person asked us to wait."""
    HALTED = "halted"
    """A person is needed: going on could do harm, or cannot succeed."""
    STOPPED = "stopped"
    """The daemon is going down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassProgress:
    """How far a full pass has come. Totals are 0 until they are known."""

    entries: int = 0
    entries_total: int = 0
    bytes: int = 0
    bytes_total: int = 0
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessStatus:
    """What was seen when a few directories of a target were last looked at."""

    looked_s_ago: float
    differing: int = 0
    """Paths that are not what was carried there; then everything is compared again."""
    first: str = ""
    """One of these, for people."""
    found: int = 0
    """How often since the start the target was not what it was left as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPath:
    """A path that a target does not have as it is."""

    path: RelPath
    scope: Scope
    since_s: float
    """How long it is dirty."""
    due_in_s: float | None = 0.0
    """How long it is held back yet; None: until a transfer that is in its way has ended."""
    in_flight: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStatus:
    """A transfer under way. *bytes*: what it has handled of *bytes_total*, the size of its files.

    The kind is one of ``transfer.command.Kind``.
    """

    kind: str
    paths: int
    bytes: int
    bytes_total: int
    elapsed_s: float
    first_path: RelPath


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryCount:
    """How many paths are pending in a directory, or in it and all below it."""

    directory: RelPath
    paths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingStatus:
    """All that one target lacks, in few words."""

    source: str
    target: str
    pending: int
    in_flight: int
    directories: tuple[DirectoryCount, ...]
    directories_omitted: int
    paths: tuple[PendingPath, ...]
    omitted: int
    """How many paths are not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditStatus:
    """How far the slow comparison of everything with a target has come."""

    every_s: float
    """How long one round takes."""
    began_at: float = 0.0
    """When this round began, by the calendar; 0.0: it has not begun."""
    directory: RelPath = ROOT
    """The last one that was compared."""
    entries: int = 0
    """Compared in this round."""
    rounds: int = 0
    """Rounds that came to their end."""
    drift: int = 0
    """Paths that something else had changed on the target, in all rounds."""
    repaired: int = 0
    """Of these, those that were carried again."""
    last_drift: str = ""
    """The first of the last ones, for people."""
    last_drift_at: float | None = None
    """When they were found, by the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """One target at one moment. *lag_s*: age of the oldest dirty path, 0.0 when in sync."""

    source: str
    target: str
    endpoint: str
    state: TargetState
    since_s: float = 0.0
    """Seconds in this state."""
    lag_s: float = 0.0
    pending: int = 0
    in_flight: int = 0
    pending_paths: tuple[PendingPath, ...] = ()
    """Some of both; the oldest is among them."""
    pending_omitted: int = 0
    unconfirmed: int = 0
    spares: int = 0
    runs: int = 0
    """Runs active now."""
    transfers: tuple[TransferStatus, ...] = ()
    """The same, one by one."""
    connections: int = 0
    """The rsyncs that are connected or connecting: transfers, spares, a dry run beside them."""
    batches: int = 0
    full_passes: int = 0
    """Full passes that ended since the start."""
    compared: bool = False
    """What it lacks is known: everything was compared once, before the last restart perhaps."""
    files: int = 0
    sent_bytes: int = 0
    files_per_s: float = 0.0
    bytes_per_s: float = 0.0
    consecutive_failures: int = 0
    retry_in_s: float | None = None
    last_success_s_ago: float | None = None
    reason: Reason | None = None
    problems: tuple[Problem, ...] = ()
    problems_omitted: int = 0
    quarantined: int = 0
    """Paths that failed so often that they are tried slowly."""
    notes: tuple[str, ...] = ()
    """What was found out about the target and limits what can be done (an old rsync, …)."""
    searching_names: bool = False
    """A file has more names than are known; a full pass looks for them as soon as it may."""
    witness: WitnessStatus | None = None
    """None: nobody has looked yet, or that is switched off."""
    audit: AuditStatus | None = None
    """None: it is switched off, or has not begun."""
    progress: PassProgress | None = None


def problems_line(target: TargetStatus) -> str:
    """Return in one line how many paths *target* does not take, and why the first of them fails."""
    failing = len(target.problems) + target.problems_omitted
    first = target.problems[0]
    paths = "1 path" if failing == 1 else f"{failing:,} paths"
    which = "" if failing == 1 else "first "
    return f"{paths} cannot be carried, {which}{display(first.path) or 'the root'}: {first.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateStatus:
    """How it stands with what outlives the daemon."""

    stored_s_ago: float | None = None
    """Seconds since the last checkpoint; None: there was none yet."""
    reason: Reason | None = None
    """Why it cannot be stored now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookStatus:
    """One hook at one moment. *done*, *failed* and *dropped* are counted since the start."""

    name: str
    waiting: int = 0
    """Paths that it was not told of yet."""
    done: int = 0
    failed: int = 0
    """Paths that it was not told of in as many attempts as it has."""
    dropped: int = 0
    """Paths that there was no room for."""
    last_error: str = ""
    fails: bool = False
    """What it was last told of failed, at least in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """One source at one moment."""

    name: str
    root: str
    watcher: str
    directories: int
    halted: Reason | None
    missing: tuple[MissingMount, ...] = ()
    """File systems below the root that are not there: nothing in them is carried or deleted."""
    notes: tuple[str, ...]
    targets: tuple[TargetStatus, ...]
    outdated: int | None = None
    """Directories that a restart would compare with the targets, since they changed of late.

    None: there is no manifest, and it would compare everything."""
    state: StateStatus | None = None
    """None: nothing is kept, as in a single pass."""
    hooks: tuple[HookStatus, ...] = ()
    overflows: int = 0
    """How often the kernel's event queue overflowed since the start."""
    rescans: int = 0
    """How often the source, or a part of it, was compared with the manifest since the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStatus:
    """The whole daemon at one moment."""

    version: str
    pid: int
    uptime_s: float
    config_file: str
    state_dir: str
    listen: str = ""
    """Where page, JSON and metrics can be read; empty: nowhere."""
    listen_error: str = ""
    """Why they cannot be read there now."""
    sources: tuple[SourceStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """One run that ended, told when it did. *lag_s*: age of its oldest path at that moment."""

    source: str
    target: str
    outcome: Outcome
    lag_s: float
