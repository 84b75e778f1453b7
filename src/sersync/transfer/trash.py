"""What was deleted or overwritten on a target is kept there for a while, one directory a day.

rsync itself moves it there (rsync(1), ``--backup-dir``). What is too old is deleted by comparing
the directory of the days with an empty one, in which the days that are kept are excluded; so it
works the same on every kind of target, and nothing but directories named as days is ever deleted.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.model.batch import Verdict
from sersync.model.target import TRASH, Target
from sersync.transfer.command import connecting, destination, name_list
from sersync.transfer.launch import Launcher
from sersync.transfer.verdict import Judgement

log: Final = logging.getLogger("sersync.worker")

_EVERY_S: Final = 6 * 3600.0
_DAY_S: Final = 86_400.0
_TRUSTED_JUMP_S: Final = 6 * 3600.0
_ANY_DAY: Final = b"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


def kept_days(today: date, keep_s: float) -> list[bytes]:
    """Return the names of the days that stay: those that may hold what is younger than *keep_s*.

    Tomorrow is one of them, for the sake of time zones.
    """
    back = int(keep_s // _DAY_S) + 1
    return [(today + timedelta(days=1 - number)).isoformat().encode() for number in range(back + 2)]


def expiry_command(
    target: Target, days: Sequence[bytes], directory: bytes, *, rsh: str
) -> list[bytes]:
    """Return the command line that deletes all days but *days*; *directory* holds an empty trash.

    The list of names comes on standard input: the trash as one level.
    """
    place = b"/" + TRASH + b"/"
    return [
        b"rsync",
        b"--dirs",
        b"--no-recursive",
        b"--delete",
        b"--force",
        *connecting(target, rsh=rsh),
        *(b"--filter=- " + place + day for day in days),
        b"--filter=+ " + place + _ANY_DAY,
        b"--filter=- " + place + b"*",
        b"--files-from=-",
        b"--from0",
        b"--",
        directory + b"/",
        destination(target.endpoint),
    ]


class Trash:
    """Empties the trash of one target of what is too old. Owned by the worker's thread."""

    def __init__(
        self,
        launcher: Launcher,
        children: Children,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._launcher = launcher
        self._children = children
        self._wall = wall
        self._child: Child | None = None
        self._directory = b""
        self._due_at = 0.0
        self._reckoning: tuple[float, float] | None = None
        self._has_failed = False

    def tend(self, now: float) -> None:
        """Begin to delete what is too old, if it is time for that. *now*: monotonic seconds."""
        keep_s = self._launcher.target.trash_s
        if not keep_s or self._child is not None or now < self._due_at:
            return
        self._due_at = now + _EVERY_S
        if not self._is_date_plausible(now):
            log.warning(
                "%s: the clock was set anew; the trash is kept until the next start",
                self._launcher.target.name,
            )
            return
        today = datetime.fromtimestamp(self._wall(), UTC).astimezone().date()
        try:
            self._directory = self._launcher.scratch("trash")
            os.mkdir(self._directory + b"/" + TRASH, 0o700)
            self._child = self._launcher.expiry(
                lambda target, rsh: expiry_command(
                    target, kept_days(today, keep_s), self._directory, rsh=rsh
                )
            )
        except OSError:
            self._leave()
            return
        self._children.add(self._child)
        self._children.feed(self._child, name_list([b"/" + TRASH + b"/"]))

    def owns(self, child: Child) -> bool:
        """Tell whether *child* deletes what is too old."""
        return child is self._child

    def ended(self, judgement: Judgement) -> None:
        """Take note of how that ended; a failure is told once, and tried again later."""
        self._leave()
        has_failed = judgement.verdict is not Verdict.DONE
        if has_failed and not self._has_failed:
            why = judgement.reason.message if judgement.reason is not None else "rsync failed"
            log.warning("%s: the trash cannot be emptied: %s", self._launcher.target.name, why)
        self._has_failed = has_failed

    def stop(self) -> None:
        """End what is under way."""
        if self._child is not None:
            self._children.kill(self._child)
            self._leave()
            self._due_at = 0.0

    def _leave(self) -> None:
        self._child = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def _is_date_plausible(self, now: float) -> bool:
        """Tell whether the calendar has moved on as the monotonic clock has: no one set it."""
        wall = self._wall()
        begun = self._reckoning = self._reckoning or (wall, now)
        return abs((wall - begun[0]) - (now - begun[1])) < _TRUSTED_JUMP_S
