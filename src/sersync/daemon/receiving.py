"""The receiving side as a service in the foreground: an rsync daemon, and TLS in front of it."""

from __future__ import annotations

import logging
import os
import select
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sersync.daemon.service import Signals
from sersync.errors import AlreadyRunning, SersyncError
from sersync.linux.notify import Notices
from sersync.linux.ports import holder_of
from sersync.rsyncd.log_lines import LogLines
from sersync.rsyncd.running import LOOPBACK, RsyncDaemon, reserve_port
from sersync.rsyncd.stunnel import Front, TlsFront, wrapped_config

log = logging.getLogger("sersync.daemon")

_LOOK_EVERY_S: Final = 0.5
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_GOOD_AFTER_S: Final = 60.0
_FEEDS_A_PERIOD: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What is served: *config_file* on *port* of *address* ("" is every one of the host).

    With *certificate* and *key* the port speaks TLS, and nothing else.
    """

    config_file: Path
    port: int
    address: str = ""
    certificate: Path | None = None
    key: Path | None = None


def receive(reception: Reception) -> int:
    """Serve until SIGTERM or SIGINT; what ends by itself is started again. Returns the exit code.

    Raises ``AlreadyRunning`` with who holds the port, and ``SersyncError`` when it cannot begin.
    """
    check_port(reception.port)
    notices = Notices.taken_from(os.environ)
    with Signals() as signals, ExitStack() as stack:
        stack.callback(notices.close)
        receiver = Receiver(reception, stack)
        stack.callback(receiver.stop)
        receiver.start()
        kind = "rsync over TLS" if reception.certificate else "rsync"
        where = f"{kind} on port {reception.port} of {reception.address or 'every address'}"
        log.info("ready: %s", where)
        notices.ready()
        notices.status(f"serves {where}")
        watchdog = Watchdog(notices, receiver.answers)
        while not signals.stops:
            ready, _, _ = select.select([signals.wake], [], [], _LOOK_EVERY_S)
            if ready:
                signals.wake.clear()
            receiver.look_after(time.monotonic())
            watchdog.turn(time.monotonic())
        log.info("stopping")
        notices.stopping()
    return 0


def check_port(port: int) -> None:
    """Raise ``AlreadyRunning``, naming who listens on *port*, unless it is free."""
    if holder := holder_of(port):
        raise AlreadyRunning(f"port {port} is held by {holder}", hint=holder.remedy)


class Watchdog:
    """Tells the service manager that we are alive, as long as the daemon really *answers*.

    So a daemon that runs, but takes nobody in, is ended and started again by the manager.
    """

    def __init__(self, notices: Notices, answers: Callable[[], bool]) -> None:
        self._notices = notices
        self._answers = answers
        self._due_at = 0.0
        self._is_silent = False

    def turn(self, now: float) -> None:
        """Ask the daemon, when it is time to at *now* (seconds, monotonic)."""
        period_s = self._notices.watchdog_s
        if period_s <= 0 or now < self._due_at:
            return
        self._due_at = now + period_s / _FEEDS_A_PERIOD
        if self._answers():
            self._notices.alive()
            if self._is_silent:
                log.info("it answers again")
            self._is_silent = False
        elif not self._is_silent:
            self._is_silent = True
            log.error(
                "the daemon does not answer on its port; unless it does within %.0f s, the service"
                " manager ends it and starts it again",
                period_s,
            )


class Receiver:
    """The daemon and its front, for one thread; *stack* takes what has to be cleaned up."""

    def __init__(self, reception: Reception, stack: ExitStack) -> None:
        lines = LogLines()
        stack.callback(lines.close)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sersync-")))
        self._front: TlsFront | None = None
        config_file, port, address = reception.config_file, reception.port, reception.address
        if reception.certificate is not None and reception.key is not None:
            reserved = reserve_port()
            stack.callback(reserved.close)
            plain_port = int(reserved.getsockname()[1])
            front = Front(
                port=port,
                plain_port=plain_port,
                certificate=reception.certificate,
                key=reception.key,
            )
            self._front = TlsFront(front, directory, output=lines.fd)
            (directory / "rsyncd.conf").write_text(wrapped_config(config_file))
            config_file, port, address = directory / "rsyncd.conf", plain_port, LOOPBACK
        self._daemon = RsyncDaemon(
            config_file,
            port=port,
            address=address,
            log_file="/dev/stdout",
            output=lines.fd,
            is_proxied=self._front is not None,
            last_words=lambda: lines.last,
        )
        self._started_at = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._not_before = 0.0

    def start(self) -> None:
        """Start what does not run. Raises ``SersyncError``."""
        self._started_at = time.monotonic()
        self._daemon.start()
        if self._front is not None and not self._front.is_running:
            self._front.stop()
            self._front.start()

    def stop(self) -> None:
        """End both, and every connection."""
        if self._front is not None:
            self._front.stop()
        self._daemon.stop()

    def answers(self) -> bool:
        """Tell whether who connects is greeted, through TLS where that is spoken."""
        if self._front is None:
            return self._daemon.answers()
        return self._front.greets()

    def look_after(self, now: float) -> None:
        """Start again what ended by itself; more and more slowly while it does so at once."""
        if self._is_running:
            if now - self._started_at > _GOOD_AFTER_S:
                self._pause_s = _FIRST_PAUSE_S
            return
        if self._not_before == 0.0:
            log.warning("%s; it is started again in %.0f s", self._what_ended(), self._pause_s)
            self._not_before = now + self._pause_s
        elif now >= self._not_before:
            self._not_before = 0.0
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._start_again()

    def _what_ended(self) -> str:
        front = self._front.end_in_words if self._front is not None else ""
        return " and ".join(filter(None, (self._daemon.end_in_words, front))) or "it does not run"

    def _start_again(self) -> None:
        try:
            self._daemon.stop()
            self.start()
            log.info("it serves again")
        except SersyncError as error:
            log.error("%s. %s", error.message, error.hint)

    @property
    def _is_running(self) -> bool:
        return self._daemon.is_running and (self._front is None or self._front.is_running)
