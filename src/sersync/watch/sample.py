"""A few directories of the source, by chance; and whether something there changed just now."""

from __future__ import annotations

import os
import random
import time
from itertools import islice
from typing import Final

from sersync.model.filters import Filter
from sersync.model.path import ROOT, RelPath, join, parent

_MOST_LISTED: Final = 2_000
_STOPS_HERE: Final = 0.3


class Sample:
    """Looks at the tree at *root*, without what *filters* exclude. For one thread."""

    def __init__(
        self, root: bytes, filters: Filter, *, chance: random.Random | None = None
    ) -> None:
        self._root = root.rstrip(b"/")
        self._filters = filters
        self._chance = chance or random.Random()  # noqa: S311  # chance, no secret

    def directories(self, count: int) -> list[RelPath]:
        """Return up to *count* directories, found by going down from the root by chance."""
        found = dict.fromkeys(self._descend() for _ in range(count))
        return [each for each in found if each]

    def is_small(self, directory: RelPath) -> bool:
        """Tell whether *directory* is there, and to look at its level costs little."""
        listed = self._listed(directory)
        return listed is not None and len(listed) < _MOST_LISTED

    def is_young(self, path: RelPath, *, within_s: float) -> bool:
        """Tell whether *path*, or the directory that it is in, changed within *within_s*.

        So does what the clock, set anew, says about the future.
        """
        since_ns = (time.time() - within_s) * 1e9
        return any(self._changed_ns(place) > since_ns for place in (path, parent(path)))

    def _descend(self) -> RelPath:
        place = ROOT
        while True:
            below = [
                join(place, entry.name)
                for entry in self._listed(place) or ()
                if entry.is_dir(follow_symlinks=False)
            ]
            below = [each for each in below if not self._filters.excludes(each, is_dir=True)]
            if not below or (place and self._chance.random() < _STOPS_HERE):
                return place
            place = self._chance.choice(below)

    def _listed(self, directory: RelPath) -> list[os.DirEntry[bytes]] | None:
        """Return what *directory* holds, as far as it is looked at; None: it cannot be read."""
        try:
            with os.scandir(self._root + b"/" + directory) as listing:
                return list(islice(listing, _MOST_LISTED))
        except OSError:
            return None

    def _changed_ns(self, path: RelPath) -> int:
        try:
            return os.lstat(self._root + b"/" + path).st_ctime_ns
        except OSError:
            return 0
