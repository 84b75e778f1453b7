"""The manifest of one source as several threads use it: looked up, stored, voided.

The watcher's thread says what was reported and that the queue is empty; the thread of the
rescans looks, and stores what is ripe. The order of things is what keeps a change from being
lost: rows are voided before a report that makes them wrong can be carried, and rows are handed
out before the log is read that is stored with them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Final, Protocol

from sersync.errors import StateUnavailable
from sersync.model.checkpoint import Moment
from sersync.model.look import Look
from sersync.model.manifest import Row
from sersync.model.path import ROOT, RelPath, is_within, parent
from sersync.model.report import Desync, DesyncReason, NewTree, Report, Touched
from sersync.replication.ports import Clock, Manifest
from sersync.replication.ripening import Ripening, Stale

ANOTHER_FILE_SYSTEM: Final = (DesyncReason.MOUNTED, DesyncReason.UNMOUNTED)
"""After these, what is there is not what any row speaks of: the targets have to be compared."""


class Commit(Protocol):
    """Stores rows in one transaction with the log and what each target has yet to get."""

    def __call__(self, *, rows: Sequence[Row] = (), voided: Sequence[RelPath] = ()) -> bool:
        """Return whether it was stored; what is *voided* is else stored with the next one."""
        ...


class Keeping:
    """Any thread may call anything; only one looks at directories."""

    def __init__(
        self,
        manifest: Manifest,
        commit: Commit,
        *,
        clock: Clock,
        missing: Callable[[], Iterable[RelPath]] = tuple,
    ) -> None:
        """*missing*: the subtrees of which nothing is carried now, since a file system is gone."""
        self._manifest = manifest
        self._commit = commit
        self._clock = clock
        self._ripening = Ripening()
        self.uncovered: tuple[RelPath, ...] = ()
        """The subtrees whose changes nobody tells. Replaced as a whole by the watcher's thread."""
        self._missing = missing
        self._lock = threading.Lock()
        self._storing = threading.Lock()

    # For the thread that looks.

    def rows(self, subtree: RelPath) -> Iterator[Row]:
        """Yield the stored rows of *subtree* in the order of a walk.

        Raises ``StateUnavailable``, also between two rows.
        """
        return self._manifest.rows(subtree)

    def row(self, directory: RelPath) -> Row | None:
        """Return the stored row of *directory*, if there is one. Raises ``StateUnavailable``."""
        with closing(self._manifest.rows(directory)) as rows:
            first = next(rows, None)
        return first if first is not None and first.directory == directory else None

    def opening(self, directory: RelPath) -> None:
        """Note that a look at *directory* begins."""
        wall_ns = int(self._clock.wall() * 1e9)
        with self._lock:
            self._ripening.opening(directory, wall_ns=wall_ns)

    def looked(self, looks: Iterable[Look], *, were_told: bool) -> None:
        """Let the rows of *looks* ripen, now that the log knows of what differed.

        *were_told*: by these looks; else only those count where the watcher tells.
        """
        now = self._clock.monotonic()
        without = [*self._missing(), *(() if were_told else self.uncovered)]
        with self._lock:
            for look in looks:
                if any(is_within(look.directory, each) for each in without):
                    self._ripening.forget([look.directory], also_open=True)
                else:
                    self._ripening.looked(look, now=now)

    def store(self) -> int:
        """Store what is ripe; return how many rows that were."""
        with self._storing:
            with self._lock:
                rows = self._ripening.take()
            if not rows:
                return 0
            if self._commit(rows=rows):
                return len(rows)
        with self._lock:
            self._ripening.failed(rows, now=self._clock.monotonic())
        return 0

    def next_stale(self) -> Stale | None:
        """Hand out a directory that needs another look and has been quiet, if there is one."""
        with self._lock:
            return self._ripening.next_stale(self._clock.monotonic())

    def add_stale(self, directory: RelPath) -> None:
        """Have all of *directory* looked at, in the background."""
        with self._lock:
            self._ripening.stale_tree(directory, now=self._clock.monotonic())

    def is_settled(self, directory: RelPath) -> bool:
        """Tell whether nothing was heard of *directory* since its row was stored."""
        with self._lock:
            return self._ripening.is_settled(directory)

    # For the watcher's thread.

    def note(self, reports: Iterable[Report]) -> None:
        """Take note of *reports*, before any of them can be carried."""
        touched: set[RelPath] = set()
        moved: list[RelPath] = []
        trees: list[RelPath] = []
        lost: list[RelPath] = []
        for report in reports:
            if type(report) is Touched:
                touched.add(parent(report.path))
                if report.was_directory:
                    moved.append(report.path)
                elif report.is_dir:
                    touched.add(report.path)
            elif isinstance(report, NewTree):
                touched.add(parent(report.path))
                trees.append(report.path)
            elif isinstance(report, Desync):
                lost.append(report.subtree)
                if report.reason in ANOTHER_FILE_SYSTEM:
                    moved.append(report.subtree)
        now = self._clock.monotonic()
        with self._lock:
            self._ripening.reported(touched, now=now)
            self._ripening.forget([*moved, *trees, *lost], also_open=True)
            for tree in trees:
                self._ripening.stale_tree(tree, now=now)
        if voids := [*moved, *trees]:
            self._void_stored(voids)

    def drained(self, since: float) -> None:
        """Take note that the queue was read to its end by a read that began at *since*.

        What was read must have been put into the log.
        """
        with self._lock:
            self._ripening.drained(since)

    # For any thread.

    def void(self, subtrees: Sequence[RelPath]) -> None:
        """Let nothing be vouched for in *subtrees* any more, not even after a crash right now.

        But for what is looked at just now.
        """
        if not subtrees:
            return
        with self._lock:
            self._ripening.forget(subtrees)
        self._void_stored(subtrees)

    def _void_stored(self, subtrees: Sequence[RelPath]) -> None:
        with self._storing:
            try:
                self._manifest.void(subtrees, self._moment())
            except StateUnavailable:
                # It may be that rows stay: after an end that was not in order, a start doubts
                # every directory that may have moved.
                self._commit(voided=subtrees)

    def void_all(self) -> None:
        """Let nothing be vouched for any more."""
        self.void([ROOT])

    def entries(self) -> int:
        """Return how many entries the stored rows hold; 0 if that cannot be told."""
        try:
            return self._manifest.count()[1]
        except StateUnavailable:
            return 0

    def _moment(self) -> Moment:
        return Moment(monotonic_s=self._clock.monotonic(), wall_s=self._clock.wall())

    @property
    def is_full(self) -> bool:
        """No more rows are taken in until some were stored."""
        with self._lock:
            return self._ripening.is_full

    @property
    def outdated(self) -> int:
        """How many directories have no row that is stored and current, as far as is known."""
        with self._lock:
            return self._ripening.rows + self._ripening.stale
