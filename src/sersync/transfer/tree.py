"""The source tree as the plan sees it, and what is remembered of it between plans."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from sersync.model.path import RelPath
from sersync.transfer.plan import DOUBTFUL, Seen, Stamp

_UNSEEN: Final = os.stat_result((0,) * 10)
_MOST_NAMES_OF_ONE_FILE: Final = 1_000


class SourceTree:
    """Looks at the source. Owned by the worker's thread."""

    def __init__(self, root: bytes, *, most_links: int = 200_000) -> None:
        self._prefix = root.rstrip(b"/") + b"/"
        self._links: dict[tuple[int, int], set[RelPath]] = {}
        self._linked = 0
        self._most_links = most_links

    def lstat(self, path: RelPath) -> Seen | None:
        """Return what is at *path*, None for nothing, mode 0 for what cannot be looked at."""
        try:
            return os.lstat(self._prefix + path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return _UNSEEN

    def entries(self, directory: RelPath) -> Sequence[tuple[bytes, Seen]]:
        """Return what *directory* holds; nothing when it cannot be read."""
        found = []
        try:
            with os.scandir(self._prefix + directory) as listing:
                for entry in listing:
                    try:
                        found.append((entry.name, entry.stat(follow_symlinks=False)))
                    except OSError:
                        continue
        except OSError:
            pass
        return found

    def holds_more_than(self, directory: RelPath, most: int) -> bool:
        """Tell whether *directory* has more than *most* entries; looks at no more than that."""
        try:
            with os.scandir(self._prefix + directory) as listing:
                return next(islice(listing, most, None), None) is not None
        except OSError:
            return False

    def other_names(self, path: RelPath, seen: Seen) -> Iterable[RelPath]:
        """Remember that *path* is one of several names; return those known that still are.

        The kernel reports a change under the name by which the file was opened and no other, so
        all of them must travel. Names outside the tree cannot be known.
        """
        key = (seen.st_dev, seen.st_ino)
        names = self._links.get(key)
        if names is None:
            if self._linked >= self._most_links:
                return ()
            names = self._links[key] = set()
        if path not in names:
            names.add(path)
            self._linked += 1
        if len(names) == 1:
            return ()
        others = [name for name in names if name != path][:_MOST_NAMES_OF_ONE_FILE]
        still = []
        for name in others:
            now = self.lstat(name)
            if now is not None and (now.st_dev, now.st_ino) == key:
                still.append(name)
            else:
                names.discard(name)
                self._linked -= 1
        return still

    def linked(self) -> list[RelPath]:
        """Return one name of each file that is known to have several below the root."""
        return [min(names) for names in self._links.values() if len(names) > 1]


class RecentlyCarried:
    """The stamps with which paths were last carried, for the most recent ones."""

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._stamps: dict[RelPath, tuple[Stamp, int]] = {}
        self._era = 1

    def stamp(self, path: RelPath) -> Stamp | None:
        """Return the stamp with which *path* was last carried, if that is remembered."""
        known = self._stamps.get(path)
        return known[0] if known is not None else None

    def is_confirmed(self, path: RelPath) -> bool:
        """Tell whether the target surely has *path* with that stamp."""
        known = self._stamps.get(path)
        return known is not None and known[1] == self._era

    def remember(self, stamps: Iterable[tuple[RelPath, Stamp]], *, confirmed: bool) -> None:
        """Remember that these were carried; not *confirmed*: they may have been."""
        known = self._stamps
        era = self._era if confirmed else 0
        for path, stamp in stamps:
            known.pop(path, None)
            known[path] = (stamp, era)
        while len(known) > self._most:
            del known[next(iter(known))]

    def doubt(self) -> None:
        """Take nothing that was carried until now for confirmed any more."""
        self._era += 1


def as_carried(
    stamps: Iterable[tuple[RelPath, Stamp]], tree: SourceTree
) -> Iterator[tuple[RelPath, Stamp]]:
    """Yield *stamps* as they may be remembered after a run: doubtful if the file changed in it.

    rsync looked at the file some time after the plan did, and may have taken either version.
    """
    for path, stamp in stamps:
        now = tree.lstat(path)
        is_as_planned = now is None or now.st_ctime_ns == stamp[2]
        yield path, stamp if is_as_planned else DOUBTFUL
