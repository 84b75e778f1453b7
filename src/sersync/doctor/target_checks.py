"""What a target's facts mean for replication. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sersync.doctor.finding import Finding, Subject
from sersync.doctor.host_checks import space
from sersync.doctor.kept_checks import check_kept
from sersync.doctor.target_facts import Reached, ShellFacts, TargetFacts
from sersync.model.batch import Reason
from sersync.model.pasting import word
from sersync.model.target import RemoteShell, RsyncModule, Target
from sersync.transfer.causes import find_cause
from sersync.transfer.login import login_command, login_name

_PROTOCOLS: Final = {"30": "3.0", "31": "3.1.0 to 3.3", "32": "3.4 or later"}
_SLOW_LOGIN_S: Final = 3.0


def check_target(target: Target, facts: TargetFacts) -> Iterator[Finding]:
    """Yield a finding for each step on the way to *target*, up to the first that fails."""
    subject = Subject(f"target {target.name}")
    endpoint = target.endpoint
    if facts.reached is not None and isinstance(endpoint, RsyncModule):
        yield from _reached(subject, target, endpoint, facts.reached, in_use=facts.in_use)
    if facts.shell is not None and isinstance(endpoint, RemoteShell):
        yield from _login(subject, target, endpoint, facts.shell)
    if facts.room is not None:
        yield from space(subject, "space", facts.room, _df(endpoint))
    elif isinstance(endpoint, RsyncModule) and facts.kept is not None:
        yield subject.skipped("space", "an rsync daemon does not tell how much is left")
    if facts.failure is not None:
        yield subject.failed("writes", facts.failure)
    if not facts.was_tried and facts.room is not None:
        yield subject.ok("writes", "the directory does not exist yet; rsync will create it")
    if facts.kept is None:
        return
    if facts.kept.trouble is not None:
        yield subject.failed("writes", facts.kept.trouble)
        return
    yield subject.ok("writes", "takes a file with the options of transfers, and deletes it again")
    yield from _abilities(subject, facts)
    yield from check_kept(subject, target, facts.kept)


def _abilities(subject: Subject, facts: TargetFacts) -> Iterator[Finding]:
    able = facts.capabilities
    is_restricted = facts.shell is not None and facts.shell.is_restricted
    if is_restricted and not able.nanoseconds and able.missing_args and able.fsync:
        # Every rrsync refuses -@-1; no newer one does better, and nothing is lost by it.
        yield subject.ok(
            "abilities", "deletes by name; behind rrsync whole seconds are compared, and what"
            " changes within one second is sent again",
        )  # fmt: skip
        return
    for note in facts.notes:
        yield subject.warning("abilities", note, "Install rsync 3.2.4 or later there.")
    if not facts.notes:
        yield subject.ok("abilities", "deletes by name and compares nanoseconds")


def _reached(
    subject: Subject, target: Target, module: RsyncModule, reached: Reached, *, in_use: bool
) -> Iterator[Finding]:
    if reached.no_address:
        yield subject.failure(
            "name", f"the name {module.host} stands for no address: {reached.no_address}",
            "Check its spelling and the name service.", f"getent hosts {word(module.host)}",
        )  # fmt: skip
        return
    yield subject.ok("name", ", ".join(reached.addresses))
    if reached.latency_s is None:
        yield subject.failure(
            "connects", f"port {module.port} of {module.host}: {reached.not_connected}",
            "Start the rsync daemon there, and open its port in every firewall between. On the"
            " target: sudo firewall-cmd --permanent --add-service=rsyncd && sudo firewall-cmd"
            " --reload",
            _modules(module),
        )  # fmt: skip
        return
    yield subject.ok("connects", f"in {reached.latency_s * 1000:.1f} ms, port {module.port}")
    if not reached.greeting.startswith("@RSYNCD:"):
        if module.tls:
            yield subject.skipped("protocol", "what speaks TLS there did not let us in yet")
            return
        yield subject.failure(
            "protocol",
            f"what answers on port {module.port} of {module.host} is no rsync daemon"
            + (f": it says {reached.greeting!r}" if reached.greeting else ""),
            "Check the port, and that 'rsync --daemon' runs there.",
            _modules(module),
        )
        return
    version = reached.greeting.removeprefix("@RSYNCD:").split()[0]
    known = _PROTOCOLS.get(version.partition(".")[0])
    yield subject.ok("protocol", f"{version}" + (f": rsync {known}" if known else ""))
    yield from _module(subject, target, reached, in_use=in_use)


def _module(
    subject: Subject, target: Target, reached: Reached, *, in_use: bool
) -> Iterator[Finding]:
    if not reached.refusal:
        yield subject.ok("connections", f"{reached.connections} at the same time")
        return
    cause = find_cause(5, reached.refusal.encode(), target)
    reason = cause.reason if cause is not None else Reason(message=reached.refusal)
    if cause is None or cause.name != "max_connections":
        # The trial tells it again, with the daemon's last word; one line is enough.
        return
    if in_use:
        yield subject.skipped(
            "connections", "a running sersync holds some now, so they cannot be counted"
        )
        return
    yield subject.warning(
        "connections",
        f"only {reached.connections} of {reached.wanted} that 'parallel' and 'spares' ask for:"
        f" {reason.message}",
        reason.remedy,
        reason.command,
    )


def _login(
    subject: Subject, target: Target, endpoint: RemoteShell, shell: ShellFacts
) -> Iterator[Finding]:
    if shell.identity_obstacle:
        yield subject.failure(
            "key", shell.identity_obstacle, "Correct its path or its mode.",
            f"chmod 600 {word(endpoint.identity)}",
        )  # fmt: skip
    if shell.code in (124, 127, 255):
        cause = find_cause(255, shell.said, target)
        words = shell.said.decode("utf-8", "replace").strip().splitlines()
        said = words[-1] if words else f"ssh ended with code {shell.code}"
        reason = cause.reason if cause is not None else Reason(
            message=f"{login_name(endpoint)} lets us not in: {said}",
            remedy="Make this work without a question:",
            command=login_command(endpoint, "true", options=("-o", "BatchMode=yes")),
        )  # fmt: skip
        yield subject.failed("login", reason)
        return
    if shell.seconds > _SLOW_LOGIN_S:
        yield subject.warning(
            "login", f"it takes {shell.seconds:.1f} s",
            "Often a name server: 'UseDNS no' in the sshd_config there, or its shell's start-up.",
        )  # fmt: skip
    else:
        yield subject.ok("login", f"in {shell.seconds * 1000:.0f} ms")
    yield from _far_shell(subject, endpoint, shell)


def _far_shell(subject: Subject, endpoint: RemoteShell, shell: ShellFacts) -> Iterator[Finding]:
    if shell.is_restricted:
        yield subject.ok("shell", "only rsync may be run there, as with rrsync")
    elif shell.noise:
        said = shell.noise[:60].decode("utf-8", "replace").strip()
        yield subject.failure(
            "shell", f"the login shell prints text of its own ({said!r}): rsync cannot talk"
            " through that",
            "Let its start-up files (.bashrc and the like) print nothing without a terminal."
            " This must print nothing:",
            login_command(endpoint, "true"),
        )  # fmt: skip
    else:
        yield subject.ok("shell", "prints nothing of its own")
    if shell.rsync:
        yield subject.ok("far rsync", shell.rsync)
    elif not shell.is_restricted:
        yield subject.failure(
            "far rsync", "there is no rsync, or not in the path of its shell",
            "Install it there, or give its place as 'rsync_path'.",
            login_command(endpoint, "command", "-v", "rsync"),
        )  # fmt: skip
    if shell.again_seconds is None:
        yield subject.warning(
            "shared login", "no connection can be shared, so every transfer logs in by itself",
            "Leave 'ControlPath' and 'ControlMaster' to sersync: take them out of 'rsh'.",
        )  # fmt: skip
    elif shell.unshared:
        yield subject.warning(
            "shared login", f"{shell.unshared} of the logins that transfers need at once may not"
            " share the connection, and take longer",
            "Allow more sessions there ('MaxSessions' in its sshd_config).",
        )  # fmt: skip
    else:
        yield subject.ok(
            "shared login", f"{shell.again_seconds * 1000:.0f} ms over the shared connection"
        )


def _modules(module: RsyncModule) -> str:
    host = f"[{module.host}]" if ":" in module.host else module.host
    return f"rsync {word(f'rsync://{host}:{module.port}/')}"


def _df(endpoint: object) -> str:
    if not isinstance(endpoint, RemoteShell):
        return ""
    return login_command(endpoint, "df -h; df -i")
