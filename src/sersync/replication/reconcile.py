"""Finds what nobody told of: the source walked, and compared with what the manifest says.

One thread for each source does it: at a start, after lost events, where nothing is watched, and
slowly in the background. What differs becomes reports, as if the watcher had made them, so all
that can happen to a change happens to these too.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sersync.errors import StateUnavailable
from sersync.model.dirty import Scope
from sersync.model.look import Look
from sersync.model.manifest import Row
from sersync.model.path import RelPath, display, is_within
from sersync.model.report import Report, Suspect
from sersync.model.slices import Extent
from sersync.model.status import PassProgress
from sersync.replication.keeping import Keeping
from sersync.replication.ports import Clock, Rescanner
from sersync.replication.quiet import Quiet

log: Final = logging.getLogger("sersync.source")

_MOST_LOOKS: Final = 2_000
_BATCH_S: Final = 0.1
"""How long a difference waits to be reported with others at most, while directories are small."""
_LOOK_AGAIN_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A subtree to be walked.

    *tells*: what differs is reported; else every target is compared with the source anyway.
    *doubts_moves*: see ``Rescanner.looks``. *since*: from when on nobody told of changes, as
    seconds of the monotonic clock, where that is known.
    """

    subtree: RelPath
    tells: bool = True
    doubts_moves: bool = True
    since: float | None = None

    def covers(self, other: Request) -> bool:
        """Tell whether *other* has nothing to do once this is done."""
        return (
            is_within(other.subtree, self.subtree)
            and self.tells >= other.tells
            and self.doubts_moves >= other.doubts_moves
            and (other.since is None or (self.since is not None and self.since <= other.since))
        )


@dataclass(slots=True)
class Walking:
    """A rescan under way. Written by its thread, read by any."""

    request: Request
    began_at: float
    entries: int = 0
    size: int = 0
    differences: int = 0


