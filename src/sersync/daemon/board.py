"""The daemon as those who ask see it: ``api.board.Board``, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sersync.daemon.control import Control
from sersync.daemon.meant import meant
from sersync.model.request import Deed, Request
from sersync.model.status import DaemonStatus, PendingStatus
from sersync.replication.pipeline import Pipeline


class DaemonBoard:
    """Answers for one daemon. For any thread."""

    def __init__(
        self,
        status: Callable[[], DaemonStatus],
        control: Control,
        pipelines: Callable[[], Iterable[Pipeline]],
    ) -> None:
        """*pipelines* returns those of the daemon as they are now."""
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

    def act(self, request: Request) -> tuple[Deed, ...]:
        """Do what is asked for, and say what came of it. Raises ``NobodyMeant``."""
        return self._control(request)
