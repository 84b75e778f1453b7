"""What an rsync daemon shows: its modules, and the entries of a directory in one.

By rsync itself (``rsync HOST::`` and ``--list-only``). A daemon's greeting text comes on the same
stream as its modules; only lines of their form (clientserver.c: name padded to 15, a tab, comment)
are taken.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sersync.linux.once import run_once
from sersync.model.batch import Reason
from sersync.model.pasting import command_line
from sersync.model.target import RsyncModule, Target
from sersync.transfer.output import unescape
from sersync.transfer.tls import tls_rsh
from sersync.transfer.verdict import Judgement, judge

_MODULE: Final = re.compile(rb"(?P<name>[^\t]{15,}|[^\t]+ *)\t(?P<comment>.*)")
_NO_WAY_IN: Final = re.compile(
    rb"change_dir \".*\" \(in .*\) failed: (.*) \((\d+)\)$", re.MULTILINE
)
_ENTRY: Final = re.compile(
    rb"(?P<mode>[a-zA-Z-]{10}\+?) +(?P<size>[\d,.]+) (?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)"
    rb" (?P<name>.*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModule:
    """A module that the daemon shows."""

    name: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntry:
    """An entry of a directory. *mode* is written as ls(1) does, *time* in local time."""

    mode: str
    size_bytes: int
    time: str
    name: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was shown, or with *failure* why nothing was."""

    modules: tuple[ListedModule, ...] = ()
    entries: tuple[ListedEntry, ...] = ()
    failure: Judgement | None = None


def list_target(target: Target, endpoint: RsyncModule, *, deadline_s: float) -> Listing:
    """Ask the daemon of *endpoint* for its modules, or with a module for what is in its path.

    A password that is no file's is the environment's RSYNC_PASSWORD, which rsync takes by itself.
    """
    done = run_once(_command(target, endpoint), deadline_s=deadline_s)
    if done.code:
        judged = judge(done.code, done.stderr, b"", target=target, root=b"")
        if match := _NO_WAY_IN.search(done.stderr):
            judged = replace(judged, reason=_no_way_in(endpoint, *match.groups()))
        return Listing(failure=judged)
    lines = done.stdout.splitlines()
    if endpoint.module:
        return Listing(entries=parse_entries(lines))
    return Listing(modules=parse_modules(lines))


def _no_way_in(endpoint: RsyncModule, error: bytes, number: bytes) -> Reason:
    where = f"{endpoint.path!r} in the module {endpoint.module} on {endpoint.host}"
    if int(number) == errno.ENOENT:
        message = f"there is no directory {where}"
    else:
        message = f"{where} cannot be entered as a directory: {error.decode('utf-8', 'replace')}"
    above = replace(endpoint, path=os.path.dirname(endpoint.path.strip("/")))
    command = command_line("sersync", "target", "list", str(above))
    return Reason(message=message, remedy="Look at what is there:", command=command)


def parse_modules(lines: Sequence[bytes]) -> tuple[ListedModule, ...]:
    """Return the modules among *lines*; the others are the daemon's greeting."""
    return tuple(
        ListedModule(
            name=os.fsdecode(match["name"].rstrip(b" ")), comment=os.fsdecode(match["comment"])
        )
        for line in lines
        if (match := _MODULE.fullmatch(line))
    )


def parse_entries(lines: Sequence[bytes]) -> tuple[ListedEntry, ...]:
    """Return the entries among *lines*, without the directory itself."""
    found = (match for line in lines if (match := _ENTRY.fullmatch(line)))
    return tuple(
        ListedEntry(
            mode=match["mode"].decode(),
            size_bytes=int(re.sub(rb"\D", b"", match["size"])),
            time=match["time"].decode(),
            name=unescape(match["name"]),
        )
        for match in found
        if match["name"] != b"."
    )


def _command(target: Target, endpoint: RsyncModule) -> list[str]:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    user = f"{endpoint.user}@" if endpoint.user else ""
    where = f"{endpoint.module}/{endpoint.path}".rstrip("/") + "/" if endpoint.module else ""
    way = (
        [f"--rsh={tls_rsh(endpoint)}"]
        if endpoint.tls
        else [f"--port={endpoint.port}", f"--contimeout={target.connect_timeout_s}"]
    )
    password = [f"--password-file={target.password_file}"] if target.password_file else []
    return [
        "rsync", "--list-only", "--no-human-readable", f"--timeout={target.timeout_s}",
        *way, *password, "--", f"{user}{host}::{where}",
    ]  # fmt: skip
