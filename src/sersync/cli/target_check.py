"""``sersync target check``: what is wrong with an rsyncd.conf, before it costs data."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from sersync.cli.target_options import default_file
from sersync.errors import SersyncError, UsageError

if TYPE_CHECKING:
    from sersync.model.target import RsyncModule
    from sersync.rsyncd.lints.finding import Finding


_File = Annotated[str, Argument(metavar="[FILE]", help="The rsyncd.conf; if not the usual one.")]
_For = Annotated[
    list[str] | None,
    Option(
        "--for",
        metavar="DEST",
        help="A target as a source spells it: would this daemon take it? Repeatable.",
    ),
]
_PasswordFile = Annotated[
    list[str] | None,
    Option(metavar="FILE", help="A client's password file, to be checked as well; repeatable."),
]
_Quiet = Annotated[bool, Option("--quiet", "-q", help="Leave out what is only worth knowing.")]
_Json = Annotated[bool, Option("--json", help="Print the findings as JSON.")]


def check(
    file: _File = "",
    clients: _For = None,
    password_file: _PasswordFile = None,
    quiet: _Quiet = False,
    json: _Json = False,
) -> int:
    """Say what is wrong with an rsyncd.conf. Exit: 0 fine, 1 warnings, 2 errors."""
    from sersync.rsyncd.check import worst
    from sersync.rsyncd.lints.finding import Severity

    file = file or default_file()
    findings = _findings(file, clients or (), password_file or ())
    if quiet:
        findings = [each for each in findings if each.severity > Severity.NOTE]
    if json:
        print(json_module.dumps(document(file, findings)))
    else:
        for each in findings:
            print(f"{each.place}: {each.severity.name.lower()}: {each.message}  ({each.code})")
            print(f"    {each.remedy}")
        print(_summary(findings))
    return worst(findings)


def document(file: str, findings: Sequence[Finding]) -> dict[str, object]:
    """Return *findings* as what ``--json`` prints."""
    return {
        "file": file,
        "findings": [
            {
                "code": each.code,
                "severity": each.severity.name.lower(),
                "file": each.place.file,
                "line": each.place.line,
                "module": each.module or None,
                "message": each.message,
                "remedy": each.remedy,
            }
            for each in findings
        ],
    }


def _findings(
    file: str, clients: Sequence[str], password_files: Sequence[str]
) -> Sequence[Finding]:
    from sersync.model.address import without_password
    from sersync.rsyncd.check import check_configuration
    from sersync.rsyncd.host import ThisHost
    from sersync.rsyncd.lints.client import check_password_file
    from sersync.rsyncd.reading import read_configuration

    host = ThisHost()
    endpoints = [_endpoint(client) for client in clients]
    try:
        configuration = read_configuration(file, host)
    except OSError as error:
        raise NotReadable(
            f"{without_password(file)} cannot be read: {error.strerror}",
            hint="sersync target init    # makes one",
        ) from error
    findings = list(check_configuration(configuration, host, endpoints))
    for name in password_files:
        findings += check_password_file(name, host)
    return findings


class NotReadable(SersyncError):
    """There is nothing that could be checked: an error, by the command's own exit codes."""

    exit_code = 2


def _endpoint(text: str) -> RsyncModule:
    from sersync.model.endpoint import parse_endpoint
    from sersync.model.target import RsyncModule

    try:
        endpoint = parse_endpoint(text)
    except ValueError as error:
        raise UsageError(f"--for: {error}") from error
    if not isinstance(endpoint, RsyncModule):
        raise UsageError(f"--for: {text} is no module of an rsync daemon")
    return endpoint


def _summary(findings: Sequence[Finding]) -> str:
    from sersync.rsyncd.lints.finding import Severity

    counts = {kind: sum(each.severity is kind for each in findings) for kind in Severity}
    if not counts[Severity.WARNING] and not counts[Severity.ERROR]:
        return "No mistakes found."
    words = [
        f"{count} {kind.name.lower()}{'s' if count != 1 else ''}"
        for kind, count in sorted(counts.items(), reverse=True)
        if count
    ]
    return ", ".join(words)
