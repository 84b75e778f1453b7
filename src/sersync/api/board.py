"""What the API asks of the daemon. Every method is for any thread, and never blocks the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sersync.api.counting import RequestTally
from sersync.model.explanation import Explanation
from sersync.model.history import Sample, Transfer
from sersync.model.pending import Flushed, Waited
from sersync.model.request import Deed, Request
from sersync.model.status import DaemonStatus, PendingStatus
from sersync.model.tally import TargetTally
from sersync.model.verification import Verification


class Later(Protocol):
    """Something that is waited for."""

    def when_over(self, then: Callable[[], None]) -> None:
        """Have *then* called once it is over, by any thread; it must not block."""
        ...

    def answer(self) -> tuple[Waited, ...]:
        """Return what came of it so far for each target."""
        ...

    def give_up(self) -> None:
        """Wait no more."""
        ...


class Questions(Protocol):
    """What can be asked about paths. Names and paths that fit nothing raise ``NobodyMeant``."""

    def wait(self, *, source: str, target: str, path: bytes) -> Later:
        """Begin to wait for all that was changed by now. Raises ``TooMany``."""
        ...

    def flush(self, request: Request) -> tuple[Flushed, ...]:
        """Let go at once what is held back."""
        ...

    def explain(
        self, path: bytes, *, source: str, target: str, asks: bool
    ) -> tuple[Explanation, ...]:
        """Return all that is known of *path*; *asks*: the targets are asked, which takes time."""
        ...

    def verify(
        self, *, source: str, target: str, path: bytes, checksum: bool, repairs: bool
    ) -> tuple[Verification, ...]:
        """Begin to compare; return how it stands."""
        ...

    def verifications(self, source: str, target: str) -> tuple[Verification, ...]:
        """Return how the comparisons stand."""
        ...

    def cancel(self, source: str, target: str) -> tuple[Verification, ...]:
        """End those under way; return how they stand."""
        ...


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

    def transfers(
        self, source: str, target: str, limit: int, *, since_s: float | None = None
    ) -> Sequence[Transfer]:
        """Return runs that have ended, the newest first; an empty name is all of them.

        *since_s*: only those within so many seconds.
        """
        ...

    def tallies(self) -> Sequence[TargetTally]:
        """Return the runs of each target, counted since the start."""
        ...

    @property
    def requests(self) -> RequestTally:
        """The requests that were answered, counted by those who answer."""
        ...

    def starts(self) -> int:
        """Return how often a daemon was started here, as far as the history goes back."""
        ...

    def act(self, request: Request) -> tuple[Deed, ...]:
        """Do what is asked for, and say what came of it. Raises ``NobodyMeant``."""
        ...

    @property
    def questions(self) -> Questions:
        """What can be asked about paths."""
        ...
