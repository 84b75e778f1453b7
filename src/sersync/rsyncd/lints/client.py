"""Does the daemon know the module and the user that a source is set up for? Pure."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator

from sersync.model.pasting import word
from sersync.model.target import RsyncModule
from sersync.rsyncd.lints.access import users_of
from sersync.rsyncd.lints.finding import Finding, Host, Severity
from sersync.rsyncd.parameters import number
from sersync.rsyncd.reading import Configuration, Place, Section


def check_client(configuration: Configuration, endpoint: RsyncModule) -> Iterator[Finding]:
    """Yield why a source that mirrors to *endpoint* would be turned away by this daemon."""
    module = configuration.module(endpoint.module)
    if module is None:
        names = [each.served_as for each in configuration.modules]
        near = difflib.get_close_matches(endpoint.module, names, n=1)
        if near or len(names) == 1:
            remedy = f"Mirror to {(near or names)[0]}, or name the module [{endpoint.module}]."
        else:
            remedy = f"There are: {', '.join(names) or 'none'}."
        place = Place(file=configuration.file, line=1)
        if len(configuration.modules) == 1:
            place = configuration.modules[0].place
        yield Finding(
            code="unknown-module",
            severity=Severity.ERROR,
            place=place,
            message=f"{endpoint}: there is no module {endpoint.module}",
            remedy=remedy,
        )
        return
    yield from _user(module, endpoint)
    port = number(configuration.common.text("port")) or 873
    if not endpoint.tls and endpoint.port != port:
        yield Finding(
            code="other-port",
            severity=Severity.ERROR,
            place=configuration.common.place_of("port"),
            message=f"{endpoint}: the daemon listens on port {port}",
            remedy=f"Set 'port = {endpoint.port}', or name port {port} at the source.",
        )


def _user(module: Section, endpoint: RsyncModule) -> Iterator[Finding]:
    rules = users_of(module.text("auth users"))
    if not rules:
        return
    message = ""
    if not endpoint.user:
        message = f"{endpoint}: the module asks for a user, and none is named"
    elif not any(
        name.startswith("@") or fnmatch.fnmatchcase(endpoint.user, name) for name, _ in rules
    ):
        message = f"{endpoint}: the user {endpoint.user} is none of the module's 'auth users'"
    if message:
        yield Finding(
            code="unknown-client-user",
            severity=Severity.ERROR,
            place=module.place_of("auth users"),
            message=message,
            remedy=f"Write {rules[0][0]}@{endpoint.host}::{endpoint.module} at the source, or"
            " add the user.",
            module=module.served_as,
        )


def check_password_file(file: str, host: Host) -> Iterator[Finding]:
    """Yield what is wrong with a client's password file (rsync(1), ``--password-file``)."""

    def found(code: str, message: str, remedy: str) -> Finding:
        place = Place(file=file, line=1)
        return Finding(
            code=code, severity=Severity.ERROR, place=place, message=message, remedy=remedy
        )

    facts = host.file(file)
    lines = host.lines(file)
    if facts is None or lines is None:
        yield found("password-file", "it does not exist, or cannot be read", f"ls -l {word(file)}")
        return
    if facts.mode & 0o006:
        yield found(
            "password-file-readable",
            "others can read it: rsync does not use it",
            f"chmod 600 {word(file)}",
        )
    password = lines[0] if lines else ""
    if not password:
        yield found("password-file", "its first line is empty", "Write the password into it.")
    elif ":" in password:
        user = password.partition(":")[0]
        yield found(
            "password-file-with-user",
            f"it holds {user}:password, which only a daemon's secrets file does: all of it is taken"
            " for the password",
            f"sed -i '1s/^[^:]*://' {word(file)}",
        )
