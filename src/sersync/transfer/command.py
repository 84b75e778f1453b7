"""From a planned run to rsync's command line. Pure: nothing is looked up, nothing is started.

The recipes are those of rsync(1): ``--files-from`` with ``--from0`` (section OPTIONS), a
directory listed with a trailing slash as one level, ``--delete-missing-args`` for names that are
gone. Every run carries the filters, and where it can delete, ``--max-delete``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sersync.model.capabilities import Capabilities
from sersync.model.path import RelPath, parent
from sersync.model.target import TRASH, Endpoint, LocalDirectory, RemoteShell, RsyncModule, Target

_PLAIN: Final = re.compile(r"[\w./+:@%=,~-]*")


class Kind(Enum):
    """What a run compares, and how. Lists of all kinds are spelled alike."""

    ENTRIES = "entries"
    """Names and levels, compared by size and time. The kind that stands warm."""
    REWRITES = "rewrites"
    """Names whose bytes changed though size and time did not (``--ignore-times``)."""
    LARGE = "large"
    """One or a few large files, in a lane of their own."""
    MOVED_TREE = "moved tree"
    """A directory with another name: its files are linked to those under the old one."""
    MOVED_FILE = "moved file"
    """A large file with another name: what differs from its old copy is sent."""
    LEFT = "left behind"
    """An old name: what the target has there is deleted, though here is something there again."""


class Deletes(Enum):
    """What a run may delete on the target."""

    LISTED = "listed"
    """Names that are gone, and what is extraneous in the levels of its list."""
    NAMED = "named"
    """The same, but for what is *kept*: made after a dry run, for a list without levels."""
    NOTHING = "nothing"
    """Nothing, not even what stands in the way of something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that a run's options depend on. Two equal recipes can share a spare."""

    kind: Kind
    capabilities: Capabilities
    max_delete: int | None
    """Entries that this run may delete; None is no limit."""
    bandwidth_kib_s: int = 0
    trash: bytes = b""
    """The day in whose trash it leaves what it deletes or overwrites; empty: nowhere."""
    protected: frozenset[RelPath] = frozenset()
    """Subtrees that are left alone now, besides what the filters exclude for good."""
    scheduled: bool = False
    """Part of a full pass by schedule or at the start, where that has options of its own."""
    deletes: Deletes = Deletes.LISTED
    kept: tuple[bytes, ...] = ()
    """Patterns of what must stay on the target although something above it is deleted."""
    left_alone: tuple[bytes, ...] = ()
    """Patterns of what this run neither sends nor deletes."""
    left: bytes = b""
    """The pattern of what is deleted though it is here, and of nothing else beside it."""


def destination(endpoint: Endpoint) -> bytes:
    """Return the endpoint as rsync's last argument, with a trailing slash."""
    match endpoint:
        case RsyncModule():
            path = endpoint.path.strip("/")
            host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
            user = f"{endpoint.user}@" if endpoint.user else ""
            text = f"{user}{host}::{endpoint.module}/{path + '/' if path else ''}"
            return os.fsencode(text)
        case RemoteShell():
            return os.fsencode(str(endpoint).rstrip("/") + "/")
        case LocalDirectory():
            return endpoint.path.rstrip(b"/") + b"/"


def options(target: Target, recipe: Recipe, *, rsh: str = "") -> list[bytes]:
    """Return the options of a run by *recipe*; the list of names comes on standard input."""
    return [
        b"rsync",
        *(os.fsencode(option) for option in target.options.passed),
        *_comparing(target, recipe),
        *_deleting(target, recipe),
        *_keeping(target, recipe),
        b"--dirs",
        b"--no-recursive",
        *connecting(target, rsh=rsh),
        *_limiting(target, recipe),
        *_leaving(recipe),
        *(b"--filter=P " + pattern for pattern in recipe.kept),
        *(b"--filter=- " + pattern for pattern in recipe.left_alone),
        *(target.full_pass_filters if recipe.scheduled else target.filters).rsync_options(),
        *_ignore_files(target),
    ]


def command(
    target: Target, recipe: Recipe, root: bytes, *, rsh: str = "", extra: Sequence[bytes] = ()
) -> list[bytes]:
    """Return the command line of a run that reads its names from standard input."""
    return [
        *options(target, recipe, rsh=rsh),
        *extra,
        b"--files-from=-",
        b"--from0",
        b"--",
        root.rstrip(b"/") + b"/",
        destination(target.endpoint),
    ]


