"""Paths below a source's root, as the bytes that the kernel knows them by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NewType

RelPath = NewType("RelPath", bytes)
"""A path relative to the root, no slash at either end; ``b""`` is the root itself."""

ROOT: Final = RelPath(b"")

_LONGEST: Final = 4093
"""So many bytes leave room, in the 4095 that Linux and rsync take, for a slash at either end."""

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\udc80-\udcff]"
)


def parent(path: RelPath) -> RelPath:
    """Return the directory that holds *path*; the root's parent is the root."""
    end = path.rfind(b"/")
    return RelPath(path[:end]) if end > 0 else ROOT


def name(path: RelPath) -> bytes:
    """Return the last component of *path*."""
    return path[path.rfind(b"/") + 1 :]


def join(directory: RelPath, entry: bytes) -> RelPath:
    """Return the path of *entry* in *directory*."""
    return RelPath(directory + b"/" + entry) if directory else RelPath(entry)


def ancestors(path: RelPath) -> Iterator[RelPath]:
    """Yield every directory above *path*, nearest first, the root last; none for the root."""
    if not path:
        return
    end = path.rfind(b"/")
    while end > 0:
        yield RelPath(path[:end])
        end = path.rfind(b"/", 0, end)
    yield ROOT


def is_too_long(path: RelPath) -> bool:
    """Tell whether *path* can be given to no rsync by name: it would read another, cut one."""
    return len(path) > _LONGEST


def is_within(path: RelPath, directory: RelPath) -> bool:
    """Tell whether *path* is *directory* or lies below it."""
    return not directory or path == directory or path.startswith(directory + b"/")


def overlap(one: RelPath, other: RelPath) -> bool:
    """Tell whether one of the two paths is the other, or lies below it."""
    return is_within(one, other) or is_within(other, one)


def display(path: bytes) -> str:
    r"""Return *path* for people: undecodable and control bytes as ``\xNN``, the root as ``.``."""
    return printable(path.decode("utf-8", "surrogateescape") or ".")


def printable(text: str) -> str:
    r"""Return *text* with what would not show, or would reorder the rest, as ``\xNN``."""
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
