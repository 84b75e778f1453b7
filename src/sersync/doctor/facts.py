"""What was seen of this host and of a source; nothing is judged here. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where a directory lies and what is left there. 0 total: it could not be seen."""

    path: str
    kind: str = ""
    """The type of the file system, such as ``ext4``."""
    free_bytes: int = 0
    total_bytes: int = 0
    free_inodes: int = 0
    total_inodes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """The kernel's limits on inotify for this user; 0: cannot be read."""

    watches: int
    queued_events: int
    can_be_raised: bool
    """This process may write below ``/proc/sys/fs/inotify``."""
    is_read_only: bool = False
    """``/proc/sys`` is mounted read only, as in a container."""
    obstacle: str = ""
    """Why no queue could be opened just now."""
    namespace_watches: int = 0
    """The limit of this user namespace (namespaces(7)), if there is one; 0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """A host, as the user that asks sees it."""

    rsync: tuple[int, ...] | None
    """The version; None without an rsync."""
    is_root: bool
    user: str
    reads_everything: bool
    """CAP_DAC_READ_SEARCH is in force (capabilities(7))."""
    limits: WatchLimits
    open_files: int
    """RLIMIT_NOFILE, the limit that a process may raise itself to; 0 is no limit."""
    state: Room
    state_obstacle: str = ""
    """Why the state directory cannot be used."""
    clock_is_synchronized: bool | None = None
    selinux: str = ""
    """``enforcing``, ``permissive``; empty without SELinux."""
    rsync_full_access: bool | None = None
    """SELinux's switch of that name; None where it is not known."""
    firewalld: bool = False
    in_container: bool = False
    installer: str = "apt-get"
    """This distribution's installer of packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MountFacts:
    """A file system mounted below a source."""

    point: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """One source, looked through."""

    name: str
    root: str
    obstacle: str = ""
    """Why it cannot be read at all."""
    kind: str = ""
    mounts: tuple[MountFacts, ...] = ()
    directories: int = 0
    entries: int = 0
    unreadable: int = 0
    unreadable_examples: tuple[str, ...] = ()
    is_complete: bool = True
    """False when the time was over before everything was counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What the configuration as a whole asks of this host."""

    directories: int = 0
    counted_all: bool = True
    connections: int = 0
    """rsyncs that may run at the same time, over all targets."""
