"""What the API asks of the daemon. Every method is for any thread, and never blocks the engine."""

from __future__ import annotations

from typing import Protocol

from sersync.model.request import Deed, Request
from sersync.model.status import DaemonStatus, PendingStatus


class Board(Protocol):
    """A daemon, as those who ask see it."""

    def status(self) -> DaemonStatus:
        """Return what can be seen now."""
        ...

    def pending(self, *, source: str, target: str) -> tuple[PendingStatus, ...]:
        """Return what each target that is meant lacks; empty names are all of them.

        Raises ``NobodyMeant``.
        """
        ...

    def act(self, request: Request) -> tuple[Deed, ...]:
        """Do what is asked for, and say what came of it. Raises ``NobodyMeant``."""
        ...
