"""Why a whole run failed, from the table of what rsync and ssh say. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sersync.model.batch import Reason, Verdict
from sersync.model.pasting import word
from sersync.model.path import display
from sersync.model.target import LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.cause_table import TABLE, Row
from sersync.transfer.cause_table_tls import TLS
from sersync.transfer.login import copy_key_command, login_command, login_name

_PATTERNS: Final = tuple((row, re.compile(row.pattern.encode())) for row in (*TLS, *TABLE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a run failed. *had_begun* is false when surely nothing was carried."""

    name: str
    verdict: Verdict
    reason: Reason
    had_begun: bool = True


def find_cause(exit_code: int, stderr: bytes, target: Target) -> Cause | None:
    """Return the first cause that *stderr* names, None if it names none that we know."""
    # ssh ends its own lines as a terminal wants them.
    stderr = stderr.replace(b"\r\n", b"\n")
    for row, pattern in _PATTERNS:
        if row.codes and exit_code not in row.codes:
            continue
        match = pattern.search(stderr)
        if match is not None:
            return _told(row, [display(group or b"") for group in match.groups()], target)
    return None


def _told(row: Row, groups: list[str], target: Target) -> Cause:
    facts = _facts(target)
    return Cause(
        name=row.name,
        verdict=row.verdict,
        had_begun=row.had_begun,
        reason=Reason(
            message=row.message.format(*groups, **facts),
            remedy=row.remedy.format(*groups, **facts),
            command=row.command.format(*groups, **_quoted(facts)),
        ),
    )


def _facts(target: Target) -> dict[str, str]:
    """Return what the table's texts are filled with."""
    endpoint = target.endpoint
    facts = dict.fromkeys(("module", "port", "daemon", "who", "on_target", "login", "host_key"), "")
    facts |= dict.fromkeys(("address", "ca_file", "by", "other_way", "ssh", "copy_key"), "")
    facts |= {"target": target.name, "host": "this host", "url": str(endpoint)}
    facts |= {"password_file": target.password_file, "password_option": "", "client": "rsync"}
    match endpoint:
        case RsyncModule():
            host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
            ca_file = endpoint.ca_file
            facts |= {
                "host": endpoint.host,
                "module": endpoint.module,
                "port": str(endpoint.port),
                "daemon": _daemon(endpoint),
                "address": f"{host}:{endpoint.port}",
                "ca_file": ca_file,
                "by": f" (ca_file = {ca_file})" if ca_file else " (no ca_file was given)",
                "other_way": "no TLS" if endpoint.tls else "TLS",
                "who": f" (user {endpoint.user})" if endpoint.user else " (no user was given)",
                "on_target": f"ssh {word(endpoint.host)} ",
            }
            if endpoint.tls:
                facts["client"] = "sersync target list"
                facts["client"] += f" --ca-file={word(ca_file)}" if ca_file else ""
            if target.password_file:
                facts["password_option"] = f"--password-file={word(target.password_file)} "
        case RemoteShell():
            facts |= {"host": endpoint.host, "login": login_name(endpoint)}
            facts |= {"ssh": login_command(endpoint), "copy_key": copy_key_command(endpoint)}
            facts["on_target"] = f"{facts['ssh']} "
            facts["host_key"] = f"[{endpoint.host}]:{endpoint.port}"
            if endpoint.port in (None, 22):
                facts["host_key"] = endpoint.host
        case LocalDirectory():
            pass
    return facts


def _daemon(endpoint: RsyncModule) -> str:
    """Return the address of the daemon itself, without a module."""
    return str(replace(endpoint, module="", path="", user=""))


def _quoted(facts: Mapping[str, str]) -> dict[str, str]:
    """Quote for a shell what is one word there; what is several was quoted in pieces."""
    pieces = ("on_target", "password_option", "client", "ssh", "copy_key")
    return {
        key: value if key in pieces or not value else word(value) for key, value in facts.items()
    }
