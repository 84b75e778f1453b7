"""What the service manager hears of us: ready, reloading, stopping, how it goes, still alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final

from sersync.daemon.liveness import Liveness, where
from sersync.daemon.pulse import Pulse
from sersync.linux.notify import Notices
from sersync.model.status import DaemonStatus, TargetState

log = logging.getLogger("sersync.daemon")

_STATUS_EVERY_S: Final = 2.0
_FEEDS_A_PERIOD: Final = 4
_TIMEOUTS: Final = 4
"""A worker may wait for three times its target's timeout, while it tries it."""


class Announcer:
    """Speaks for the daemon. Its own thread feeds the watchdog; all else is the main thread's.

    The watchdog is fed only while no thread of the engine is stuck. What is stuck is logged
    with the place where it is; then the service manager ends us and starts us again.
    """

    def __init__(self, notices: Notices, pulse: Pulse) -> None:
        self._notices = notices
        self._pulse = pulse
        self._over = threading.Event()
        self._feeder: threading.Thread | None = None
        self._told = ""
        self._told_at = float("-inf")

    def ready(self) -> None:
        """Tell that every change is noticed from here on."""
        self._notices.ready()

    def reloading(self) -> None:
        """Tell that the configuration is read again."""
        self._notices.reloading()

    def feed(
        self, threads: Callable[[], Iterable[threading.Thread]], *, longest_timeout_s: float
    ) -> None:
        """Feed the watchdog from now on, as long as none of *threads* is stuck."""
        period_s = self._notices.watchdog_s
        if period_s <= 0:
            return
        main = threading.current_thread()
        liveness = Liveness(
            self._pulse,
            lambda: (main, *threads()),
            allowance_s=max(period_s / 2, _TIMEOUTS * longest_timeout_s),
        )
        self._feeder = threading.Thread(
            target=self._feed, args=(liveness, period_s), name="watchdog", daemon=True
        )
        self._feeder.start()

    def turn(self, status: Callable[[], DaemonStatus]) -> None:
        """Take note of a round of the main loop; tell how it goes, every few seconds."""
        now = self._pulse.monotonic()
        if not self._notices.are_wanted or now - self._told_at < _STATUS_EVERY_S:
            return
        self._told_at = now
        if (sentence := status_line(status())) != self._told:
            self._told = sentence
            self._notices.status(sentence)

    def stopping(self) -> None:
        """Tell that we are going down, which takes as long as the running transfers may."""
        self._over.set()
        self._notices.stopping()

    def close(self) -> None:
        """Say no more."""
        self._over.set()
        if self._feeder is not None:
            self._feeder.join()
        self._notices.close()

    def _feed(self, liveness: Liveness, period_s: float) -> None:
        known: set[threading.Thread] = set()
        while not self._over.is_set():
            stuck = liveness.stuck()
            if not stuck:
                self._notices.alive()
            for thread in set(stuck) - known:
                log.critical(
                    "the thread %s is stuck; the watchdog is not fed any more. It is at:\n%s",
                    thread.name,
                    where(thread),
                )
            known = set(stuck)
            self._over.wait(period_s / _FEEDS_A_PERIOD)


def status_line(status: DaemonStatus) -> str:
    """Return how the daemon stands in one line. Pure."""
    targets = [target for source in status.sources for target in source.targets]
    counts = {state: sum(each.state is state for each in targets) for state in TargetState}
    shown = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    pending = sum(target.pending + target.in_flight for target in targets)
    lag_s = max((target.lag_s for target in targets), default=0.0)
    # Rounded, so that it does not change with every second.
    behind = f"; {pending} pending, the oldest for {lag_s:.0f} s" if pending else ""
    noun = "target" if len(targets) == 1 else "targets"
    return f"{len(targets)} {noun}: {shown}{behind}"
