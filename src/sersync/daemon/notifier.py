"""Tells people who are not looking, by a thread of its own and never in the way of replication."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sersync.daemon.occasions import Allowance, Occasions
from sersync.hooks.notify import send
from sersync.model.notification import Notification, NotifySettings
from sersync.model.status import DaemonStatus
from sersync.replication.ports import Clock

log: Final = logging.getLogger("sersync.notify")

_LOOK_EVERY_S: Final = 1.0
_MOST_WAITING: Final = 100
_PAUSES_S: Final = (5.0, 30.0, 120.0)
"""After each failed attempt; then the message is given up, and that is told in the log."""

Send = Callable[..., str]


@dataclass(slots=True, kw_only=True)
class _Waiting:
    notification: Notification
    due_at: float
    omitted: int
    attempts: int = 0


class _Way:
    """One way to tell people, with what waits for it."""

    def __init__(self, settings: NotifySettings) -> None:
        self.settings = settings
        self.occasions = Occasions(settings)
        self.allowance = Allowance(settings.most_per_hour)
        self.waiting: deque[_Waiting] = deque(maxlen=_MOST_WAITING)


class Notifier:
    """Looks at the status, and sends what is worth a message. ``run`` is for its own thread."""

    def __init__(
        self, status: Callable[[], DaemonStatus], clock: Clock, *, send: Send = send
    ) -> None:
        self._ways: tuple[_Way, ...] = ()
        self._status = status
        self._clock = clock
        self._send = send
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, settings: Sequence[NotifySettings]) -> None:
        """Tell people as *settings* say from now on; what did not change goes on as it was."""
        if tuple(way.settings for way in self._ways) == tuple(settings):
            return
        known = {way.settings: way for way in self._ways}
        # Replaced as a whole: the thread goes through it.
        self._ways = tuple(known.get(each) or _Way(each) for each in settings)
        if self._thread is None:
            self._thread = threading.Thread(target=self.run, name="notify", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; what could not be sent by now is forgotten."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_LOOK_EVERY_S)

    def run(self) -> None:
        """Look and send until stopped."""
        while not self._over.wait(_LOOK_EVERY_S):
            self.turn()

    def turn(self) -> None:
        """Look once, and send what is due."""
        status = self._status()
        for way in self._ways:
            now = self._clock.monotonic()
            for notification in way.occasions.of(status, now):
                if way.allowance.admit(now):
                    omitted = way.allowance.told()
                    way.waiting.append(
                        _Waiting(notification=notification, due_at=now, omitted=omitted)
                    )
            self._send_due(way)

    def _send_due(self, way: _Way) -> None:
        # In order: what comes first must be told first, or "recovered" would come before "halt".
        while way.waiting and way.waiting[0].due_at <= self._clock.monotonic():
            first = way.waiting[0]
            failed = self._send(
                way.settings, first.notification, omitted=first.omitted, host=os.uname().nodename
            )
            if not failed:
                way.waiting.popleft()
                continue
            pause_s = _PAUSES_S[first.attempts] if first.attempts < len(_PAUSES_S) else None
            subject, name = first.notification.subject, way.settings.name
            if pause_s is None:
                way.waiting.popleft()
                log.error(
                    "%s could not tell of %s: %s. Nobody was told by it; look at [[notify]] there.",
                    name, subject, failed,
                )  # fmt: skip
                continue
            first.attempts += 1
            first.due_at = self._clock.monotonic() + pause_s
            log.warning(
                "%s could not tell of %s: %s; it is tried again in %.0f s",
                name, subject, failed, pause_s,
            )  # fmt: skip
