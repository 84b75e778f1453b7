"""What only the disk, or two settings seen together, can tell.

A target that stands inside a source would carry itself; one that contains a source, or another
target, would delete it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from itertools import combinations

from sersync.config.findings import Findings
from sersync.config.positions import Path
from sersync.config.resolve import Placed, Resolved
from sersync.model.pasting import word
from sersync.model.path import RelPath, display, is_within
from sersync.model.target import (
    LocalDirectory,
    RemoteShell,
    RsyncModule,
    Target,
)


def check_across(resolved: Resolved, findings: Findings) -> None:
    """Note sources that cannot be read, and endpoints that would harm one another."""
    if resolved.token_file:
        _check_secret(resolved.token_file, ("api", "token_file"), findings)
    _check_roots(resolved, findings)
    for one in resolved.placed:
        _check_local(one, findings)
        if one.target.password_file:
            _check_password_file(one, findings)
        if identity := _identity(one.target):
            _check_file(identity, ("ssh", "identity"), one, findings)
        if ca_file := _ca_file(one.target):
            _check_file(ca_file, ("ca_file",), one, findings)
    for first, second in combinations(resolved.placed, 2):
        _check_pair(first, second, findings)
        if _feeds(first, second) and _feeds(second, first):
            findings.mistake(
                (*second.path, "to"),
                f"{_named(first)} comes back here: each would undo what happens in the other",
                "keep one of the two",
            )


def _check_roots(resolved: Resolved, findings: Findings) -> None:
    """Note roots that cannot be read; one that is not there yet is no matter for the others."""
    roots = [source.root for source in resolved.settings.sources]
    is_any_there = any(os.path.isdir(root) for root in roots)
    for index, root in enumerate(roots):
        place = ("source", index, "root")
        if is_any_there and root.startswith(b"/") and not os.path.lexists(root):
            waits = "nothing of it is carried until it is there; the other sources are"
            findings.warning(place, f"{display(root)} does not exist: {waits}")
        elif complaint := source_complaint(root):
            findings.mistake(place, complaint, is_absence=not os.path.lexists(root))


def source_complaint(root: bytes) -> str:
    """Return why the source at *root* cannot be read, or an empty string."""
    shown = display(root)
    if not root.startswith(b"/"):
        return ""
    try:
        is_dir = stat.S_ISDIR(os.stat(root).st_mode)
    except FileNotFoundError:
        return f"{shown} does not exist"
    except OSError as error:
        return f"{shown} cannot be read: {error.strerror}"
    if not is_dir:
        return f"{shown} is not a directory"
    if not os.access(root, os.R_OK | os.X_OK):
        return f"{shown} cannot be read: Permission denied"
    return ""


def _check_local(one: Placed, findings: Findings) -> None:
    endpoint = one.target.endpoint
    if not isinstance(endpoint, LocalDirectory):
        return
    root, copy = os.path.realpath(one.source.root), os.path.realpath(endpoint.path)
    place = (*one.path, "to")
    if root == copy:
        findings.mistake(place, "the target is the source itself")
    elif below := _below(root, copy):
        if not one.source.filters.excludes(below, is_dir=True):
            findings.mistake(
                place,
                f"the target lies inside the source {display(root)}: it would copy itself",
                f'exclude "/{display(below)}/", or choose another place',
            )
    elif _below(copy, root) and one.target.delete:
        findings.mistake(
            place,
            f"the source {display(root)} lies inside the target: it would be deleted",
            "choose another place, or delete nothing",
        )
    elif os.path.lexists(copy) and not os.path.isdir(copy):
        findings.mistake(place, f"{display(copy)} is not a directory")


def _below(directory: bytes, path: bytes) -> RelPath | None:
    """Return *path* relative to *directory*, if it lies below it."""
    top = directory.rstrip(b"/") + b"/"
    return RelPath(path[len(top) :]) if path.startswith(top) and path != top else None


def _check_password_file(one: Placed, findings: Findings) -> None:
    file = one.target.password_file
    if _check_secret(file, (*one.path, "password_file"), findings):
        _check_password(file, one, findings)


def _check_secret(file: str, place: Path, findings: Findings) -> bool:
    """Tell whether *file* can be read by us, and by nobody else; note what is wrong with it.

    These are the rules of rsync(1), ``--password-file``; rsync itself ends with code 1.
    """
    if not os.path.isabs(file):
        findings.mistake(place, f'"{file}" is not an absolute path')
        return False
    try:
        status = os.stat(file)
        readable = os.access(file, os.R_OK)
    except OSError as error:
        findings.mistake(place, f"{file}: {error.strerror}")
        return False
    if not readable:
        findings.mistake(place, f"{file} cannot be read: Permission denied")
    elif stat.S_ISDIR(status.st_mode):
        findings.mistake(place, f"{file} is a directory")
    elif status.st_mode & 0o006:
        findings.mistake(place, f"{file} can be read by others", f"chmod 600 {word(file)}")
    elif os.geteuid() == 0 and status.st_uid != 0:
        findings.mistake(place, f"{file} does not belong to root", f"chown root {word(file)}")
    else:
        return True
    return False


def _check_password(file: str, one: Placed, findings: Findings) -> None:
    """Warn of a line as a daemon's secrets file has it: all of it would be the password."""
    endpoint = one.target.endpoint
    user = os.fsencode(endpoint.user) if isinstance(endpoint, RsyncModule) else b""
    with contextlib.suppress(OSError), open(file, "rb") as lines:
        if user and lines.readline(4096).startswith(user + b":"):
            findings.warning(
                (*one.path, "password_file"),
                f"{file} holds user:password, as a daemon's secrets file does: all of it is taken"
                " for the password",
                f"sed -i '1s/^[^:]*://' {word(file)}",
            )


