"""When what must outlive the daemon is stored: every few seconds, if anything changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sersync.errors import StateUnavailable
from sersync.model.batch import Reason
from sersync.model.checkpoint import Checkpoint, Moment
from sersync.model.manifest import Row
from sersync.model.path import RelPath
from sersync.model.status import StateStatus
from sersync.replication.mailbox import Mailbox
from sersync.replication.policy import Backoff
from sersync.replication.ports import Clock, StateStore
from sersync.replication.record import Record

log = logging.getLogger("sersync.state")

_LONGEST_PAUSE_S: Final = 60.0
_ALL: Final = -1
"""Every sequence number is greater."""


class Checkpoints:
    """The checkpoints of one source. ``run`` is a thread of its own; the rest is for any.

    What fails is told and tried again: without a place for its state, replication goes on, and
    only the next start has to compare everything.
    """

    def __init__(
        self,
        source: str,
        store: StateStore,
        *,
        mailbox: Mailbox,
        records: Callable[[], Iterable[Record]],
        clock: Clock,
        every_s: float,
        store_first: Callable[[], None] = lambda: None,
        root_is_lost: Callable[[], bool] = bool,
    ) -> None:
        """*records* returns those of the targets as they are now, for any thread.

        *store_first* stores what must be there before a checkpoint says that paths were carried.
        *root_is_lost* tells whether the root is another one than before.
        """
        self._source = source
        self._store = store
        self._mailbox = mailbox
        self._records = records
        self._clock = clock
        self._every_s = every_s
        self._store_first = store_first
        self._root_is_lost = root_is_lost
        self._told_lost = False
        self._backoff = Backoff(first_s=every_s, ceiling_s=max(every_s, _LONGEST_PAUSE_S))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._soon = threading.Event()
        self._is_closed = False
        self._sequence = _ALL
        self._unvoided: tuple[RelPath, ...] = ()
        self._failures = 0
        self._trouble: Reason | None = None
        self._stored_at: float | None = None

    def run(self) -> None:
        """Store what changed, every few seconds, until ``stop``."""
        while not self._stop.is_set():
            self._soon.wait(self._backoff.delay(self._failures, jitter=0.0) or self._every_s)
            self._soon.clear()
            if not self._stop.is_set():
                self.commit()

    def soon(self) -> None:
        """Let ``run`` store what there is without waiting."""
        self._soon.set()

    def stop(self) -> None:
        """Let ``run`` return."""
        self._stop.set()
        self._soon.set()

    def finish(self, *, is_clean: bool) -> None:
        """Store what there is at the end. *is_clean*: no run is under way any more."""
        self.stop()
        self.commit(is_clean=is_clean)
        self.close()

    def close(self) -> None:
        """Store nothing more, and give the file back."""
        with self._lock:
            self.stop()
            self._is_closed = True
            self._store.close()

    def commit(
        self,
        *,
        rows: Sequence[Row] = (),
        voided: Sequence[RelPath] = (),
        is_clean: bool = False,
    ) -> bool:
        """Store now all that changed, with these *rows* and voids of the manifest.

        Everything that was reported by now is part of it. False: it could not be stored; what is
        *voided* is then with the next one.
        """
        with self._lock:
            if self._is_closed:
                return False
            voided = self._unvoided = (*self._unvoided, *voided)
            checkpoint = self._checkpoint(rows, voided, is_clean=is_clean)
            if checkpoint is None:
                return True
            self._store_first()
            try:
                self._store.checkpoint(checkpoint)
            except StateUnavailable as error:
                self._failed(error)
                return False
            self._unvoided = ()
            self._sequence = checkpoint.log.sequence
            self._told_lost = checkpoint.root_is_lost
            self._succeeded(checkpoint.moment)
            return True

    def status(self) -> StateStatus:
        """Return what can be seen of it now."""
        stored_at = self._stored_at
        age_s = None if stored_at is None else self._clock.monotonic() - stored_at
        return StateStatus(stored_s_ago=age_s, reason=self._trouble)

    def _checkpoint(
        self, rows: Sequence[Row], voided: Sequence[RelPath], *, is_clean: bool
    ) -> Checkpoint | None:
        """Return what is to be stored; None if nothing changed.

        The log comes first: what is reported after that is no part of this checkpoint, however
        far the targets have come with it.
        """
        records = tuple(self._records())
        if self._sequence == _ALL or self._store.wants_whole:
            self._sequence = _ALL
            for record in records:
                record.forget_changes()
        changes = self._mailbox.log_changes(self._sequence)
        told = [record.changes() for record in records]
        targets = [each for each in told if each is not None]
        is_lost, was_lost = self._root_is_lost(), self._told_lost
        is_news = changes.sequence != self._sequence or any(each.is_news for each in targets)
        is_news = is_news or is_lost != was_lost
        if not (is_news or rows or voided or is_clean):
            return None
        return Checkpoint(
            moment=Moment(monotonic_s=self._clock.monotonic(), wall_s=self._clock.wall()),
            log=changes,
            targets=tuple(targets),
            rows=rows,
            voided=voided,
            is_clean=is_clean,
            root_is_lost=is_lost,
        )

    def _failed(self, error: StateUnavailable) -> None:
        self._sequence = _ALL
        self._failures += 1
        reason = Reason(
            message=error.message,
            remedy="Replication goes on. If sersync ends before its state can be stored again,"
            " the next start compares everything.",
            command=error.hint,
        )
        if reason != self._trouble:
            log.warning("%s: %s. %s", self._source, reason.message, reason.remedy)
        self._trouble = reason

    def _succeeded(self, moment: Moment) -> None:
        if self._trouble is not None:
            log.info("%s: the state is stored again", self._source)
        self._failures = 0
        self._trouble = None
        self._stored_at = moment.monotonic_s
