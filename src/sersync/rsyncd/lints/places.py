"""Directories and files that the configuration names, and the port: are they fit? Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import permutations
from typing import Final

from sersync.model.pasting import word
from sersync.rsyncd.lints.finding import Finding, Host, Lint, Severity
from sersync.rsyncd.parameters import number
from sersync.rsyncd.reading import Configuration, Section

RSYNC_PORT: Final = 873
_FULL_BYTES: Final = 64 << 20
_FULL_INODES: Final = 1000
_NOBODY: Final = 65534


def check_path(lint: Lint) -> Iterator[Finding]:
    """Yield what is wrong with the directory of one module."""
    path = lint.module.text("path")
    if not path:
        yield lint.found(
            "no-path",
            Severity.ERROR,
            "path",
            "it has no path: every connection fails",
            "Set 'path' to the directory that it serves.",
        )
    elif "%" in path:
        return  # known only when a client comes
    elif not path.startswith("/"):
        yield lint.found(
            "relative-path",
            Severity.ERROR,
            "path",
            f"the path {path} depends on where the daemon was started",
            "Write it in full, from the '/' on.",
        )
    else:
        yield from _directory(lint, path.replace("/./", "/"))


def _directory(lint: Lint, path: str) -> Iterator[Finding]:
    facts = lint.host.file(path)
    if facts is None or not facts.is_directory:
        what = "does not exist" if facts is None else "is no directory"
        yield lint.found(
            "path-missing",
            Severity.ERROR,
            "path",
            f"{path} {what}: every connection fails",
            f"mkdir -p {word(path)}",
        )
        return
    if path == "/":
        yield lint.found(
            "path-is-root",
            Severity.ERROR,
            "path",
            "it serves the whole host: a mirror would replace the system",
            "Name a directory that is only for the copy.",
        )
    uid, gids = _writer(lint)
    if not lint.host.is_root:
        may_write = lint.host.may_write(path)
    else:
        may_write = uid is None or _may_write(facts.mode, facts.uid, facts.gid, uid, gids)
    if not may_write:
        who = "this user" if uid is None else f"the user {uid}"
        yield lint.found(
            "path-not-writable",
            Severity.ERROR,
            "path",
            f"{path} cannot be written by {who}, whom the daemon writes as",
            f"Give it to {who} (chown), or set 'uid' where the daemon runs as root.",
        )
    yield from _space(lint, path)


def _space(lint: Lint, path: str) -> Iterator[Finding]:
    space = lint.host.space(path)
    if space is None:
        return
    if space.is_read_only:
        yield lint.found(
            "path-read-only",
            Severity.ERROR,
            "path",
            f"the file system of {path} is mounted read only",
            f'mount -o remount,rw "$(findmnt -n -o TARGET -T {word(path)})"',
        )
    elif space.free_bytes < _FULL_BYTES or (
        # A file system without a fixed number of inodes says 0, as btrfs does to statvfs(3).
        space.total_inodes > 0 and space.free_inodes < _FULL_INODES
    ):
        yield lint.found(
            "path-full",
            Severity.ERROR,
            "path",
            f"the file system of {path} is full: {space.free_bytes >> 20} MiB and"
            f" {space.free_inodes} inodes are left",
            f"df -h {word(path)}; df -i {word(path)}",
        )


def _writer(lint: Lint) -> tuple[int | None, set[int]]:
    """Return who the daemon is when it writes, as far as it can be known."""
    if not lint.host.is_root:
        return None, set()  # ourselves, and what only the kernel knows about us
    words = lint.module.text("uid").split()
    uid = lint.host.user(words[0]) if words else lint.host.user("nobody")
    groups = lint.module.text("gid").replace(",", " ").split()
    known = {lint.host.group(name) for name in groups if name != "*"}
    if uid is None and not words:
        uid = _NOBODY
    return uid, {gid for gid in known if gid is not None}


def _may_write(mode: int, owner: int, group: int, uid: int, gids: set[int]) -> bool:
    if uid == 0:
        return True
    shift = 6 if owner == uid else 3 if group in gids else 0
    return mode >> shift & 0o3 == 0o3


def check_nesting(configuration: Configuration) -> Iterator[Finding]:
    """Yield modules whose directory lies in that of another one, where mirrors delete."""
    for outer, inner in permutations(configuration.modules, 2):
        outside, inside = _tidy(outer), _tidy(inner)
        if not outside or not inside or "%" in outside + inside:
            continue
        is_same = inside == outside
        if is_same and inner.place < outer.place:
            continue
        if is_same or inside.startswith(outside.rstrip("/") + "/"):
            relation = "is also that of" if is_same else f"lies in {outside}, that of"
            yield Finding(
                code="nested-modules",
                severity=Severity.WARNING,
                place=inner.place_of("path"),
                message=f"[{inner.served_as}] its directory {inside} {relation}"
                f" [{outer.served_as}]: a mirror to one deletes what the other one holds",
                remedy="Give each module a directory of its own.",
                module=inner.served_as,
            )


def _tidy(module: Section) -> str:
    path = module.text("path")
    return os.path.normpath(path.replace("/./", "/")) if path else ""


def check_daemon(configuration: Configuration, host: Host) -> Iterator[Finding]:
    """Yield what is wrong with the daemon's own files, and with its port."""
    yield from _own_files(configuration, host)
    yield from _port(configuration, host)
    common = configuration.common
    if common.flag("proxy protocol") == "yes" and not common.text("proxy protocol hosts"):
        yield _found(
            configuration,
            "proxy-unguarded",
            Severity.ERROR,
            "proxy protocol",
            "who connects may claim any address: 'proxy protocol hosts' does not say whose word"
            " counts (and rsync 3.5.0 refuses everybody then)",
            "Set 'proxy protocol hosts' to the addresses of the proxy.",
        )


def _own_files(configuration: Configuration, host: Host) -> Iterator[Finding]:
    for key, severity, effect in (
        ("pid file", Severity.ERROR, "the daemon does not start"),
        ("lock file", Severity.WARNING, "where connections are limited, every one fails"),
        ("log file", Severity.WARNING, "its messages go to syslog"),
    ):
        value = configuration.common.find(key)
        if value is None or not value.text.startswith("/") or "%" in value.text:
            continue
        above = host.file(os.path.dirname(value.text))
        if above is None or not above.is_directory:
            directory = os.path.dirname(value.text)
            yield _found(
                configuration,
                "file-nowhere",
                severity,
                key,
                f"the directory of the {key} {value.text} does not exist: {effect}",
                f"mkdir -p {word(directory)}",
            )


def _port(configuration: Configuration, host: Host) -> Iterator[Finding]:
    port = number(configuration.common.text("port")) or RSYNC_PORT
    if port < 1024 and not host.is_root:
        yield _found(
            configuration,
            "port-needs-root",
            Severity.ERROR,
            "port",
            f"port {port} can be taken by root alone",
            "Set a 'port' of 1024 or more, such as 8730, and name it at the source.",
        )
    holder = host.port_holder(port)
    if holder and "rsync" not in holder:
        yield _found(
            configuration,
            "port-taken",
            Severity.ERROR,
            "port",
            f"port {port} is held by {holder}, so the daemon cannot have it",
            f"End that, or set another 'port'. ss -ltnp 'sport = :{port}'",
        )


def _found(
    configuration: Configuration,
    code: str,
    severity: Severity,
    key: str,
    message: str,
    remedy: str,
) -> Finding:
    place = configuration.common.place_of(key)
    return Finding(code=code, severity=severity, place=place, message=message, remedy=remedy)