NAMES_DELETIONS: Final = b"--info=del"
"""Lets rsync write a line for each entry that it deletes (rsync 3.1 and later)."""


def census_command(target: Target, root: bytes, *, rsh: str = "") -> list[bytes]:
    """Return the command line of a dry run that tells what the target holds, by ``--stats``.

    Nothing is compared: what exists is left alone (``--ignore-existing``), and so is counted by
    what is not created. Directories that cannot be read do not switch deletions off.

    Where rsync does not know all that is excluded, it names what it would delete, to be sorted out.
    """
    return [
        b"rsync",
        *(os.fsencode(option) for option in target.options.passed),
        b"--no-checksum",
        b"--recursive" if target.options.recursive else b"--dirs",
        b"--delete",
        b"--ignore-errors",
        b"--ignore-existing",
        b"--dry-run",
        b"--stats",
        *(() if target.filters.is_exact else (NAMES_DELETIONS,)),
        *connecting(target, rsh=rsh),
        *target.filters.rsync_options(),
        *_ignore_files(target),
        b"--",
        root.rstrip(b"/") + b"/",
        destination(target.endpoint),
    ]


def command_with_names(
    target: Target,
    recipe: Recipe,
    names: Sequence[bytes],
    *,
    rsh: str = "",
    extra: Sequence[bytes] = (),
) -> list[bytes]:
    """Return the command line of a run with its names as arguments; it must start in the root.

    rsync reads a list from standard input one byte at a time (1.5 µs each, measured); arguments
    cost a tenth of it, but only a run that has not started yet can take them.
    """
    return [
        *options(target, recipe, rsh=rsh),
        *extra,
        b"--relative",
        b"--",
        *(b"./" + name.removeprefix(b"./").removeprefix(b"/") for name in names),
        destination(target.endpoint),
    ]


def moving(
    target: Target,
    recipe: Recipe,
    *,
    new: RelPath,
    old: RelPath,
    rsh: str = "",
    extra: Sequence[bytes] = (),
) -> list[bytes]:
    """Return the command line of a run that makes *new* from what the target has as *old*.

    It must start in the root, and *recipe* be of a kind that moves. Alternative directories are
    absolute, which is from the module's root for a daemon: relative ones fail on some (3.4.3).
    A file is never taken for its old copy by size and time alone (``--ignore-times``).
    """
    is_tree = recipe.kind is Kind.MOVED_TREE
    if is_tree:
        place = new + b"/"
        how = [b"--recursive", b"--link-dest=" + _absolute(target.endpoint, old)]
    else:
        place = parent(new) + b"/" if parent(new) else b""
        how = [b"--dirs", b"--no-recursive", b"--ignore-times", b"--no-whole-file"]
        if parent(old) == parent(new):
            how.append(b"--fuzzy")
        else:
            how.append(b"--copy-dest=" + _absolute(target.endpoint, parent(old)))
        how += [b"--files-from=-", b"--from0"]
    return [
        b"rsync",
        *(os.fsencode(option) for option in target.options.passed),
        *_comparing(target, recipe),
        *(_deleting(target, recipe) if is_tree else ()),
        *connecting(target, rsh=rsh),
        *_limiting(target, recipe),
        *target.filters.rsync_options(),
        *extra,
        *how,
        b"--",
        b"./" + place,
        destination(target.endpoint) + place,
    ]


def _absolute(endpoint: Endpoint, directory: RelPath) -> bytes:
    """Return a directory of the target as rsync's receiver names it."""
    match endpoint:
        case RsyncModule(path=path):
            top = os.fsencode(path.strip("/"))
        case RemoteShell(path=path):
            top = os.fsencode(path.strip("/"))
        case LocalDirectory(path=path):
            top = path.strip(b"/")
    return b"/" + b"/".join(part for part in (top, directory) if part)


def name_list(names: Sequence[bytes]) -> bytes:
    """Return *names* as ``--from0`` wants them."""
    return b"".join(name + b"\0" for name in names)


def pasteable(argv: Sequence[bytes], names: Sequence[bytes], *, shown: int = 3) -> str:
    """Return a shell command that repeats a run by hand, with the first few names."""
    words = " ".join(shlex.quote(os.fsdecode(word)) for word in argv)
    if b"--files-from=-" not in argv:
        return words
    listed = " ".join(shlex.quote(os.fsdecode(name)) for name in names[:shown])
    more = f"  # and {len(names) - shown} more names" if len(names) > shown else ""
    return f"printf '%s\\0' {listed} | {words}{more}"


