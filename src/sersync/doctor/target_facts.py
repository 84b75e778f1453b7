"""What was seen of a target; nothing is judged here. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from sersync.doctor.facts import Room
from sersync.model.batch import Reason
from sersync.model.capabilities import Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a connection to an rsync daemon came, before any rsync ran."""

    addresses: tuple[str, ...] = ()
    no_address: str = ""
    """Why the name stands for no address."""
    latency_s: float | None = None
    """Until the connection stood; None when it never did."""
    not_connected: str = ""
    greeting: str = ""
    """The first line that came."""
    refusal: str = ""
    """What the daemon said to the name of the module instead of going on (``@ERROR: …``)."""
    connections: int = 0
    """How many stood at the same time, of those that are wanted."""
    wanted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellFacts:
    """What a login by ssh gave."""

    code: int
    said: bytes = b""
    """Standard error."""
    noise: bytes = b""
    """Standard output of a command that prints nothing."""
    seconds: float = 0.0
    again_seconds: float | None = None
    """A second login over the shared connection; None when there is none."""
    unshared: int = 0
    """Of as many logins at once as transfers need, those that the shared connection refused."""
    rsync: str = ""
    """The version line of the rsync there; empty when it did not answer."""
    is_restricted: bool = False
    """Only rsync may be run there (rrsync, a forced command)."""
    identity_obstacle: str = ""
    """Why the configured key cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What came back of a test directory. None: it could not be told."""

    readable: bool = True
    """False when the target lets nothing be read back."""
    mode: bool | None = None
    owner: bool | None = None
    times: bool | None = None
    symlinks: bool | None = None
    hard_links: bool | None = None
    xattrs: bool | None = None
    names: bool | None = None
    """Names that are not UTF-8."""
    link_storage: str = ""
    """``munged`` or ``fake super`` where symlinks stand there as something else."""
    clock_ahead_s: float | None = None
    """How far the target's clock is ahead of ours; within a second it is noise."""
    trouble: Reason | None = None
    """Why the test directory could not be written at all."""
    left_behind: str = ""
    """Why the test directory could not be removed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """One target, tried."""

    reached: Reached | None = None
    shell: ShellFacts | None = None
    failure: Reason | None = None
    """Why it did not take and give up a small file."""
    was_tried: bool = False
    """A small file was sent, or at least attempted."""
    capabilities: Capabilities = field(default_factory=Capabilities)
    notes: tuple[str, ...] = ()
    kept: Kept | None = None
    room: Room | None = None
    in_use: bool = False
    """A running instance holds connections to it at this moment."""
