"""The daemon as those who ask see it: ``api.board.Board``, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable

from sersync.daemon.control import Control
from sersync.model.request import Deed, Request
from sersync.model.status import DaemonStatus


class DaemonBoard:
    """Answers for one daemon. For any thread."""

    def __init__(self, status: Callable[[], DaemonStatus], control: Control) -> None:
        self._status = status
        self._control = control

    def status(self) -> DaemonStatus:
        """Return what can be seen now."""
        return self._status()

    def act(self, request: Request) -> tuple[Deed, ...]:
        """Do what is asked for, and say what came of it. Raises ``NobodyMeant``."""
        return self._control(request)
