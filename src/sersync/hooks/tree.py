"""The source as hooks are told of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from sersync.model.filters import Filter
from sersync.model.path import RelPath, join


class SourceNames:
    """Looks at the tree at *root*, without what *filters* exclude. Keeps nothing."""

    def __init__(self, root: bytes, filters: Filter) -> None:
        self.root = root
        self._filters = filters

    def kind(self, path: RelPath) -> tuple[bool, bool] | None:
        """Return whether *path* is a directory, and whether a regular file; None for nothing."""
        try:
            mode = os.lstat(self.root + b"/" + path).st_mode
        except OSError:
            return None
        return stat.S_ISDIR(mode), stat.S_ISREG(mode)

    def is_file(self, path: RelPath) -> bool:
        """Tell whether there is a regular file at *path*."""
        seen = self.kind(path)
        return seen is not None and seen[1]

    def below(self, path: RelPath) -> Iterator[tuple[RelPath, bool]]:
        """Yield *path* and all below it that takes part, and whether each is a directory."""
        seen = self.kind(path)
        if seen is None:
            return
        yield path, seen[0]
        waiting = [path] if seen[0] else []
        while waiting:
            here = waiting.pop()
            try:
                entries = sorted(os.scandir(self.root + b"/" + here), key=lambda each: each.name)
            except OSError:
                continue
            for entry in entries:
                name = join(here, entry.name)
                is_dir = entry.is_dir(follow_symlinks=False)
                if self._filters and self._filters.excludes(name, is_dir=is_dir):
                    continue
                yield name, is_dir
                if is_dir:
                    waiting.append(name)
