"""Sources, targets, and how a target is reached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Final

from sersync.model.api import ApiSettings
from sersync.model.filters import Filter, Rule
from sersync.model.follow import Follow
from sersync.model.hooks import HookSettings
from sersync.model.notification import NotifySettings
from sersync.model.options import RsyncOptions
from sersync.model.trigger import EVERY_TRIGGER, Trigger
from sersync.model.written import Written

RSYNC_PORT: Final = 873
"""Where an rsync daemon listens, if nothing else is said (rsync(1), ``--port``)."""
RSYNCS_PORT: Final = 874
"""The same for one that speaks TLS (rsync-ssl(1))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RsyncModule:
    """A module of an rsync daemon: ``[user@]host::module[/path]``.

    With *tls* the connection is encrypted, and the daemon's certificate is checked against
    *ca_file*, or where that is "" against the authorities that this host trusts.
    """

    host: str
    module: str
    path: str = ""
    user: str = ""
    port: int = RSYNC_PORT
    tls: bool = False
    ca_file: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        scheme, usual = ("rsyncs", RSYNCS_PORT) if self.tls else ("rsync", RSYNC_PORT)
        port = "" if self.port == usual else f":{self.port}"
        path = f"/{self.path}" if self.path else ""
        return f"{scheme}://{user}{host}{port}/{self.module}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteShell:
    """A directory reached by a remote shell: ``[user@]host:/path``.

    *rsh* replaces ssh by any command that takes a host and a command line, as rsync's ``-e``.
    """

    host: str
    path: str
    user: str = ""
    port: int | None = None
    identity: str = ""
    rsh: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}:{self.path}" if self.user else f"{host}:{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDirectory:
    """A directory of this host, as an absolute path."""

    path: bytes

    def __str__(self) -> str:
        return self.path.decode("utf-8", "surrogateescape")


Endpoint = RsyncModule | RemoteShell | LocalDirectory


TRASH: Final = b".sersync-trash"
"""The directory in a target's root that holds its trash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One copy of a source, and how it is kept.

    *bandwidth_kib_s*: limit over all lanes together, 0 is none. *max_delete*: entries that may
    be deleted within the guard's window before the target halts; None leaves the choice to the
    guard, a negative number switches it off. *full_pass_every_s* and *full_pass_cron*: when
    everything is compared again; 0 and "" are never. *password*: for an rsync daemon, never
    shown; *password_file* is preferred.
    """

    name: str
    endpoint: Endpoint
    filters: Filter = field(default_factory=Filter)
    full_pass_rules: tuple[Rule, ...] = ()
    """Hold before *filters* in full passes by schedule and at the start."""
    options: RsyncOptions = field(default_factory=RsyncOptions)
    delete: bool = True
    baseline: bool = False
    """The first start compares nothing, and only a scheduled pass deletes what is extraneous."""
    compares_at_start: bool = False
    """Every start compares everything, also where it is known what changed meanwhile."""
    password_file: str = ""
    password: str = field(default="", repr=False)
    bandwidth_kib_s: int = 0
    parallel: int = 2
    spares: int = 2
    timeout_s: int = 60
    connect_timeout_s: int = 10
    settle_idle_s: float = 0.0
    settle_busy_s: float = 0.010
    max_delete: int | None = None
    witness_every_s: float = 300.0
    """How often a few directories are looked at, whether they are what was carried; 0: never."""
    audit_every_s: float = 7 * 86_400.0
    """How long the slow comparison of everything takes, again and again; 0: there is none."""
    full_pass_every_s: float = 0.0
    full_pass_cron: str = ""
    large_file_bytes: int = 8 << 20
    rsync_path: str = "rsync"
    fsync: bool = False
    """The target writes to disk what it takes, before it counts as carried."""
    trash_s: float = 0.0
    """How long what is deleted or overwritten stays in the target's trash; 0: there is none."""

    @property
    def full_pass_filters(self) -> Filter:
        """What filters full passes by schedule and at the start."""
        if not self.full_pass_rules:
            return self.filters
        return Filter([*self.full_pass_rules, *self.filters.rules], self.filters.expressions)

    @property
    def in_full_pass(self) -> Target:
        """The target as full passes by schedule and at the start see it."""
        return replace(self, filters=self.full_pass_filters)

    @property
    def is_mirror(self) -> bool:
        """What the source has no name for, the target has none for."""
        return self.delete and not self.baseline

    @property
    def is_scheduled_apart(self) -> bool:
        """A full pass by schedule or at the start needs options of its own."""
        return bool(self.full_pass_rules) or (self.baseline and self.delete)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A tree that is watched, and the targets that it is carried to.

    *filters* hold for watching: what they exclude is excluded for every target. *hooks* run for
    each changed path once it stands on all targets; without targets, at once.
    """

    name: str
    root: bytes
    targets: tuple[Target, ...]
    filters: Filter = field(default_factory=Filter)
    max_delay_s: float = 10.0
    poll_every_s: float = 60.0
    """How often what the kernel does not tell of is looked through; 0 is never."""
    follows_symlink: bool = False
    """A root behind a symlink that is made to lead elsewhere is followed there; else it halts."""
    hooks: tuple[HookSettings, ...] = ()
    triggers: frozenset[Trigger] = EVERY_TRIGGER
    """What is carried when it happens; other changes wait for a full pass."""
    written: Written = field(default=Written.TOML, compare=False)
    """Where people have written that."""

    @property
    def ignore_files(self) -> bool:
        """One target or another reads ``.cvsignore`` files."""
        return any(target.options.ignore_files for target in self.targets)

    @property
    def follow(self) -> Follow:
        """The symlinks that one target or another follows."""
        return reduce(or_, (target.options.follow for target in self.targets), Follow())


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything one daemon is told."""

    sources: tuple[Source, ...]
    state_dir: str
    """This instance's own directory: lock, control socket, state."""
    config_file: str = ""
    log_level: str = "info"
    log_format: str = "text"
    """``text`` or ``json``."""
    grace_s: float = 10.0
    """How long a stop waits for running transfers before it cancels them."""
    failure_log: str = ""
    """File that lists what cannot be carried now; empty is none."""
    retry_failed_s: float = 0.0
    """Everything that failed is tried again this often; 0 leaves it to its own pauses."""
    api: ApiSettings = field(default_factory=ApiSettings)
    """Who may ask how it stands, besides the owner at the control socket."""
    notify: tuple[NotifySettings, ...] = ()
    """Who is told of halts and long lags."""
    checkpoint_every_s: float = 5.0
    """How often what must outlive the daemon is stored, when something changed."""
