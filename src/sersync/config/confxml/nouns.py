"""What a confxml.xml says, in its own words: the only place besides its reader that knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sersync.config.confxml.tree import Position

SHIPPED_SWITCHES: Final = frozenset({"delete", "createFolder", "closeWrite", "moveFrom", "moveTo"})
"""What ``<inotify>`` has switched on in the file that was shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a value stands, and what it is called there."""

    position: Position
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One ``<remote>``: a host, and the rsync module there, or with ssh the directory."""

    ip: str
    name: str
    spot: Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPath:
    """One ``<localpath>``: a tree, and where it goes."""

    watch: str
    remotes: tuple[Remote, ...]
    spot: Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """``<auth start="true">``."""

    users: str
    passwordfile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssh:
    """``<ssh start="true">``; the attributes but ``start`` are additions of this program."""

    user: str = ""
    port: int | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crontab:
    """``<crontab start="true">``: a full pass every so many minutes."""

    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPlugin:
    """``<plugin name="command">``; *include* is None when its filter is off."""

    prefix: str
    suffix: str
    ignore_error: bool
    include: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketPlugin:
    """``<plugin name="socket">``."""

    watch: str
    ip: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPlugin:
    """``<plugin name="refreshCDN">``; *match* is empty when ``regex`` is off."""

    watch: str
    domainname: str
    port: int
    username: str
    passwd: str = field(repr=False)
    base: str
    match: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPlugin:
    """``<plugin name="http">``."""

    watch: str
    url: str
    port: int


Plugin = CommandPlugin | SocketPlugin | RefreshPlugin | HttpPlugin


@dataclass(frozen=True, slots=True, kw_only=True)
class Confxml:
    """The whole file. What is switched off is None or empty.

    *spots* tells where values stand, by short names such as ``params``. *plugin* is what
    ``<sersync>`` switches on; *plugins* are all that are set up, also those that are off.
    """

    localpaths: tuple[LocalPath, ...]
    spots: dict[str, Spot] = field(default_factory=dict)
    is_debug: bool = False
    is_xfs: bool = False
    host: str = "localhost"
    host_port: int = 8008
    excludes: tuple[str, ...] = ()
    switches: frozenset[str] = SHIPPED_SWITCHES
    params: str = "-artuz"
    auth: Auth | None = None
    port: int | None = None
    timeout_s: int | None = None
    ssh: Ssh | None = None
    fail_log: str = "/tmp/rsync_fail_log.sh"  # noqa: S108 - the file that was shipped has it
    fail_log_minutes: int = 60
    crontab: Crontab | None = None
    crontab_excludes: tuple[str, ...] = ()
    plugin: str = ""
    plugins: dict[str, Plugin] = field(default_factory=dict)