class Reconcile:
    """The rescans of one source. ``run`` is a thread of its own; the rest is for any."""

    def __init__(
        self,
        source: str,
        keeping: Keeping,
        rescanner: Rescanner,
        *,
        put: Callable[[Sequence[Report]], None],
        changed: Callable[[], None],
        clock: Clock,
    ) -> None:
        """*put* takes reports into the log; *changed* is called when a rescan has ended."""
        self._source = source
        self._keeping = keeping
        self._rescanner = rescanner
        self._put = put
        self._changed = changed
        self._clock = clock
        self._quiet = Quiet(keeping, rescanner, put=put, clock=clock)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_stopping = False
        self._requests: deque[Request] = deque()
        self._walk: Walking | None = None
        self.rescans = 0
        """How many have come to their end since the start."""
        self._asked = 0
        self._ended = 0
        self._after: list[tuple[int, Callable[[], None]]] = []
        self.extent = Extent(entries=0, bytes=0)
        """How much the source holds, as far as it was counted."""

    # For any thread.

    def ask(self, request: Request) -> None:
        """Have a subtree walked, after what was asked for before."""
        with self._lock:
            if not any(each.covers(request) for each in self._requests):
                self._requests.append(request)
                self._asked += 1
        self._wake.set()

    def after(self, then: Callable[[], None]) -> None:
        """Call *then* when all has ended that was asked for by now and tells; or at once.

        It is not called any more once it is to stop.
        """
        with self._lock:
            number = self._asked
            for request in reversed(self._requests):
                if request.tells:
                    break
                number -= 1
            else:
                is_under_way = self._walk is not None and self._walk.request.tells
                number = self._ended + 1 if is_under_way else 0
            if number:
                self._after.append((number, then))
                return
        then()

    def stop(self) -> None:
        """Let ``run`` return."""
        self._is_stopping = True
        self._wake.set()

    @property
    def waiting(self) -> int:
        """How many subtrees are walked now, or are to be."""
        with self._lock:
            return len(self._requests) + (self._walk is not None)

    def progress(self) -> PassProgress | None:
        """Return how far a rescan that tells has come; None when there is none to be done."""
        with self._lock:
            walk, waiting = self._walk, any(each.tells for each in self._requests)
        if walk is None or not walk.request.tells:
            return PassProgress(entries_total=self.extent.entries) if waiting else None
        return PassProgress(
            entries=walk.entries,
            entries_total=max(self.extent.entries, walk.entries) if self.extent.entries else 0,
            elapsed_s=self._clock.monotonic() - walk.began_at,
        )

    # The thread.

    def run(self) -> None:
        """Walk what is asked for, and look after the rows meanwhile, until told to stop."""
        if not self.extent.entries:
            self.extent = Extent(entries=self._keeping.entries(), bytes=0)
        while not self._is_stopping:
            request = self._next()
            if request is not None:
                self._rescan(request)
                self._end()
                continue
            pause_s = self._quiet.work(self._is_wanted)
            self._wake.wait(pause_s)
            self._wake.clear()

    def _next(self) -> Request | None:
        with self._lock:
            request = self._requests.popleft() if self._requests else None
            if request is not None:
                self._walk = Walking(request, began_at=self._clock.monotonic())
            return request

    def _end(self) -> None:
        with self._lock:
            self._walk = None
            self._ended += 1
            due = [] if self._is_stopping else [t for n, t in self._after if n <= self._ended]
            self._after = [(n, then) for n, then in self._after if n > self._ended]
        for then in due:
            then()
        self._changed()

    def _is_wanted(self) -> bool:
        """Tell whether there is something better to do than what can wait."""
        return self._is_stopping or bool(self._requests)

    def _rescan(self, request: Request) -> None:
        walk = self._walk
        if walk is None:
            raise AssertionError("a request that was taken is being walked")
        try:
            self._walk_through(walk, self._keeping.rows(request.subtree))
        except StateUnavailable as error:
            log.warning("%s: %s. %s", self._source, error.message, error.hint)
            if request.tells:
                # Without rows everything is compared, as without a manifest.
                self._put([Suspect(request.subtree, Scope.TREE, request.since)])
            self._walk_through(walk, ())
        if self._is_stopping:
            return
        self.rescans += 1
        if not request.subtree:
            self.extent = Extent(entries=walk.entries, bytes=walk.size)
        where = display(request.subtree) if request.subtree else "everything"
        took_s = self._clock.monotonic() - walk.began_at
        # What is not watched is looked through every minute; and where there is nothing yet to
        # compare with, as at a first start, a number of differences would say nothing.
        is_news = request.tells and (walk.differences or not request.subtree)
        log.log(
            logging.INFO if is_news else logging.DEBUG,
            "%s: %s was looked through, %d entries in %.1f s; %d differences",
            self._source,
            where,
            walk.entries,
            took_s,
            walk.differences,
        )

    def _walk_through(self, walk: Walking, rows: Iterable[Row]) -> None:
        """Look at a subtree, and report what differs, a batch at a time."""
        walk.entries = walk.size = 0
        looks = self._rescanner.looks(
            walk.request.subtree,
            rows,
            opening=self._keeping.opening,
            doubts_moves=walk.request.doubts_moves,
        )
        batch: list[Look] = []
        waits_until = self._clock.monotonic() + _BATCH_S
        for look in looks:
            if self._is_stopping:
                return
            walk.entries += look.entries
            walk.size += look.bytes
            batch.append(look)
            if len(batch) >= _MOST_LOOKS or self._clock.monotonic() >= waits_until:
                self._conclude(walk, batch)
                batch = []
                self._make_room(walk)
                waits_until = self._clock.monotonic() + _BATCH_S
        self._conclude(walk, batch)

    def _conclude(self, walk: Walking, looks: Sequence[Look]) -> None:
        if walk.request.tells:
            walk.differences += sum(len(look.differences) for look in looks)
        put = partial(_put_since, self._put, walk.request.since)
        conclude(looks, self._keeping, put, tells=walk.request.tells)
        self._keeping.store()

    def _make_room(self, walk: Walking) -> None:
        """Let a walk that nobody waits for rest until its rows are stored."""
        if walk.request.tells:
            return
        until = self._clock.monotonic() + _LONGEST_WAIT_S
        while self._keeping.is_full and not self._is_wanted():
            if self._clock.monotonic() >= until:
                return
            self._wake.wait(_LOOK_AGAIN_S)
            self._wake.clear()
            self._keeping.store()


def _put_since(
    put: Callable[[Sequence[Report]], None], since: float | None, reports: Sequence[Report]
) -> None:
    """Hand *reports* to *put*; what cannot be vouched for was not told of *since* then."""
    put(
        [
            replace(each, since=since) if isinstance(each, Suspect) and since is not None else each
            for each in reports
        ]
    )


def conclude(
    looks: Sequence[Look],
    keeping: Keeping,
    put: Callable[[Sequence[Report]], None],
    *,
    tells: bool,
) -> None:
    """Void, then report, then let the rows ripen: in this order nothing can be lost."""
    keeping.void([subtree for look in looks for subtree in look.voids])
    found = [each for look in looks for each in look.differences]
    if tells and found:
        put(found)
    keeping.looked(looks, were_told=tells)
