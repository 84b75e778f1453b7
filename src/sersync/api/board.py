"""What the API asks of the daemon. Every method is for any thread, and never blocks the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sersync.model.history import Sample, Transfer
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

    def samples(self, source: str, target: str, since_s: float) -> Sequence[Sample]:
        """Return how a target stood within the last *since_s* seconds, the oldest first."""
        ...

    def transfers(self, source: str, target: str, limit: int) -> Sequence[Transfer]:
        """Return runs that have ended, the newest first; an empty name is all of them."""
        ...

    def act(self, request: Request) -> tuple[Deed, ...]:
        """Do what is asked for, and say what came of it. Raises ``NobodyMeant``."""
        ...
