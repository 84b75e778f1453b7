"""Who is let in, and with what: hosts, users, passwords. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from sersync.model.pasting import word
from sersync.rsyncd.lints.finding import FileFacts, Finding, Lint, Severity

_EVERYBODY: Final = frozenset(("*", "0.0.0.0/0", "::/0", "0.0.0.0/0.0.0.0", "*.*.*.*"))
_SHORTEST: Final = 8
_NUMBERS: Final = re.compile(r"[0-9a-fA-F:.]+(?:%\w+)?(?:/[0-9a-fA-F:.]+)?")


def check_access(lint: Lint) -> Iterator[Finding]:
    """Yield what is wrong with the access to one module."""
    yield from _hosts(lint)
    yield from _listing(lint)
    if users_of(lint.module.text("auth users")):
        yield from _secrets(lint)
    elif not _hosts_of(lint, "hosts allow"):
        yield lint.found(
            "open-to-all",
            Severity.ERROR,
            "auth users",
            "anybody who reaches this host may read and write here: there are neither"
            " 'auth users' nor 'hosts allow'",
            "Set 'auth users' with a 'secrets file', and 'hosts allow'.",
        )
    else:
        yield lint.found(
            "no-password",
            Severity.WARNING,
            "auth users",
            "every user of the allowed hosts may read and write here: there are no 'auth users'",
            "Set 'auth users' and a 'secrets file'.",
        )


def users_of(text: str) -> list[tuple[str, str]]:
    """Return the rules of an ``auth users``, each with what follows its colon."""
    separators = r"," if text.startswith(",") else r"[,\s]+"
    rules = [rule.strip() for rule in re.split(separators, text)]
    return [(name, access) for name, _, access in (r.partition(":") for r in rules if r)]


def _hosts_of(lint: Lint, parameter: str) -> list[str]:
    return [each for each in re.split(r"[,\s]+", lint.module.text(parameter)) if each]


def _hosts(lint: Lint) -> Iterator[Finding]:
    allowed = _hosts_of(lint, "hosts allow")
    if wide := [pattern for pattern in allowed if pattern in _EVERYBODY]:
        yield lint.found(
            "hosts-allow-everybody",
            Severity.WARNING,
            "hosts allow",
            f"'hosts allow' lets every host in: {wide[0]}",
            "Name the sources: their addresses, or a network such as 192.168.0.0/24.",
        )
    for parameter in ("hosts allow", "hosts deny"):
        for pattern in _hosts_of(lint, parameter):
            if complaint := _pattern_complaint(pattern):
                yield lint.found(
                    "bad-host-pattern",
                    Severity.ERROR,
                    parameter,
                    f"'{pattern}' in '{parameter}' {complaint}",
                    "Write an address, a network as 192.168.0.0/24, or a name.",
                )
    if _hosts_of(lint, "hosts deny") and not allowed:
        yield lint.found(
            "hosts-deny-alone",
            Severity.WARNING,
            "hosts deny",
            "'hosts deny' without 'hosts allow' lets in everybody else",
            "Name those who may come, with 'hosts allow'.",
        )
    if lint.module.flag("insecure links") == "yes":
        yield lint.found(
            "insecure-links",
            Severity.WARNING,
            "insecure links",
            "symlinks in the module lead the daemon out of it",
            "Remove 'insecure links'.",
        )


def _pattern_complaint(pattern: str) -> str:
    """Return what is wrong with a pattern that is meant to be an address or a network."""
    if not _NUMBERS.fullmatch(pattern) or not any(mark in pattern for mark in ".:"):
        return ""
    address, slash, mask = re.sub(r"%\w+", "", pattern).partition("/")
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "is no address"
    if not slash:
        return ""
    try:
        if not mask.isdecimal():
            ipaddress.ip_address(mask)
        elif int(mask) > known.max_prefixlen:
            return f"has a mask of more than {known.max_prefixlen} bits"
    except ValueError:
        return "has no mask that could be one"
    return ""


def _listing(lint: Lint) -> Iterator[Finding]:
    if lint.module.flag("list") == "yes":
        yield lint.found(
            "listed",
            Severity.NOTE,
            "list",
            "its name is shown to everybody who asks this daemon for its modules",
            "Set 'list = no' if that is not wanted.",
        )


def _secrets(lint: Lint) -> Iterator[Finding]:
    module, host = lint.module, lint.host
    file = module.text("secrets file")
    if not file:
        yield lint.found(
            "no-secrets-file",
            Severity.ERROR,
            "auth users",
            "there are 'auth users', but no 'secrets file' with their passwords: nobody gets in",
            "Set 'secrets file', with one user:password a line.",
        )
        return
    if "%" in file:
        return
    facts = host.file(file)
    if facts is None:
        yield lint.found(
            "no-secrets-file",
            Severity.ERROR,
            "secrets file",
            f"the secrets file {file} does not exist: nobody gets in",
            f"install -m 600 /dev/null {word(file)}    # then one user:password a line",
        )
        return
    yield from _modes(lint, file, facts)
    yield from _passwords(lint, file)


def _modes(lint: Lint, file: str, facts: FileFacts) -> Iterator[Finding]:
    strict = lint.module.flag("strict modes") == "yes"
    if facts.mode & 0o006:
        refused = "so the daemon lets nobody in" if strict else "with every password in it"
        yield lint.found(
            "secrets-readable",
            Severity.ERROR,
            "secrets file",
            f"the secrets file {file} can be read or written by others, {refused}",
            f"chmod 600 {word(file)}",
        )
    elif facts.mode & 0o060:
        yield lint.found(
            "secrets-readable",
            Severity.NOTE,
            "secrets file",
            f"the secrets file {file} can be read or written by its group",
            f"chmod 600 {word(file)}",
        )
    if strict and lint.host.is_root and facts.uid != 0:
        yield lint.found(
            "secrets-owner",
            Severity.ERROR,
            "secrets file",
            f"the secrets file {file} does not belong to root, so the daemon lets nobody in",
            f"chown root {word(file)}",
        )
    if not strict:
        yield lint.found(
            "strict-modes-off",
            Severity.WARNING,
            "strict modes",
            "the daemon does not look at who can read the passwords",
            "Remove 'strict modes = no'.",
        )


def _passwords(lint: Lint, file: str) -> Iterator[Finding]:
    lines = lint.host.lines(file)
    if lines is None:
        return
    known: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        user, colon, password = line.partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon:
            yield lint.found(
                "secrets-malformed",
                Severity.ERROR,
                "secrets file",
                f"line {number} of {file} is no user:password; a bare password belongs into the"
                " password file of a client",
                "Write the user's name and a colon before it.",
            )
            continue
        known.setdefault(user, password)
    for user, access in users_of(lint.module.text("auth users")):
        if user.startswith("@") or access == "deny" or any(sign in user for sign in "*?[%"):
            continue
        if not known.get(user):
            yield lint.found(
                "user-without-password",
                Severity.ERROR,
                "auth users",
                f"the user {user} has no password in {file}, so it does not get in",
                f"Add a line {user}:password there.",
            )
        elif len(known[user]) < _SHORTEST:
            yield lint.found(
                "short-password",
                Severity.WARNING,
                "secrets file",
                f"the password of {user} in {file} has only {len(known[user])} characters",
                "Who hears a login on the network tries them all: make a longer one, such as"
                " openssl rand -base64 24 prints.",
            )
