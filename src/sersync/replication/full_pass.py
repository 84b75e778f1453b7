"""A full pass: everything in a subtree compared, in slices, while live changes go on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath, is_within
from sersync.model.slices import Slice
from sersync.model.status import PassProgress


class FullPass:
    """The slices of one subtree on their way to one target. Owned by the worker's thread.

    *scheduled*: due by the calendar or at the start, and not for what was changed or lost.
    *content*: it stands for paths whose content may have changed since then. Its paths carry
    negative sequence numbers: they come from no report.
    """

    def __init__(
        self,
        subtree: RelPath,
        slices: Iterator[Slice],
        *,
        now: float,
        scheduled: bool = False,
        content: bool = False,
    ) -> None:
        self.subtree = subtree
        self.scheduled = scheduled
        self.content = content
        self.first_seen = now
        self._slices = slices
        self._waiting: deque[DirtyPath] = deque()
        self._under_way: dict[int, DirtyPath] = {}
        self._slice_of: dict[int, tuple[Slice, set[int]]] = {}
        self._sequence = 0
        self._is_walked = False
        self.entries = 0
        self.bytes = 0
        self.problems = 0

    @property
    def is_over(self) -> bool:
        """Everything was walked, and nothing of it is waiting or under way."""
        return self._is_walked and not self._waiting and not self._under_way

    @property
    def is_under_way(self) -> bool:
        """A slice is being carried now."""
        return bool(self._under_way)

    def covers(self, subtree: RelPath) -> bool:
        """Tell whether all of *subtree* is part of this pass."""
        return is_within(subtree, self.subtree)

    def next(self) -> list[DirtyPath]:
        """Return the paths to carry next: what had to wait, or else a new slice; [] at the end."""
        if self._waiting:
            paths = list(self._waiting)
            self._waiting.clear()
        else:
            part = next(self._slices, None)
            if part is None:
                self._is_walked = True
                return []
            paths = [self._path(directory) for directory in part.levels]
            members = {path.sequence for path in paths}
            for path in paths:
                self._slice_of[path.sequence] = (part, members)
        self._under_way.update((path.sequence, path) for path in paths)
        return paths

    def wait_with(self, paths: Iterable[DirtyPath]) -> None:
        """Take *paths* back: they could not be carried, and are offered again."""
        for path in paths:
            self._under_way.pop(path.sequence, None)
            self._waiting.append(path)

    def settle(self, paths: Iterable[DirtyPath]) -> None:
        """Take note that *paths* were carried."""
        for path in paths:
            self._under_way.pop(path.sequence, None)
            part, members = self._slice_of.pop(path.sequence)
            members.discard(path.sequence)
            if not members:
                self.entries += part.entries
                self.bytes += part.bytes

    def progress(
        self, now: float, *, entries_total: int, bytes_total: int, bytes_moving: int
    ) -> PassProgress:
        """Return how far the pass has come; *bytes_moving* are those of runs under way."""
        return PassProgress(
            entries=self.entries,
            entries_total=max(entries_total, self.entries),
            bytes=self.bytes + bytes_moving,
            bytes_total=max(bytes_total, self.bytes + bytes_moving),
            elapsed_s=now - self.first_seen,
        )

    def _path(self, directory: RelPath) -> DirtyPath:
        self._sequence -= 1
        return DirtyPath(
            path=directory,
            scope=Scope.LEVEL,
            sequence=self._sequence,
            first_seen=self.first_seen,
            scheduled=self.scheduled,
            content=self.content,
        )