def _identity(target: Target) -> str:
    return target.endpoint.identity if isinstance(target.endpoint, RemoteShell) else ""


def _ca_file(target: Target) -> str:
    return target.endpoint.ca_file if isinstance(target.endpoint, RsyncModule) else ""


def _check_file(file: str, keys: tuple[str, ...], one: Placed, findings: Findings) -> None:
    place = (*one.path, *keys)
    if not os.path.isabs(file):
        findings.mistake(place, f'"{file}" is not an absolute path')
    elif not os.path.isfile(file):
        findings.mistake(place, f"{file} does not exist")


def _check_pair(first: Placed, second: Placed, findings: Findings) -> None:
    """Note two targets that write to the same place."""
    host, path = _address(first.target)
    other_host, other_path = _address(second.target)
    if host != other_host:
        return
    place = (*second.path, "to")
    if path == other_path:
        if not (first.target.delete or second.target.delete):
            findings.warning(place, f"this is also where {_named(first)} goes")
            return
        findings.mistake(
            place, f"this is also where {_named(first)} goes", "choose a place for each target"
        )
        return
    for outer, inner in ((first, second), (second, first)):
        outer_path, inner_path = _address(outer.target)[1], _address(inner.target)[1]
        if not outer.target.delete or not is_within(inner_path, outer_path):
            continue
        below = RelPath(inner_path[len(outer_path) :].lstrip(b"/"))
        if not outer.target.filters.excludes(below, is_dir=True):
            findings.mistake(
                place,
                f"{_named(inner)} lies inside {_named(outer)}, which would delete it",
                f'exclude "/{display(below)}/" there, or choose another place',
            )


def _feeds(one: Placed, other: Placed) -> bool:
    """Tell whether what *one* writes stands in the source of *other*."""
    if not isinstance(one.target.endpoint, LocalDirectory):
        return False
    copy = os.path.realpath(one.target.endpoint.path)
    root = os.path.realpath(other.source.root)
    return is_within(_tidy(copy), _tidy(root)) or is_within(_tidy(root), _tidy(copy))


def _address(target: Target) -> tuple[str, RelPath]:
    """Return who is spoken to, and which directory is meant there."""
    match target.endpoint:
        case RsyncModule(host=host, port=port, module=module, path=path):
            return f"rsync://{host}:{port}/{module}", _tidy(path.encode(errors="surrogateescape"))
        case RemoteShell(host=host, port=port, path=path, user=user):
            where = _tidy(path.encode(errors="surrogateescape"))
            return f"ssh://{'' if path.startswith('/') else user}@{host}:{port or 22}", where
        case LocalDirectory(path=directory):
            return "", _tidy(os.path.realpath(directory))


def _tidy(path: bytes) -> RelPath:
    tidy = os.path.normpath(b"/" + path).lstrip(b"/")
    return RelPath(tidy)


def _named(one: Placed) -> str:
    return f'target "{one.target.name}" of source "{one.source.name}"'
