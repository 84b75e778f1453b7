"""How a target fares: failures in a row, when to try again, and why nothing may be carried."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from sersync.model.batch import Outcome, Reason
from sersync.model.pasting import until_resumed
from sersync.model.request import Did
from sersync.replication.policy import Backoff, path_pause_s

log: Final = logging.getLogger("sersync.worker")

FAILURES_BEFORE_SPLITTING: Final = 3
_MOST_PATHS: Final = 50_000


class Health:
    """The failures of one target. Its worker owns it; halts may be set by any thread."""

    def __init__(self, target: str, jitter: Callable[[], float], *, resume: str) -> None:
        """*resume*: the command by which a person lets the target go on."""
        self._target = target
        self._resume = resume
        self._jitter = jitter
        self._backoff = Backoff()
        self.failures = 0
        self.retry_at = 0.0
        self.reason: Reason | None = None
        """Why the last attempt failed."""
        self.halt: Reason | None = None
        """Why a person is needed."""
        self.root_halt: Reason | None = None
        """Why the source cannot be trusted now."""
        self.is_paused = False
        """A person asked us to wait."""

    @property
    def is_halted(self) -> bool:
        """Nothing may be started."""
        return self.halt is not None or self.root_halt is not None

    @property
    def most_paths(self) -> int:
        """How many paths to carry at once.

        One path may be what fails them all: after some failures it is looked for by halves, so
        that the others pass.
        """
        if self.failures < FAILURES_BEFORE_SPLITTING:
            return _MOST_PATHS
        return max(1, 4096 >> self.failures)

    def pause_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        return self._backoff.delay(failures, jitter=self._jitter())

    def path_pause_s(self, failures: int) -> float:
        """Return how long to wait with one path after so many failures in a row."""
        return path_pause_s(failures, jitter=self._jitter())

    def stop(self, reason: Reason) -> None:
        """Halt until a person acts."""
        self.halt = reason
        # Where it has to be confirmed, the remedy says how.
        is_said = reason.needs_confirm
        remedy = reason.remedy if is_said else until_resumed(reason.remedy, self._resume)
        log.error("%s halted: %s. %s", self._target, reason.message, remedy)

    def failed(self, reason: Reason, now: float) -> None:
        """Note a failed attempt; the next one comes later each time. Repeats are not told."""
        self.failures += 1
        is_known = self.reason == reason
        self.reason = reason
        pause_s = self.pause_s(self.failures)
        self.retry_at = now + pause_s
        log.log(
            logging.DEBUG if is_known else logging.WARNING,
            "%s: %s; next attempt in %.0f s. %s",
            self._target,
            reason.message,
            pause_s,
            reason.remedy,
        )

    def recovered(self) -> None:
        """Note that the target can be reached, and takes what it is given."""
        if self.failures:
            log.info("%s: recovered after %d failures", self._target, self.failures)
        self.failures = 0
        self.reason = None
        self.retry_at = 0.0

    def hasten(self) -> None:
        """Let the next attempt be made at once, unless a person is needed. For any thread."""
        self.retry_at = 0.0

    def asked_to_resume(self, *, confirm: bool) -> tuple[Did, Reason | None]:
        """End a pause; return what comes of ``resume``, with the reason if that is nothing."""
        was_paused, self.is_paused = self.is_paused, False
        halt = self.halt
        if halt is not None and halt.needs_confirm:
            return (Did.CONFIRMED, None) if confirm else (Did.REFUSED, halt)
        goes_on = was_paused or halt is not None or bool(self.retry_at)
        return Did.RESUMED if goes_on else Did.UNCHANGED, None

    def resume(self, *, confirm: bool = False) -> bool:
        """Let the next attempt be made at once, also when halted. For any thread.

        False: it stays halted, since that needs *confirm*.
        """
        if self.halt is not None and self.halt.needs_confirm and not confirm:
            return False
        self.halt = None
        self.retry_at = 0.0
        return True


def reason_of(outcome: Outcome) -> Reason:
    """Return why *outcome* is a failure."""
    return outcome.reason or Reason(
        message=f"rsync failed with exit code {outcome.exit_code}", command=outcome.command
    )
