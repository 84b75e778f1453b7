"""Whether rsync would take a changed file for an unchanged one. Pure.

It compares size and modification time, and both can be those of what the target has: of two
writes within a tick of the clock, of a time that was put back, of another file with equal times
that was moved over the first. So what was carried is remembered with its change time, which no
program can set (stat(2)).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from sersync.model.capabilities import Capabilities
from sersync.model.dirty import DirtyPath
from sersync.model.filters import Filter
from sersync.model.path import RelPath
from sersync.transfer.unit import DOUBTFUL, Stamp

COARSE_TICK_NS: Final = 20_000_000
"""Within this time two writes may get the same times, on most file systems before Linux 6.13."""
_WHOLE_SECONDS_TICK_NS: Final = 2_000_000_000
_RENAMED_WITHIN_NS: Final = 10_000_000_000
"""The longest time from the last write to a temporary name to its rename that is nothing odd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a plan depends on besides the tree itself.

    *now* and *wall_ns* are the same moment by the monotonic clock (seconds) and by the calendar
    clock (nanoseconds). *is_mirror*: what the source has no name for, the target has none for.
    """

    filters: Filter
    capabilities: Capabilities
    delete: bool
    compares_times: bool
    large_file_bytes: int
    now: float
    wall_ns: int
    is_mirror: bool = True
    is_recursive: bool = True
    """Else directories below the root are never looked into."""
    tree_entries: int = 5_000
    coarse_tick_ns: int = COARSE_TICK_NS
    """Within this time of a look, a file may change and keep the times that it had."""

    def tick_of(self, ctime_ns: int) -> int:
        """Return how long after that change time a file may change again and keep its times.

        A whole second is of a file system that keeps no parts of it: ext4 with inodes of 128
        bytes, some servers of NFS. (Elsewhere it is one by chance, and costs one transfer.)
        """
        is_whole = ctime_ns % 1_000_000_000 == 0
        return self.coarse_tick_ns + (_WHOLE_SECONDS_TICK_NS if is_whole else 0)

    @property
    def tick_ns(self) -> int:
        """Times that differ by no more than this look alike to the target; 0 if it is exact."""
        granularity_ns = self.capabilities.mtime_granularity_ns
        if self.capabilities.nanoseconds and granularity_ns == 1:
            return 0
        return max(1_000_000_000, granularity_ns)


class Carried(Protocol):
    """What was carried lately."""

    def stamp(self, path: RelPath) -> Stamp | None:
        """Return the stamp with which *path* was last carried, if that is remembered."""
        ...

    def is_confirmed(self, path: RelPath) -> bool:
        """Tell whether the target surely has *path* with that stamp."""
        ...

    def doubtful(self, directory: RelPath) -> Collection[RelPath]:
        """Return the files in *directory* of which it is not known in what state they went."""
        ...

    @property
    def complete_since_ns(self) -> int:
        """What was carried with a later modification time is remembered."""
        ...

    def outdate(self, path: RelPath, stamp: Stamp) -> None:
        """Take note that *path* is carried as *stamp* says and that this is not remembered."""
        ...

    def leave_out(self, mtime_ns: int) -> None:
        """Take note that a file with that modification time is carried and not remembered."""
        ...


class Alike:
    """Compares files as they are now with what the target has, as far as that is known."""

    def __init__(self, terms: Terms, carried: Carried) -> None:
        self._terms = terms
        self._carried = carried

    def may_look_equal(
        self, dirty: DirtyPath, path: RelPath, stamp: Stamp, *, linked: bool
    ) -> bool:
        """Tell whether rsync might skip *path*, a name of what *dirty* reported, as unchanged.

        *linked*: the file has more than this name.
        """
        terms = self._terms
        if not terms.compares_times:
            return False
        size, mtime_ns, ctime_ns, _ = stamp
        known = self._carried.stamp(path)
        if known is not None:
            if known is DOUBTFUL:
                return True
            old_size, old_mtime_ns, old_ctime_ns, looked_at_ns = known
            if ctime_ns == old_ctime_ns and ctime_ns <= looked_at_ns - terms.tick_of(ctime_ns):
                return False
            alike = abs(mtime_ns - old_mtime_ns) <= terms.tick_ns
            # Bytes may have been written by another name, of which nothing was heard.
            if (dirty.content or linked) and size == old_size and alike:
                return True
            if self._carried.is_confirmed(path):
                return False
        if not dirty.content or (dirty.created and terms.is_mirror and path == dirty.path):
            return False
        if known is None:
            tick_ns = max(terms.tick_ns, terms.tick_of(ctime_ns) - terms.coarse_tick_ns)
            if tick_ns and abs(terms.wall_ns - mtime_ns) <= 2 * tick_ns:
                return True
            if self._is_unmatched(mtime_ns, ctime_ns):
                return False
        # A write sets both times alike; after that, one was set by hand, perhaps to what it was.
        return mtime_ns != ctime_ns

    def may_be_skipped(self, path: RelPath, stamp: Stamp) -> bool:
        """Tell whether rsync may leave the file as it is on the target, though it changed here.

        Then its new stamp must not be remembered: the report of its new bytes is still to come.
        """
        known = self._carried.stamp(path)
        if known is None:
            return stamp[1] != stamp[2] and not self._is_unmatched(stamp[1], stamp[2])
        if known is DOUBTFUL:
            return True
        is_alike = known[0] == stamp[0] and abs(known[1] - stamp[1]) <= self._terms.tick_ns
        return is_alike and known[2] != stamp[2]

    def _is_unmatched(self, mtime_ns: int, ctime_ns: int) -> bool:
        """Tell whether the target has nothing with that time, since it would be remembered.

        A program that writes to a temporary name and renames that sets the change time a moment
        after the other one; that is no time which was put back.
        """
        is_fresh = ctime_ns - mtime_ns <= _RENAMED_WITHIN_NS and mtime_ns <= self._terms.wall_ns
        return is_fresh and mtime_ns > self._carried.complete_since_ns
