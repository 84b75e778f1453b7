r"""What rsync writes for programs: itemised changes, statistics, progress. Pure.

Formats are those of rsync(1): ``--itemize-changes``, ``--stats`` and ``--info=progress2``. In
names every control byte but the tab is written as ``\#ooo``, and so is a backslash before ``#``
and three digits (``--8-bit-output``); so one line is one item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sersync.model.batch import Stats
from sersync.model.path import RelPath

_ESCAPED: Final = re.compile(rb"\\#([0-3][0-7]{2})")
_FLAGS_WIDTH: Final = 11
_DELETING: Final = b"*deleting"
_DELETED: Final = re.compile(rb"^deleting (.+)$", re.MULTILINE)
_STATISTIC: Final = re.compile(
    rb"^(Number of (?:deleted files|created files|files"
    rb"|regular files transferred|files transferred)"
    rb"|Total bytes sent): ([\d,.' \xa0]*\d)([KMGTP]?)",
    re.MULTILINE,
)
_PROGRESS: Final = re.compile(rb"(?:^|[\r\n]) *([\d,.']*\d)([KMGTP]?) +\d+% ")
_SUFFIXES: Final = b"KMGTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One itemised change; *flags* are the eleven characters of ``%i``."""

    flags: str
    path: RelPath
    deleted: bool
    is_dir: bool = False


def unescape(name: bytes) -> bytes:
    r"""Return *name* with each ``\#ooo`` as the byte that it stands for."""
    if b"\\#" not in name:
        return name
    return _ESCAPED.sub(lambda match: bytes((int(match[1], 8),)), name)


def parse_items(stdout: bytes, token: bytes) -> list[Item]:
    """Return the items of ``--out-format='<token>%i %n'``.

    rsync writes messages to the same stream; the token, made at random, tells items from them.
    """
    items = []
    for line in stdout.split(b"\n"):
        if not line.startswith(token):
            continue
        flags = line[len(token) :][:_FLAGS_WIDTH]
        name = line[len(token) + _FLAGS_WIDTH + 1 :]
        if not name:
            continue
        items.append(
            Item(
                flags=flags.decode("ascii", "replace").rstrip(),
                path=relative(unescape(name)),
                deleted=flags.startswith(_DELETING),
                is_dir=name.endswith(b"/"),
            )
        )
    return items


def parse_deletions(stdout: bytes) -> list[Item]:
    """Return what ``--info=del`` names, where nothing else is itemised."""
    return [
        Item(
            flags=_DELETING.decode(),
            path=relative(unescape(name)),
            deleted=True,
            is_dir=name.endswith(b"/"),
        )
        for name in _DELETED.findall(stdout)
    ]


def relative(name: bytes) -> RelPath:
    """Return a name as rsync prints it (``./``, ``dir/``, ``./a``) as a path below the root."""
    name = name.strip(b"/")
    return RelPath(b"" if name == b"." else name.removeprefix(b"./"))


def parse_stats(stdout: bytes) -> Stats:
    """Return what ``--stats`` counted; what a line is missing for is 0."""
    found = {name: _number(digits, suffix) for name, digits, suffix in _STATISTIC.findall(stdout)}
    old_name = found.get(b"Number of files transferred", 0)
    return Stats(
        files=found.get(b"Number of regular files transferred", old_name),
        sent_bytes=found.get(b"Total bytes sent", 0),
        deleted=found.get(b"Number of deleted files", 0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Entries of the source; those that the target has not; and those that only it has."""

    listed: int
    created: int
    deleted: int


def parse_counts(stdout: bytes) -> Counts:
    """Return the entries that ``--stats`` counted (rsync 3.1 and later tell of all three)."""
    found = {name: _number(digits, suffix) for name, digits, suffix in _STATISTIC.findall(stdout)}
    return Counts(
        listed=found.get(b"Number of files", 0),
        created=found.get(b"Number of created files", 0),
        deleted=found.get(b"Number of deleted files", 0),
    )


def parse_progress(chunk: bytes) -> int | None:
    """Return the last count of bytes in a piece of ``--info=progress2``, None if there is none."""
    counts = _PROGRESS.findall(chunk)
    return _number(*counts[-1]) if counts else None


def _number(digits: bytes, suffix: bytes) -> int:
    """Return a number with separators of any locale, or one like ``1.23M`` (``-h``)."""
    if not suffix:
        return int(re.sub(rb"\D", b"", digits))
    value = float(digits.replace(b",", b"."))
    return int(value * 1000 ** (_SUFFIXES.index(suffix) + 1))