def _comparing(target: Target, recipe: Recipe) -> list[bytes]:
    # Without --modify-window=-1 a same-size rewrite within the second is never sent.
    window: list[bytes] = []
    if target.options.times and not target.options.own_compare:
        granularity_ns = recipe.capabilities.mtime_granularity_ns
        if granularity_ns > 1:
            window = [b"--modify-window=%d" % (granularity_ns // 1_000_000_000)]
        elif recipe.capabilities.nanoseconds:
            window = [b"--modify-window=-1"]
    return [*window, *([b"--ignore-times"] if recipe.kind is Kind.REWRITES else [])]


def _deleting(target: Target, recipe: Recipe) -> list[bytes]:
    if not target.delete or recipe.deletes is Deletes.NOTHING:
        return [b"--ignore-missing-args"]
    missing = b"--delete-missing-args" if recipe.capabilities.missing_args else b""
    guard = b"" if recipe.max_delete is None else b"--max-delete=%d" % recipe.max_delete
    # Names that are gone are deleted by themselves; what is extraneous, only where that is meant.
    # (After a sweep the list holds no levels; without --delete the target would not get filters.)
    by_name = target.baseline and not recipe.scheduled and bool(missing)
    by_name = by_name and recipe.deletes is Deletes.LISTED and not recipe.left
    extraneous = b"" if by_name else b"--delete"
    chosen = [b"--force", extraneous, missing or b"--ignore-missing-args", guard]
    return [option for option in chosen if option]


def _leaving(recipe: Recipe) -> list[bytes]:
    """Return what hides all of a level from both sides, but from the receiver what was left.

    So that looks extraneous there (rsync(1), FILTER RULES: ``R`` risks what ``-`` would protect).
    """
    if not recipe.left:
        return []
    level = recipe.left.rpartition(b"/")[0] + b"/*"
    return [b"--filter=R " + recipe.left, b"--filter=- " + level]


def _ignore_files(target: Target) -> list[bytes]:
    """Return what has rsync read the ``.cvsignore`` of each level; its own list is among rules."""
    return [b"--filter=:C"] if target.options.ignore_files else []


def _keeping(target: Target, recipe: Recipe) -> list[bytes]:
    """Return what makes the target keep: on its disk (3.2.4), and what was there before."""
    chosen = [b"--fsync"] if target.fsync and recipe.capabilities.fsync else []
    if recipe.trash:
        chosen += [b"--backup", b"--backup-dir=" + TRASH + b"/" + recipe.trash]
    return chosen


def connecting(target: Target, *, rsh: str) -> list[bytes]:
    """Return the options by which *target* is reached, if need be by the remote shell *rsh*."""
    chosen = [b"--timeout=%d" % target.timeout_s]
    match target.endpoint:
        case RsyncModule(tls=True):
            chosen.append(b"--rsh=" + os.fsencode(rsh))
            chosen += _password_file(target)
        case RsyncModule(port=port):
            # Nagle's algorithm and delayed acknowledgements cost 40 ms at both ends of a run.
            chosen.append(b"--sockopts=TCP_NODELAY")
            chosen.append(b"--contimeout=%d" % target.connect_timeout_s)
            if port != 873:
                chosen.append(b"--port=%d" % port)
            chosen += _password_file(target)
        case RemoteShell(path=path):
            chosen.append(b"--rsh=" + os.fsencode(rsh))
            if not _PLAIN.fullmatch(path):
                # Before 3.2.4 rsync left such a path to the remote shell (rsync(1), -s).
                chosen.append(b"--protect-args")
        case LocalDirectory():
            pass
    if target.rsync_path != "rsync":
        chosen.append(b"--rsync-path=" + os.fsencode(target.rsync_path))
    return chosen


def _password_file(target: Target) -> list[bytes]:
    file = os.fsencode(target.password_file)
    return [b"--password-file=" + file] if file else []


def _limiting(target: Target, recipe: Recipe) -> list[bytes]:
    chosen = []
    if recipe.bandwidth_kib_s:
        chosen.append(b"--bwlimit=%d" % recipe.bandwidth_kib_s)
    if recipe.kind is Kind.ENTRIES and not target.options.max_size:
        chosen.append(b"--max-size=%d" % target.large_file_bytes)
    return chosen
