"""What the manifest says of a directory: a row for each, its entries packed into one blob. Pure.

A row vouches for this: whatever of the directory still looks as the row says, stands on every
target or is known to be dirty for it. So a walk that is compared with the rows finds every
change that nobody told of, and nothing else.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sersync.model.path import RelPath

_KIND: Final = 0x0F
_LINKED: Final = 0x10
_COUNT: Final = struct.Struct("<I")
DIRECTORY: Final = stat.S_IFDIR >> 12


class Entry(NamedTuple):
    """One name in a directory, and what shows that it was changed or replaced.

    *traits* are the file type as in ``st_mode >> 12``, and whether the file has other names.
    *changed_ns* is its change time (stat(2)), which no program can set; of a directory 0, since
    its own row has that.
    """

    name: bytes
    traits: int
    inode: int
    changed_ns: int

    @property
    def is_directory(self) -> bool:
        """Tell whether the name is a directory's."""
        return self.traits & _KIND == DIRECTORY

    @property
    def is_linked(self) -> bool:
        """Tell whether the file had more names than this one."""
        return bool(self.traits & _LINKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One directory as it was when it was looked at.

    *changed_ns*: its own change time: any name that came or went, and any change of its
    attributes, makes it another one. *filesystem*: 0 on that of the root, else a fingerprint of
    the one that is mounted there or above. *basis*: a fingerprint of the filters that held.
    Fingerprints have 63 bits.
    *blob*: its entries, without what the filters exclude, as ``pack`` makes it.
    """

    directory: RelPath
    inode: int
    changed_ns: int
    filesystem: int
    basis: int
    entries: int
    blob: bytes


def traits_of(mode: int, links: int) -> int:
    """Return the traits of an entry with *mode* and *links* (``st_mode``, ``st_nlink``)."""
    kind = mode >> 12
    return kind | _LINKED if links > 1 and kind != DIRECTORY else kind


def pack(entries: Iterable[Entry | tuple[bytes, int, int, int]]) -> bytes:
    """Return *entries*, in any order, as a blob that is equal for equal entries.

    Column by column: that packs and compares several times faster than entry by entry.
    """
    ordered = sorted(entries)
    if not ordered:
        return b""
    names, traits, inodes, changes = zip(*ordered, strict=True)
    count = len(ordered)
    return b"".join(
        (
            _COUNT.pack(count),
            bytes(traits),
            struct.pack(f"<{count}Q", *inodes),
            struct.pack(f"<{count}q", *changes),
            b"\0".join(names),
        )
    )


def unpack(blob: bytes) -> list[Entry]:
    """Return the entries of *blob*, ordered by name. Raises ``ValueError`` if it is none."""
    if not blob:
        return []
    try:
        (count,) = _COUNT.unpack_from(blob)
        traits = blob[_COUNT.size : _COUNT.size + count]
        inodes = struct.unpack_from(f"<{count}Q", blob, _COUNT.size + count)
        changes = struct.unpack_from(f"<{count}q", blob, _COUNT.size + 9 * count)
    except struct.error as error:
        raise ValueError("the blob of a directory is cut off") from error
    names = blob[_COUNT.size + 17 * count :].split(b"\0")
    if len(names) != count:
        raise ValueError("the blob of a directory is cut off")
    return list(map(Entry, names, traits, inodes, changes))
