"""The text of unit files: every line with its reason. Pure.

Directives are those of systemd.unit(5), systemd.service(5) and systemd.exec(5), as of systemd 247
and later; older ones ignore what they do not know, and say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sersync.install.job import Job, serving

_LONGEST_STOP_S: Final = 20
_WATCHDOG: Final = "5min"


@dataclass(frozen=True, slots=True)
class Line:
    """One directive and why it is there; without a value it is a heading or a remark."""

    key: str
    value: str = ""
    reason: str = ""


def source_unit(job: Job) -> str:
    """Return the unit file of *job*."""
    return _text(
        f"The source side of sersync, for {job.config_file}.",
        [
            Line("[Unit]"),
            Line("Description", f"sersync: real-time replication ({_percent(job.name)})"),
            Line(
                "Wants", "network-online.target",
                "what is not reachable yet is retried, but there is no need to begin with that",
            ),
            Line(
                "After", "network-online.target remote-fs.target time-sync.target",
                "a source that is not mounted yet would halt",
            ),
            Line("StartLimitIntervalSec", "0", "never give up: a replica must not fall behind"),
            Line("[Service]"),
            Line(
                "Type", "notify",
                "started means: every change is noticed from here on; one status line shows how it"
                " goes",
            ),
            Line("NotifyAccess", "main", "no rsync and no hook speaks for the daemon"),
            Line("ExecStart", _command(*job.program, "run", "--config", job.config_file)),
            Line("ExecReload", "/bin/kill -HUP $MAINPID", "reads the configuration again"),
            *_running(job),
            *_identity(job),
            *_files(job),
            *_hardening(devices=job.has_local_targets, tunables=bool(job.user)),
            Line("[Install]"),
            Line("WantedBy", "multi-user.target"),
        ],
    )  # fmt: skip


def target_unit(program: Iterable[str], config_file: str, options: Sequence[str] = ()) -> str:
    """Return the unit file of the receiving side: *config_file* is served, with *options*."""
    return _text(
        f"The receiving side of sersync: an rsync daemon that serves {config_file}.",
        [
            Line("[Unit]"),
            Line("Description", "sersync: rsync daemon for replicas"),
            Line("Wants", "network-online.target", "an 'address' in the file must exist"),
            Line(
                "After", "network-online.target remote-fs.target rsync.service xinetd.service",
                "a distribution's own rsync keeps its port; we say who holds it, and retry",
            ),
            Line("StartLimitIntervalSec", "0", "never give up: a replica must not fall behind"),
            Line("[Service]"),
            Line("Type", "notify", "started means: the daemon greets on its port"),
            Line("NotifyAccess", "main", "no rsync speaks for it"),
            Line("ExecStart", _command(*serving(program, config_file, options))),
            Line("Restart", "on-failure", "a port that is held may become free"),
            Line("RestartSec", "5s", "time for a port or a disk to come back"),
            Line(
                "WatchdogSec", _WATCHDOG,
                "fed only while who connects is greeted, through TLS where that is spoken",
            ),
            Line("KillMode", "mixed", "running transfers end with the daemon"),
            Line(
                "CapabilityBoundingSet",
                "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_MKNOD"
                " CAP_SETFCAP CAP_SETGID CAP_SETUID CAP_SYS_CHROOT CAP_NET_BIND_SERVICE",
                "writes files of any owner, becomes a module's uid, its chroot, and port 873",
            ),
            Line(
                "ProtectSystem", "full",
                "modules may lie anywhere but in /usr, /boot and /etc; a tighter list would have"
                " to be renewed with every module",
            ),
            Line("PrivateTmp", "yes", "nothing of it is meant for others"),
            *_hardening(devices=True, tunables=True),
            Line("[Install]"),
            Line("WantedBy", "multi-user.target"),
        ],
    )  # fmt: skip


def _running(job: Job) -> Iterator[Line]:
    stop_s = round(job.grace_s) + _LONGEST_STOP_S
    yield Line(
        "TimeoutStartSec", "infinity", "a tree of millions of directories takes minutes to watch"
    )
    yield Line(
        "TimeoutStopSec", f"{stop_s}s", "the grace period of running transfers, and some more"
    )
    yield Line("KillMode", "mixed", "the daemon lets its transfers finish; they hear of nothing")
    yield Line(
        "WatchdogSec", _WATCHDOG,
        "fed only while no thread is stuck; a target that hangs is none of that",
    )  # fmt: skip
    yield Line("Restart", "on-failure", "a defect or a lost host is no reason to stay down")
    yield Line("RestartSec", "5s", "a network that comes back needs no hurry")
    yield Line("RestartPreventExitStatus", "64 78", "mistakes in a command or a configuration stay")
    yield Line("LimitNOFILE", "65536", "each connection of each target needs a few")


def _identity(job: Job) -> Iterator[Line]:
    capabilities = ["CAP_DAC_READ_SEARCH"]
    reason = "reads every file of a source, whoever owns it, and may change none"
    if job.has_local_targets and not job.user:
        capabilities += ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD"]
        capabilities += ["CAP_SETFCAP"] if job.keeps_xattrs else []
        reason = "reads every file, and gives copies on this host their owners, modes and types"
    if job.user:
        yield Line("User", _percent(job.user), "nothing here needs root")
        yield Line("AmbientCapabilities", " ".join(capabilities), reason)
    yield Line(
        "CapabilityBoundingSet",
        " ".join(capabilities),
        "no other one, ever" if job.user else reason,
    )


def _files(job: Job) -> Iterator[Line]:
    yield Line("ProtectSystem", "strict", "nothing can be written but what follows")
    if job.state_dir:
        yield Line("ReadWritePaths", _quoted(job.state_dir), "the state, where it was configured")
    else:
        yield Line("StateDirectory", f"sersync/{job.name}", "lock, control socket, what is pending")
        yield Line("StateDirectoryMode", "0700", "names of files are nobody else's business")
    for path in job.writes:
        yield Line("ReadWritePaths", _quoted("-" + path), "a target or a list on this host")
    yield Line("RuntimeDirectory", f"sersync/{job.name}", "gone after a stop")
    yield Line("RuntimeDirectoryMode", "0700", "for itself alone")
    yield Line("ProtectHome", "read-only", "sources and ssh keys may lie there; they are only read")
    if job.uses_tmp:
        yield Line("# PrivateTmp is off: a source or a target lies in a directory for temporaries.")
    else:
        yield Line("PrivateTmp", "yes", "test files and ssh sockets are seen by nobody else")
    yield Line("UMask", "0077", "what it makes for itself is its own")


def _hardening(*, devices: bool, tunables: bool) -> Iterator[Line]:
    """Yield what neither side ever needs. *devices*: copies may hold device nodes."""
    yield Line("NoNewPrivileges", "yes", "no set-user-ID program raises it")
    if devices:
        yield Line("# PrivateDevices and RestrictSUIDSGID are off: a copy may hold device nodes")
        yield Line("# and set-user-ID files, and has to be like its source.")
    else:
        yield Line("PrivateDevices", "yes", "device files are sent as names, never opened")
        yield Line("RestrictSUIDSGID", "yes", "it makes no such files on this host")
    if tunables:
        yield Line("ProtectKernelTunables", "yes", "it may not raise limits anyway")
    else:
        yield Line("# ProtectKernelTunables is off: limits of inotify are raised when a tree")
        yield Line("# needs it, and nothing else below /proc/sys.")
    yield Line("ProtectKernelModules", "yes", "loads none")
    yield Line("ProtectKernelLogs", "yes", "reads none")
    yield Line("ProtectControlGroups", "yes", "changes none")
    yield (
        Line("ProtectClock", "yes", "only reads it")
        if not devices
        else Line("# ProtectClock is off: it would close the devices that a copy may hold.")
    )
    yield Line("ProtectHostname", "yes", "only reads it")
    yield Line("ProtectProc", "invisible", "looks at its own children only")
    yield Line("LockPersonality", "yes", "is what it is")
    yield Line("MemoryDenyWriteExecute", "yes", "no code is made at run time")
    yield Line("RestrictRealtime", "yes", "never more urgent than others")
    yield Line("RestrictNamespaces", "yes", "makes none")
    yield Line(
        "RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "the control socket, targets, and how the resolver asks for our addresses",
    )  # fmt: skip
    yield Line("SystemCallArchitectures", "native", "no other one is used")
    yield Line("SystemCallFilter", "@system-service", "what services use, and nothing more")
    yield Line("SystemCallErrorNumber", "EPERM", "a refusal is an error that is logged, no kill")
    yield Line("KeyringMode", "private", "shares no keys")
    yield Line("RemoveIPC", "yes", "leaves nothing behind")


def _text(title: str, lines: Iterable[Line]) -> str:
    return "\n".join([f"# {title}", "# Made by `sersync service install`.", *_rows(lines)]) + "\n"


def _rows(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        if line.reason:
            yield f"# {line.reason[0].upper()}{line.reason[1:]}."
        if line.key.startswith("["):
            yield ""
        yield f"{line.key}={line.value}" if line.value else line.key


def _command(*words: str) -> str:
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    """Return *word* as one word of a unit file (systemd.syntax(7), "QUOTING")."""
    word = _percent(word)
    if all(each.isalnum() or each in "/.,:+@_=%-" for each in word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'


def _percent(text: str) -> str:
    return text.replace("%", "%%")
