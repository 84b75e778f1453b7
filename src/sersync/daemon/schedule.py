"""When full passes are due by themselves: every so often, or by a cron expression."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from cronsim import CronSim


class Never:
    """No full pass but the first."""

    def is_due(self) -> bool:
        """Tell whether a pass is due: it never is."""
        return False


class Every:
    """A full pass every *interval_s* seconds, whatever the calendar says."""

    def __init__(self, interval_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._next = clock() + interval_s

    def is_due(self) -> bool:
        """Tell whether a pass is due since the last time this was asked."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._interval_s
        return True


class Cron:
    """Full passes by a cron expression, in local time (crontab(5))."""

    def __init__(self, expression: str, *, now: Callable[[], datetime] | None = None) -> None:
        self._expression = expression
        self._now = now or (lambda: datetime.now().astimezone())
        self._asked = self._now()
        self._next = self._after(self._asked)

    def is_due(self) -> bool:
        """Tell whether a pass is due since the last time this was asked."""
        now = self._now()
        if now < self._asked:
            # The clock was put back: what was next may be far away by now.
            self._next = self._after(now)
        self._asked = now
        if now < self._next:
            return False
        self._next = self._after(now)
        return True

    def _after(self, moment: datetime) -> datetime:
        following: datetime = next(CronSim(self._expression, moment))
        return following
