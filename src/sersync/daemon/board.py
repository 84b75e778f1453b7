"""The daemon as those who ask see it: ``api.board.Board``, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sersync.api.counting import RequestTally
from sersync.daemon.chronicle import Chronicle
from sersync.daemon.control import Control
from sersync.daemon.meant import meant
from sersync.daemon.questions import AllQuestions
from sersync.model.history import Sample, Transfer
from sersync.model.request import Deed, Request
from sersync.model.status import DaemonStatus, PendingStatus
from sersync.model.tally import TargetTally
from sersync.replication.pipeline import Pipeline


class DaemonBoard:
    """Answers for one daemon. For any thread."""

    def __init__(
        self,
        status: Callable[[], DaemonStatus],
        control: Control,
        pipelines: Callable[[], Iterable[Pipeline]],
        chronicle: Chronicle,
        questions: AllQuestions,
    ) -> None:
        """*pipelines* returns those of the daemon as they are now."""
        self._chronicle = chronicle
        self._historian = chronicle.historian
        self.questions = questions
        self.requests = RequestTally()
        self._status = status
        self._control = control
        self._pipelines = pipelines

    def status(self) -> DaemonStatus:
        """Return what can be seen now."""
        return self._status()

    def pending(self, *, source: str, target: str) -> tuple[PendingStatus, ...]:
        """Return what each target that is meant lacks. Raises ``NobodyMeant``."""
        named = meant(self._pipelines(), source=source, target=target)
        return tuple(worker.backlog() for _, workers in named for worker in workers)

    def samples(self, source: str, target: str, since_s: float) -> Sequence[Sample]:
        """Return how a target stood within the last *since_s* seconds, the oldest first."""
        return () if self._historian is None else self._historian.samples(source, target, since_s)

    def transfers(
        self, source: str, target: str, limit: int, *, since_s: float | None = None
    ) -> Sequence[Transfer]:
        """Return runs that have ended, the newest first; an empty name is all of them."""
        if self._historian is None:
            return ()
        return self._historian.transfers(source, target, limit, since_s=since_s)

    def tallies(self) -> Sequence[TargetTally]:
        """Return the runs of each target, counted since the start."""
        return self._chronicle.tallies()

    def starts(self) -> int:
        """Return how often a daemon was started here, as far as the history goes back."""
        return 1 if self._historian is None else self._historian.starts()

    def act(self, request: Request) -> tuple[Deed, ...]:
        """Do what is asked for, and say what came of it. Raises ``NobodyMeant``."""
        return self._control(request)
