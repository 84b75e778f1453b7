"""One directory read for the manifest: its entries, and since when nothing in it moved."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from typing import Final

from sersync.model.filters import Filter
from sersync.model.manifest import DIRECTORY, pack, traits_of
from sersync.model.path import RelPath

RIPE_AFTER_NS: Final = 2_000_000_000
"""The coarsest change times in use are two seconds apart."""
_MOST_IN_ONE_WRITE: Final = 1 << 31
"""A write(2) takes no more at once; it sets the time first and is reported at its end."""
_SLOWEST_NS_PER_BYTE: Final = 50
"""Of a disk that writes 20 MB/s."""
_LONGEST_WRITE_NS: Final = _MOST_IN_ONE_WRITE * _SLOWEST_NS_PER_BYTE
_OPENED: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a directory lies. *filesystem_id* is what statvfs(3) calls ``f_fsid``."""

    inode: int
    device: int
    filesystem_id: int


@dataclass(slots=True, kw_only=True)
class Level:
    """What a directory is and holds, without what the filters exclude.

    *blob*: None if an entry could not be looked at. *ripe_at_ns*: see ``Look``.
    """

    place: Place
    changed_ns: int
    ripe_at_ns: int
    blob: bytes | None = None
    entries: int = 0
    directories: list[bytes]
    """The names of the directories in it, ordered."""
    size: int = 0
    """Bytes of the regular files."""


class Levels:
    """The directories of the tree at *root*, without what *filters* exclude."""

    def __init__(self, root: bytes, filters: Filter) -> None:
        self._root = root
        self._filters = filters

    def read(self, directory: RelPath) -> Level:
        """Return what is in *directory*. Raises ``OSError`` when that cannot be.

        Its own change time is read before its names, so that a name which comes or goes
        meanwhile shows in a later time. An excluded directory is not there.
        """
        if directory and self._filters.excludes(directory, is_dir=True):
            raise FileNotFoundError(directory)
        fd = os.open(self._root + b"/" + directory, _OPENED)
        try:
            own = os.fstat(fd)
            level = Level(
                place=Place(
                    inode=own.st_ino,
                    device=own.st_dev,
                    filesystem_id=os.fstatvfs(fd).f_fsid,
                ),
                changed_ns=own.st_ctime_ns,
                ripe_at_ns=own.st_ctime_ns + RIPE_AFTER_NS,
                directories=[],
            )
            _list(fd, level, directory, self._filters)
        finally:
            os.close(fd)
        level.directories.sort()
        return level

    def place(self, directory: RelPath) -> Place:
        """Return where *directory* lies. Raises ``OSError``."""
        path = self._root + b"/" + directory
        status = os.lstat(path)
        return Place(
            inode=status.st_ino,
            device=status.st_dev,
            filesystem_id=os.statvfs(path).f_fsid,
        )


def _list(fd: int, level: Level, directory: RelPath, filters: Filter) -> None:
    """Fill *level*. In a loop that runs once for each file of the source: spelled out."""
    prefix = directory + b"/" if directory else b""
    is_filtered = bool(filters)
    horizon_ns = time.time_ns() - RIPE_AFTER_NS - _LONGEST_WRITE_NS
    ripe_at_ns, size = level.ripe_at_ns, 0
    found: list[tuple[bytes, int, int, int]] = []
    is_whole = True
    with os.scandir(fd) as listing:
        for entry in listing:
            name = os.fsencode(entry.name)
            is_dir = entry.is_dir(follow_symlinks=False)
            if is_filtered and filters.excludes(RelPath(prefix + name), is_dir=is_dir):
                continue
            if is_dir:
                level.directories.append(name)
                found.append((name, DIRECTORY, entry.inode(), 0))
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError:
                is_whole = False
                continue
            mode, changed_ns = status.st_mode, status.st_ctime_ns
            found.append((name, traits_of(mode, status.st_nlink), status.st_ino, changed_ns))
            if stat.S_ISREG(mode):
                size += status.st_size
            if changed_ns > horizon_ns:
                longest = min(status.st_size, _MOST_IN_ONE_WRITE) * _SLOWEST_NS_PER_BYTE
                ripe_at_ns = max(ripe_at_ns, changed_ns + RIPE_AFTER_NS + longest)
    level.entries, level.size, level.ripe_at_ns = len(found), size, ripe_at_ns
    level.blob = pack(found) if is_whole else None
