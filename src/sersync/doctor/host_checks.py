"""What this host's facts mean for replication. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sersync.doctor.facts import Demand, HostFacts, Room
from sersync.doctor.finding import Finding, Subject
from sersync.model.mount import NETWORK_KINDS
from sersync.model.pasting import word

HOST: Final = Subject("this host")
_OLDEST_RSYNC: Final = (3, 1, 3)
_RECOMMENDED_RSYNC: Final = (3, 2, 4)
_FILES_A_CONNECTION: Final = 8
_FILES_OF_OURS: Final = 64
_FEW_BYTES: Final = 256 << 20
_FEW_QUEUED: Final = 16384


def check_host(facts: HostFacts, demand: Demand) -> Iterator[Finding]:
    """Yield a finding for each thing that replication needs of this host."""
    yield _rsync(facts)
    yield _rights(facts)
    yield from _watches(facts, demand)
    yield _open_files(facts, demand)
    yield from _state(facts)
    yield _clock(facts)
    yield from _guards_of_the_host(facts)


def _rsync(facts: HostFacts) -> Finding:
    install = f"sudo {facts.installer} install rsync"
    if facts.rsync is None:
        return HOST.failure("rsync", "rsync is not installed", "Install it.", install)
    version = ".".join(map(str, facts.rsync))
    if facts.rsync < _OLDEST_RSYNC:
        return HOST.failure(
            "rsync", f"rsync {version} is too old: it cannot compare times exactly",
            "Install 3.1.3 or later.", install,
        )  # fmt: skip
    if facts.rsync < _RECOMMENDED_RSYNC:
        return HOST.warning(
            "rsync", f"rsync {version} works; 3.2.4 and later quote remote names by themselves",
            "Install a newer one when you can.", install,
        )  # fmt: skip
    return HOST.ok("rsync", f"rsync {version}")


def _rights(facts: HostFacts) -> Finding:
    if facts.is_root and facts.reads_everything:
        return HOST.ok("rights", "runs as root: reads, owns and watches everything")
    if facts.reads_everything:
        return HOST.ok("rights", f"runs as {facts.user} with CAP_DAC_READ_SEARCH: reads everything")
    if facts.is_root:
        return HOST.warning(
            "rights", "runs as root, but without CAP_DAC_READ_SEARCH: reads only what root owns",
            "Give the container or the service that capability.",
        )  # fmt: skip
    return HOST.warning(
        "rights",
        f"runs as {facts.user}: what this user cannot read is not replicated, local targets do not"
        " keep owners, and limits of the kernel cannot be raised",
        "Install it as a service, which reads everything and may do nothing else.",
        f"sudo sersync service install -c FILE --user {facts.user}",
    )


def _watches(facts: HostFacts, demand: Demand) -> Iterator[Finding]:
    limits = facts.limits
    if limits.obstacle:
        yield HOST.failure(
            "inotify", f"no queue of events can be opened: {limits.obstacle}",
            "Other programs of this user hold all of them; allow more.",
            "sudo sysctl -w fs.inotify.max_user_instances=1024",
        )  # fmt: skip
    most = min(filter(None, (limits.watches, limits.namespace_watches)), default=0)
    at_least = "" if demand.counted_all else "at least "
    needed = f"{at_least}{demand.directories:,} directories"
    if demand.directories == 0 and most > 0:
        yield HOST.ok("watches", f"this user may watch {most:,} directories")
    elif most >= demand.directories:
        yield HOST.ok("watches", f"{needed} of {most:,} that this user may watch")
    elif 0 < limits.namespace_watches < demand.directories:
        yield HOST.failure(
            "watches",
            f"{needed}, but this user namespace may watch only {limits.namespace_watches:,}",
            "Raise the namespace's own limit, outside of it.",
            f"sudo sysctl -w user.max_inotify_watches={_roomy(demand.directories)}",
        )
    elif limits.can_be_raised:
        yield HOST.ok("watches", f"{needed}; the limit of {most:,} will be raised at the start")
    else:
        where = "on the host of this container, " if limits.is_read_only else ""
        why = " (/proc/sys is read only here)" if limits.is_read_only else ""
        yield HOST.failure(
            "watches",
            f"{needed}, but this user may watch only {most:,}, and may not raise that{why}:"
            " the rest is looked through every minute instead",
            f"Raise the limit {where}now and for the next boot.",
            _sysctl("fs.inotify.max_user_watches", _roomy(demand.directories)),
        )
    if 0 < limits.queued_events < _FEW_QUEUED and not limits.can_be_raised:
        yield HOST.warning(
            "events",
            f"the kernel keeps only {limits.queued_events:,} unread events; a larger burst makes"
            " everything be compared again",
            "Raise the limit.",
            _sysctl("fs.inotify.max_queued_events", 524288),
        )


def _sysctl(name: str, value: int) -> str:
    file = "/etc/sysctl.d/60-sersync.conf"
    return f"echo {name}={value} | sudo tee -a {file} && sudo sysctl -p {file}"


def _roomy(directories: int) -> int:
    return max(524288, 2 * directories)


def _open_files(facts: HostFacts, demand: Demand) -> Finding:
    needed = _FILES_OF_OURS + _FILES_A_CONNECTION * demand.connections
    if facts.open_files == 0 or facts.open_files >= needed:
        limit = f"{facts.open_files:,}" if facts.open_files else "any number"
        return HOST.ok("open files", f"{limit} allowed, up to {needed:,} needed")
    return HOST.failure(
        "open files",
        f"only {facts.open_files:,} allowed, but {demand.connections} connections need {needed:,}",
        "Raise the limit (LimitNOFILE= of a service), or lower 'parallel' and 'spares'.",
        f"ulimit -n {needed}",
    )


def _state(facts: HostFacts) -> Iterator[Finding]:
    state = facts.state
    if facts.state_obstacle:
        yield HOST.failure(
            "state", f"the state directory {state.path} cannot be used: {facts.state_obstacle}",
            "Give another one with --state-dir, or as state_dir in the configuration.",
            f"ls -ld {word(state.path)}",
        )  # fmt: skip
        return
    if state.kind in NETWORK_KINDS:
        yield HOST.warning(
            "state", f"the state directory {state.path} lies on {state.kind}, where locks and"
            " databases are slow and not always safe",
            "Choose a directory on a disk of this host.",
        )  # fmt: skip
    else:
        yield HOST.ok("state", f"{state.path} on {state.kind or 'an unknown file system'}")
    yield from space(HOST, "state space", state)


def space(subject: Subject, check: str, room: Room, command: str = "") -> Iterator[Finding]:
    """Yield what is left in *room*: bytes, and inodes where the file system counts them."""
    if room.total_bytes <= 0:
        return
    place = word(room.path)
    look = command or f"df -h {place}; df -i {place}"
    free = f"{room.free_bytes / (1 << 30):,.1f} GiB free of {room.total_bytes / (1 << 30):,.1f}"
    if room.total_inodes > 0 and room.free_inodes * 1000 < room.total_inodes:
        yield subject.failure(
            check, f"{room.free_inodes:,} inodes left of {room.total_inodes:,}: no room for files",
            "Remove files, or use a file system with more inodes.", look,
        )  # fmt: skip
    elif room.free_bytes == 0:
        yield subject.failure(check, f"no space is left ({free})", "Make room.", look)
    elif room.free_bytes < min(_FEW_BYTES, room.total_bytes // 20):
        yield subject.warning(check, f"little space is left: {free}", "Make room soon.", look)
    else:
        yield subject.ok(check, free)


def _clock(facts: HostFacts) -> Finding:
    if facts.clock_is_synchronized is None:
        return HOST.skipped("clock", "the kernel does not tell whether the clock is kept right")
    if facts.clock_is_synchronized:
        return HOST.ok("clock", "kept right by a time server")
    return HOST.warning(
        "clock",
        "nothing keeps the clock right; replication does not mind, but --update, certificates and"
        " comparing logs do",
        "Let a time service run; in a container that is the host's to do.",
        "sudo timedatectl set-ntp true",
    )


def _guards_of_the_host(facts: HostFacts) -> Iterator[Finding]:
    if facts.selinux == "enforcing" and facts.rsync_full_access is not True:
        yield HOST.warning(
            "SELinux",
            "it is enforcing: an rsync daemon on this host, or an rsync started by a service, may"
            " only touch files that are labelled for it",
            "Allow rsync everything, or label the trees: semanage fcontext -a -t"
            " public_content_rw_t 'DIR(/.*)?' && restorecon -R DIR",
            "sudo setsebool -P rsync_full_access on",
        )
    elif facts.selinux:
        yield HOST.ok("SELinux", f"{facts.selinux}; rsync may do its work")
    if facts.firewalld:
        yield HOST.warning(
            "firewall",
            "firewalld runs here: an rsync daemon of this host is reached only if its port is open",
            "Open it if this host is a target; on other targets the same holds there.",
            "sudo firewall-cmd --permanent --add-service=rsyncd && sudo firewall-cmd --reload",
        )
