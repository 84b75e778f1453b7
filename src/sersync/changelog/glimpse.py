"""What one target lacks, seen without looking at all of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from operator import attrgetter
from typing import Final

from sersync.changelog.backlog import Backlog
from sersync.changelog.merge import merged
from sersync.model.dirty import DirtyPath
from sersync.model.path import RelPath

_FIRST_SEEN: Final = attrgetter("first_seen")
_REST_PER_PATH_S: Final = 2e-6
"""After a look at all paths there is none for so long for each: some twenty times what it took."""


class Glimpse:
    """The dirty paths of one target. Good until its changelog changes."""

    def __init__(
        self,
        backlog: Backlog,
        pending: Callable[[], Iterator[DirtyPath]],
        reported: Callable[[RelPath], DirtyPath | None],
    ) -> None:
        """*pending* yields all but what is in flight; *reported*: what the log has of one path."""
        self._backlog = backlog
        self._pending = pending
        self._reported = reported

    def first_seen(self, path: RelPath) -> float | None:
        """Return since when *path* itself is dirty; None: it is not."""
        backlog = self._backlog
        entries = (
            backlog.in_flight.get(path),
            backlog.deferred.get(path),
            backlog.own.get(path),
            self._reported(path),
        )
        return min((entry.first_seen for entry in entries if entry is not None), default=None)

    def oldest(self) -> DirtyPath | None:
        """Return the path that is dirty for the longest. Looks at all of them."""
        backlog = self._backlog
        dirty = chain(backlog.in_flight.values(), self._pending())
        return min(dirty, key=_FIRST_SEEN, default=None)

    def some(self, most: int) -> list[DirtyPath]:
        """Return up to *most* paths that are not in flight, without looking at many more."""
        seen: dict[RelPath, DirtyPath] = {}
        # A path stands in three places at most.
        for entry in islice(self._pending(), 3 * most):
            if old := seen.get(entry.path):
                seen[entry.path] = merged(old, entry, created=False)
            elif len(seen) < most:
                seen[entry.path] = entry
        return list(seen.values())

    def flying(self, most: int) -> list[DirtyPath]:
        """Return up to *most* paths that are in flight."""
        return list(islice(self._backlog.in_flight.values(), most))

    def is_in_flight(self, entry: DirtyPath) -> bool:
        """Tell whether it is *entry* itself that is in flight, and no newer report of its path."""
        return self._backlog.in_flight.get(entry.path) is entry

    def is_deferred(self, path: RelPath) -> bool:
        """Tell whether *path* waits until some run has ended."""
        return path in self._backlog.deferred


class Oldest:
    """The oldest dirty path of one target. Whoever owns it lets one thread in at a time.

    What is dirty for the longest stays so until it is carried, since all that is reported later
    is younger. So only then all paths are looked at, and not again for a while: for that long
    an age may be shown that was true a moment ago.
    """

    def __init__(self) -> None:
        self.known: DirtyPath | None = None
        self._looked_at = float("-inf")

    def find(self, glimpse: Glimpse, *, count: int, now: float) -> float | None:
        """Return since when the oldest of the *count* paths of *glimpse* is dirty; None: of none.

        *count* may be larger, but is 0 only where there is nothing.
        """
        if not count:
            self.known = None
            return None
        if self.known is not None:
            first_seen = glimpse.first_seen(self.known.path)
            if first_seen is not None and first_seen <= self.known.first_seen:
                return first_seen
            if now - self._looked_at < count * _REST_PER_PATH_S:
                return self.known.first_seen
        self._looked_at = now
        self.known = glimpse.oldest()
        return None if self.known is None else self.known.first_seen

    def add(self, entry: DirtyPath) -> None:
        """Take note of *entry*, which may be dirty for longer than all the others."""
        if self.known is not None and entry.first_seen < self.known.first_seen:
            self.known = entry
