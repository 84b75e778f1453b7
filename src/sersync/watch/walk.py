"""The source, walked for a full pass: levels in path order, packed into slices."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from sersync.linux.followed import FollowedLinks
from sersync.linux.ignored import IgnoreFiles
from sersync.model.filters import Filter
from sersync.model.follow import Follow
from sersync.model.path import ROOT, RelPath, join
from sersync.model.slices import Extent, Slice


@dataclass(slots=True, kw_only=True)
class _Level:
    """One directory's own entries: how many, how heavy, and which are directories."""

    path: RelPath
    entries: int = 0
    bytes: int = 0
    small_bytes: int = 0
    directories: list[RelPath] = field(default_factory=list)
    ignored: IgnoreFiles | None = None


class Walk:
    """Walks the tree at *root*, without what *filters* exclude. Keeps nothing between calls.

    *one_file_system*: what is mounted below the root is not entered, as with rsync's ``-x``.
    *follow*: the symlinks in whose place stands what they lead to. *ignore_files*: what a
    ``.cvsignore`` names takes no part.
    *max_entries* and *max_bytes*: a slice is complete when it holds as much. Files of
    *large_file_bytes* and more do not count for that: they travel on a lane of their own.
    Every call may run in a thread of its own.
    """

    def __init__(
        self,
        root: bytes,
        filters: Filter,
        *,
        one_file_system: bool = False,
        follow: Follow | None = None,
        ignore_files: bool = False,
        max_entries: int = 2000,
        max_bytes: int = 64 << 20,
        large_file_bytes: int = 8 << 20,
    ) -> None:
        self._root = root
        self._filters = filters
        self._one_file_system = one_file_system
        self._links = FollowedLinks(root, follow) if follow else None
        self._ignores = ignore_files
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._large_file_bytes = large_file_bytes

    def slices(self, subtree: RelPath) -> Iterator[Slice]:
        """Yield every level of *subtree* once, lazily, parents before children.

        The root's level is a slice of its own. A directory that vanishes meanwhile is left out:
        the level above it tells. One that cannot be read is in, so that its transfer says so.
        ``Slice.bytes`` counts all regular files, large ones too.
        """
        levels: list[RelPath] = []
        entries = size = small_size = 0
        for level in self._levels(subtree):
            levels.append(level.path)
            entries += level.entries
            size += level.bytes
            small_size += level.small_bytes
            is_full = entries >= self._max_entries or small_size >= self._max_bytes
            if is_full or level.path == ROOT:
                yield Slice(levels=tuple(levels), entries=entries, bytes=size)
                levels = []
                entries = size = small_size = 0
        if levels:
            yield Slice(levels=tuple(levels), entries=entries, bytes=size)

    def measure(self) -> Extent:
        """Count entries, and bytes of regular files, of all slices of the whole source."""
        entries = size = 0
        for level in self._levels(ROOT):
            entries += level.entries
            size += level.bytes
        return Extent(entries=entries, bytes=size)

    def _levels(self, subtree: RelPath) -> Iterator[_Level]:
        """Yield directories in path order, each before what is below it."""
        if self._filters and self._filters.excludes(subtree, is_dir=True):
            return
        ignored = IgnoreFiles(self._root) if self._ignores else None
        if ignored is not None and ignored.excludes(subtree, is_dir=True):
            return
        device = self._device() if self._one_file_system else None
        waiting = [subtree]
        while waiting:
            level = self._level(_Level(path=waiting.pop(), ignored=ignored), device)
            if level is not None:
                yield level
                level.directories.sort(reverse=True)
                waiting += level.directories

    def _level(self, level: _Level, device: int | None) -> _Level | None:
        """Return *level* with what its directory holds; None when it is none any more."""
        try:
            with os.scandir(self._root + b"/" + level.path) as entries:
                for entry in entries:
                    self._add(level, entry, device)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return level
        return level

    def _add(self, level: _Level, entry: os.DirEntry[bytes], device: int | None) -> None:
        path = join(level.path, entry.name)
        is_dir = entry.is_dir(follow_symlinks=False)
        status: os.stat_result | None = None
        if self._links is not None and entry.is_symlink():
            with contextlib.suppress(OSError):
                status = self._links.through(path, entry.stat(follow_symlinks=False))
                is_dir = stat.S_ISDIR(status.st_mode)
        if self._filters and self._filters.excludes(path, is_dir=is_dir):
            return
        if level.ignored is not None and level.ignored.excludes_entry(path, is_dir=is_dir):
            return
        level.entries += 1
        if is_dir and device is None:
            level.directories.append(path)
            return
        try:
            status = status or entry.stat(follow_symlinks=False)
        except OSError:
            return
        if is_dir:
            if status.st_dev == device:
                level.directories.append(path)
        elif stat.S_ISREG(status.st_mode):
            level.bytes += status.st_size
            if status.st_size < self._large_file_bytes:
                level.small_bytes += status.st_size

    def _device(self) -> int | None:
        try:
            return os.stat(self._root).st_dev
        except OSError:
            return None
