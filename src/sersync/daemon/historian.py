"""Writes down what happens, beside the engine and never in its way.

Workers leave their runs in a bounded queue; a thread of its own stores them, and looks at every
target from time to time. What the disk does not take stays in the queue as long as there is room.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from sersync.errors import StateUnavailable
from sersync.model.batch import Outcome, Verdict
from sersync.model.dirty import Scope
from sersync.model.explanation import Carried
from sersync.model.history import Listed, Sample, Transfer
from sersync.model.path import RelPath, ancestors
from sersync.model.status import BatchReport, DaemonStatus
from sersync.replication.ports import Clock
from sersync.state.history import SqliteHistory

log: Final = logging.getLogger("sersync.history")

HISTORY: Final = "history.sqlite3"
"""The file's name, in the state directory; those of sources end in ``.sqlite``."""
_STORE_EVERY_S: Final = 1.0
_SAMPLE_EVERY_S: Final = 10.0
_THIN_EVERY_S: Final = 300.0
_MOST_WAITING: Final = 10_000
_MOST_PATHS_OF_ONE: Final = 1000
_MOST_EXAMPLES: Final = 5


class Historian:
    """Keeps the history of one daemon. ``note`` is for the workers, reading for any thread."""

    def __init__(
        self, history: SqliteHistory, status: Callable[[], DaemonStatus], clock: Clock
    ) -> None:
        self._history = history
        self._status = status
        self._clock = clock
        self._waiting: deque[tuple[Transfer, Sequence[Listed]]] = deque(maxlen=_MOST_WAITING)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._said = ""
        self._starts = 1

    def note(self, report: BatchReport) -> None:
        """Write down a run that has ended, soon. Never blocks; what is too much is forgotten."""
        outcome = report.outcome
        if not outcome.kind:
            return
        paths = list(_listed(outcome))
        transfer = Transfer(
            at=self._clock.wall(),
            source=report.source,
            target=report.target,
            kind=outcome.kind,
            verdict=outcome.verdict.value,
            paths=len(outcome.paths),
            files=outcome.stats.files,
            deleted=outcome.stats.deleted,
            sent_bytes=outcome.stats.sent_bytes,
            duration_s=outcome.duration_s,
            lag_s=report.lag_s,
            exit_code=outcome.exit_code,
            reason=outcome.reason.message if outcome.reason is not None else "",
            examples=tuple(each.path for each in paths[:_MOST_EXAMPLES]),
        )
        with self._lock:
            self._waiting.append((transfer, paths))

    def stop(self) -> None:
        """Let ``run`` store what is left, and return."""
        self._over.set()

    # The thread.

    def run(self) -> None:
        """Store and sample until stopped."""
        self._open()
        sampled_at = thinned_at = float("-inf")
        while not self._over.wait(_STORE_EVERY_S):
            now = self._clock.monotonic()
            samples: list[tuple[str, str, Sample]] = []
            if now - sampled_at >= _SAMPLE_EVERY_S:
                sampled_at = now
                samples = self._samples()
            self._store(samples)
            if now - thinned_at >= _THIN_EVERY_S:
                thinned_at = now
                with suppress(StateUnavailable):
                    self._history.thin_out(wall_s=self._clock.wall())
        self._store([])
        self._history.close()

    def _open(self) -> None:
        try:
            if lost := self._history.open(wall_s=self._clock.wall()):
                log.warning("the history begins anew: %s", lost)
            self._starts = self._history.begin(wall_s=self._clock.wall())
        except StateUnavailable as error:
            self._tell(error)

    def _samples(self) -> list[tuple[str, str, Sample]]:
        at = self._clock.wall()
        return [
            (
                target.source,
                target.target,
                Sample(
                    at=at,
                    state=target.state,
                    lag_s=target.lag_s,
                    pending=target.pending + target.in_flight,
                    files=target.files,
                    sent_bytes=target.sent_bytes,
                    quarantined=target.quarantined,
                ),
            )
            for source in self._status().sources
            for target in source.targets
        ]

    def _store(self, samples: Sequence[tuple[str, str, Sample]]) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, deque(maxlen=_MOST_WAITING)
        if not waiting and not samples:
            return
        try:
            self._history.add(waiting, samples)
        except StateUnavailable as error:
            self._tell(error)
            with self._lock:
                self._waiting.extendleft(reversed(waiting))
        else:
            self._said = ""

    def _tell(self, error: StateUnavailable) -> None:
        if error.message != self._said:
            self._said = error.message
            log.warning("%s. %s", error.message, error.hint)

    # For any thread.

    def samples(self, source: str, target: str, since_s: float) -> Sequence[Sample]:
        """Return how a target stood within the last *since_s* seconds, the oldest first."""
        since = self._clock.wall() - since_s
        with suppress(StateUnavailable):
            return self._history.samples(source, target, since=since)
        return ()

    def transfers(
        self, source: str, target: str, limit: int, *, since_s: float | None = None
    ) -> Sequence[Transfer]:
        """Return runs that have ended, the newest first; an empty name is all of them."""
        since = 0.0 if since_s is None else self._clock.wall() - since_s
        with suppress(StateUnavailable):
            return self._history.transfers(source, target, since=since, limit=limit)
        return ()

    def starts(self) -> int:
        """Return how often a daemon was started here, as far as the history goes back."""
        return self._starts

    def last_carried(
        self, source: str, target: str, path: RelPath, *, changed_at: float | None = None
    ) -> Carried | None:
        """Return the last run that was for *path*, as far as that is known."""
        return self._history.last_carried(source, target, path, changed_at=changed_at)


def _listed(outcome: Outcome) -> Iterator[Listed]:
    """Yield the first paths that a run was for, and whether each arrived."""
    troubled = {each.path for each in outcome.problems}
    above = {each for path in troubled for each in ancestors(path)}
    arrived = outcome.verdict in (Verdict.DONE, Verdict.PARTIAL)
    for each in islice(outcome.paths, _MOST_PATHS_OF_ONE):
        failed = not troubled.isdisjoint((each.path, *ancestors(each.path)))
        failed = failed or (each.scope is not Scope.ENTRY and each.path in above)
        yield Listed(path=each.path, scope=each.scope, failed=failed or not arrived)
