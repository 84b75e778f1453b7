"""Gathers what the doctor must know of this host. Changes nothing."""

from __future__ import annotations

import os
import pwd
import re
import resource
import shutil
import tempfile
from pathlib import Path
from typing import Final

from sersync.doctor.facts import HostFacts, Room, WatchLimits
from sersync.linux.clock import clock_is_synchronized
from sersync.linux.inotify import open_queue
from sersync.linux.limits import DIRECTORY, Limit, namespace_watches, number_in, read_limit
from sersync.linux.mounts import mounted
from sersync.linux.once import run_once

_READ_SEARCH: Final = 1 << 2
"""CAP_DAC_READ_SEARCH in the kernel's bit masks (linux/capability.h)."""


def look_at_host(state_dir: str) -> HostFacts:
    """Return what can be seen of this host; *state_dir* is where an instance would keep state."""
    place = _existing(state_dir)
    return HostFacts(
        rsync=rsync_version(),
        is_root=os.geteuid() == 0,
        user=_user(),
        reads_everything=bool(_capabilities() & _READ_SEARCH),
        limits=_limits(),
        open_files=_open_files(),
        state=look_at_room(state_dir, at=place),
        state_obstacle=_state_obstacle(state_dir, place),
        clock_is_synchronized=clock_is_synchronized(),
        selinux=_selinux(),
        rsync_full_access=_selinux_switch("rsync_full_access"),
        firewalld=_firewalld_runs(),
        in_container=in_container(),
        installer="dnf" if shutil.which("dnf") else "apt-get",
    )


def rsync_version() -> tuple[int, ...] | None:
    """Return the version of the rsync in our path; None when there is none that runs."""
    said = run_once(["rsync", "--version"], deadline_s=10.0).stdout
    found = re.search(rb"version v?(\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else None


def look_at_room(shown: str, *, at: str) -> Room:
    """Return what is left on the file system of the directory *at*, called *shown*."""
    try:
        system = os.statvfs(at)
    except OSError:
        return Room(path=shown)
    return Room(
        path=shown,
        kind=kind_of(os.fsencode(at)),
        free_bytes=system.f_bavail * system.f_frsize,
        total_bytes=system.f_blocks * system.f_frsize,
        free_inodes=system.f_favail,
        total_inodes=system.f_files,
    )


def kind_of(path: bytes) -> str:
    """Return the type of the file system that *path* lies on; "" when that is not told."""
    real = os.path.realpath(path) + b"/"
    above = [each for each in mounted() if real.startswith(each.point.rstrip(b"/") + b"/")]
    # Of several mounts at one point the last one is seen.
    holding = max(reversed(above), key=lambda each: len(each.point), default=None)
    return os.fsdecode(holding.kind) if holding is not None else ""


def in_container() -> bool:
    """Tell whether this looks like a container."""
    markers = (Path("/.dockerenv"), Path("/run/.containerenv"))
    return "container" in os.environ or any(marker.exists() for marker in markers)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def _capabilities() -> int:
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return 0
    found = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def _limits() -> WatchLimits:
    obstacle = ""
    try:
        os.close(open_queue())
    except OSError as error:
        obstacle = error.strerror or str(error)
    return WatchLimits(
        watches=read_limit(Limit.WATCHES),
        queued_events=read_limit(Limit.QUEUED_EVENTS),
        # access(2) says yes to root also where the mount is read only for others only.
        can_be_raised=os.access(DIRECTORY / Limit.WATCHES.value, os.W_OK),
        is_read_only=_is_read_only(DIRECTORY),
        obstacle=obstacle,
        namespace_watches=namespace_watches(),
    )


def _is_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _open_files() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if hard == resource.RLIM_INFINITY else hard


def _existing(directory: str) -> str:
    """Return *directory* or the nearest one above it that exists."""
    while not os.path.lexists(directory) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
    return directory


def _state_obstacle(state_dir: str, place: str) -> str:
    if not os.path.isdir(place):
        return f"{place} is not a directory"
    if place != state_dir:
        return "" if os.access(place, os.W_OK | os.X_OK) else f"{place} cannot be written"
    try:
        # Trying tells more than asking: quotas, read-only mounts, a full disk.
        with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-") as file:
            file.write(b"x" * 4096)
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _selinux() -> str:
    enforce = Path("/sys/fs/selinux/enforce")
    if not enforce.exists():
        return ""
    return "enforcing" if number_in(enforce) else "permissive"


def _selinux_switch(name: str) -> bool | None:
    try:
        return Path("/sys/fs/selinux/booleans", name).read_text("ascii").startswith("1")
    except OSError:
        return None


def _firewalld_runs() -> bool:
    if shutil.which("firewall-cmd") is None:
        return False
    return run_once(["firewall-cmd", "--state"], deadline_s=10.0).code == 0
