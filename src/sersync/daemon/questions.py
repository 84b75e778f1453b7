"""All questions about paths in one place: ``api.board.Questions``."""

from __future__ import annotations

from sersync.daemon.explaining import Explaining
from sersync.daemon.verifying import Verifying
from sersync.daemon.waiting import Wait, Waiting
from sersync.model.explanation import Explanation
from sersync.model.pending import Flushed
from sersync.model.request import Request
from sersync.model.verification import Verification


class AllQuestions:
    """Passes each question to whoever answers it. For any thread."""

    def __init__(self, waiting: Waiting, explaining: Explaining, verifying: Verifying) -> None:
        self._waiting = waiting
        self._explaining = explaining
        self._verifying = verifying

    def wait(self, *, source: str, target: str, path: bytes) -> Wait:
        """Begin to wait for all that was changed by now."""
        return self._waiting.wait(source=source, target=target, path=path)

    def flush(self, request: Request) -> tuple[Flushed, ...]:
        """Let go at once what is held back."""
        return self._waiting.flush(request)

    def explain(
        self, path: bytes, *, source: str, target: str, asks: bool
    ) -> tuple[Explanation, ...]:
        """Return all that is known of *path*."""
        return self._explaining.explain(path, source=source, target=target, asks=asks)

    def verify(
        self, *, source: str, target: str, path: bytes, checksum: bool, repairs: bool
    ) -> tuple[Verification, ...]:
        """Begin to compare; return how it stands."""
        return self._verifying.begin(
            source=source, target=target, path=path, checksum=checksum, repairs=repairs
        )

    def verifications(self, source: str, target: str) -> tuple[Verification, ...]:
        """Return how the comparisons stand."""
        return self._verifying.standing(source, target)

    def cancel(self, source: str, target: str) -> tuple[Verification, ...]:
        """End those under way; return how they stand."""
        return self._verifying.cancel(source, target)
