"""From signals to the daemon: run until told to stop, reload on SIGHUP (signal(7))."""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from sersync.daemon.announcer import Announcer
from sersync.daemon.app import Daemon
from sersync.daemon.failures import Failures
from sersync.daemon.logs import reopen
from sersync.daemon.notifier import Notifier
from sersync.errors import ConfigError, Mistake, SersyncError
from sersync.linux.notify import Notices
from sersync.linux.wake import Wake
from sersync.model.status import BatchReport, DaemonStatus, TargetState
from sersync.model.target import Settings

log = logging.getLogger("sersync.daemon")

_IDLE_S: Final = 1.0
_ONCE_POLL_S: Final = 0.05
_ONCE_FAILURES: Final = 3
_EX_SOFTWARE: Final = 70
_EX_TEMPFAIL: Final = 75
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """What was asked for by signals. Handlers only count; the main thread acts."""

    def __init__(self) -> None:
        self.stops = 0
        self.reloads = 0
        self.reopens = 0
        self.wake = Wake()
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in (*_STOPPING, signal.SIGHUP, signal.SIGUSR1):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self.wake.close()

    def _note(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            self.reloads += 1
        elif number == signal.SIGUSR1:
            self.reopens += 1
        else:
            self.stops += 1
            if self.stops > 1:
                # A second signal means: at once. Children die with us.
                os._exit(128 + number)
        self.wake.set()


def serve(
    settings: Settings,
    *,
    once: bool = False,
    load: Callable[[], Settings] | None = None,
    on_batch: Callable[[BatchReport], None] | None = None,
    on_status: Callable[[DaemonStatus], None] | None = None,
    status_every_s: float = 0.25,
    on_ready: Callable[[], None] = lambda: None,
) -> int:
    """Run until SIGTERM or SIGINT, or with *once* until every target is compared and current.

    Returns the exit code: 0, or with *once* 75 when a target was not reached and 1 when one halted
    or kept problems. SIGHUP reads the configuration again by *load*, SIGUSR1 opens the log
    file anew. *on_ready* is called when every source is watched. Raises ``SersyncError`` when it
    cannot begin.
    """
    failures = Failures()

    def note(report: BatchReport) -> None:
        failures.note(report)
        if on_batch is not None:
            on_batch(report)

    daemon = Daemon(settings, on_batch=note, keeps_state=not once)
    announcer = Announcer(Notices.taken_from(os.environ), daemon.pulse)
    notifier = Notifier(daemon.status, daemon.pulse)
    with Signals() as signals:
        daemon.start()
        announcer.ready()
        on_ready()
        announcer.feed(daemon.threads, longest_timeout_s=longest_timeout_s(settings))
        # What is there now stays: the collector need not look at it again and again.
        gc.freeze()
        rounds = _Rounds(daemon, announcer, notifier, failures, signals, load)
        pause_s = status_every_s if on_status is not None else _IDLE_S
        try:
            return _loop(rounds, once=once, show=on_status, pause_s=pause_s)
        finally:
            announcer.stopping()
            notifier.stop()
            daemon.stop(now=daemon.crashed.is_set())
            announcer.close()
            if on_status is not None:
                on_status(daemon.status())


@dataclass(slots=True)
class _Rounds:
    """What the main thread does again and again, beside the threads of the daemon."""

    daemon: Daemon
    announcer: Announcer
    notifier: Notifier
    failures: Failures
    signals: Signals
    load: Callable[[], Settings] | None
    reloads: int = 0
    reopens: int = 0

    def go(self) -> None:
        """Do all of it once."""
        self.announcer.turn(self.daemon.status)
        self.failures.turn(self.daemon)
        self.notifier.follow(self.daemon.settings.notify)
        self.daemon.follow()
        if self.signals.reopens > self.reopens:
            self.reopens = self.signals.reopens
            reopen()
        if self.signals.reloads > self.reloads:
            self.reloads = self.signals.reloads
            self.announcer.reloading()
            _reload(self.daemon, self.load)
            self.announcer.ready()


def _loop(
    rounds: _Rounds, *, once: bool, show: Callable[[DaemonStatus], None] | None, pause_s: float
) -> int:
    """Go round until a signal, a defect, or the end of a single pass; return the exit code."""
    daemon, signals = rounds.daemon, rounds.signals
    while not signals.stops:
        if daemon.crashed.is_set():
            return _EX_SOFTWARE
        rounds.go()
        if once or show is not None:
            status = daemon.status()
            if show is not None:
                show(status)
            if once and (code := once_is_over(status)) is not None:
                return code
        _sleep(signals.wake, _ONCE_POLL_S if once else pause_s)
    log.info("stopping")
    return 0


def longest_timeout_s(settings: Settings) -> float:
    """Return the longest silence that any target is allowed, in seconds."""
    targets = [target for source in settings.sources for target in source.targets]
    return max((target.timeout_s for target in targets), default=0)


def once_is_over(status: DaemonStatus) -> int | None:
    """Return the exit code of a single pass when it is over for every target, else None."""
    codes = []
    for target in (target for source in status.sources for target in source.targets):
        if target.state is TargetState.HALTED:
            codes.append(1)
        elif target.consecutive_failures >= _ONCE_FAILURES:
            codes.append(_EX_TEMPFAIL)
        elif target.full_passes and target.progress is None and not target.in_flight:
            if target.problems:
                # What the target never takes is not pending, and all the same not there.
                codes.append(1)
            elif target.pending == 0:
                codes.append(0)
            else:
                return None
        else:
            return None
    return max(codes, default=0)


def _reload(daemon: Daemon, load: Callable[[], Settings] | None) -> None:
    if load is None:
        for worker in daemon.workers():
            worker.retry()
        return
    try:
        settings = load()
        logging.getLogger("sersync").setLevel(settings.log_level.upper())
        daemon.reload(settings)
    except ConfigError as error:
        for mistake in error.mistakes:
            log.error("%s", ". ".join(filter(None, _words(mistake))))
        log.error("%s; the old configuration stays in force", error)
    except SersyncError as error:
        log.error("%s. %s", error.message, error.hint)


def _words(mistake: Mistake) -> tuple[str, ...]:
    return (f"{mistake.place}: {mistake.message}", mistake.suggestion)


def _sleep(wake: Wake, seconds: float) -> None:
    import select

    deadline = time.monotonic() + seconds
    ready, _, _ = select.select([wake], [], [], max(0.0, deadline - time.monotonic()))
    if ready:
        wake.clear()
