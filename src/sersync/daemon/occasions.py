"""Which change of the status is worth a message, and which is one too many. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from sersync.model.batch import Reason
from sersync.model.figures import span
from sersync.model.notification import Notification, NotifySettings, Occasion
from sersync.model.pasting import own_command, resume_command
from sersync.model.path import display
from sersync.model.status import (
    DaemonStatus,
    SourceStatus,
    TargetState,
    TargetStatus,
    problems_line,
)

_HOUR_S: Final = 3600.0
_Key = tuple[str, str, str]


class Occasions:
    """Compares each status with the one before, for one way to tell people. For one thread."""

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._halted: dict[_Key, float] = {}
        self._behind: dict[_Key, float] = {}

    def of(self, status: DaemonStatus, now: float) -> list[Notification]:
        """Return what is to be told of *status*, in order. *now*: monotonic seconds."""
        halted: dict[_Key, float] = {}
        behind: dict[_Key, float] = {}
        found: list[Notification] = []
        for source in status.sources:
            for key, reason in _halts(source):
                halted[key] = self._halted.get(key, now)
                if key not in self._halted:
                    found.append(_halt(key, reason, status.state_dir))
            for target in source.targets:
                key = (source.name, target.target, "lag")
                if self._is_behind(key, target):
                    behind[key] = self._behind.get(key, now)
                    if key not in self._behind and (key[0], key[1], "halt") not in halted:
                        found.append(_lag(target, status.state_dir))
        known = {
            (source.name, target) for source in status.sources
            for target in ("", *(each.target for each in source.targets))
        }  # fmt: skip
        for before, after, what in (
            (self._halted, halted, "halted"), (self._behind, behind, "behind"),
        ):  # fmt: skip
            for key, since in before.items():
                # What was taken out of the configuration has not recovered: it is gone.
                if key not in after and key[:2] in known:
                    found.append(_recovered(key, now - since, what))
        self._halted, self._behind = halted, behind
        return [each for each in found if each.occasion in self._settings.occasions]

    def _is_behind(self, key: _Key, target: TargetStatus) -> bool:
        """A target that caught up half of it is on its way; until then it stays behind."""
        limit_s = self._settings.lag_s
        return target.lag_s >= (limit_s / 2 if key in self._behind else limit_s)


def _halts(source: SourceStatus) -> Iterator[tuple[_Key, Reason]]:
    if source.halted is not None:
        yield (source.name, "", "halt"), source.halted
    for missing in source.missing:
        yield (source.name, "", f"missing {display(missing.path)}"), missing.reason
    for target in source.targets:
        is_own = target.reason is not None and target.reason != source.halted
        if target.state is TargetState.HALTED and is_own and target.reason is not None:
            yield (source.name, target.target, "halt"), target.reason


def _halt(key: _Key, reason: Reason, state_dir: str) -> Notification:
    remedy = reason.remedy
    if key[1] and not reason.needs_confirm:
        # Its cause may be mended elsewhere, which nobody here hears of.
        goes_on = resume_command(state_dir, *key[:2], confirm=False)
        remedy = f"{remedy} Then let it go on: {goes_on}".strip()
    return Notification(
        occasion=Occasion.HALT,
        source=key[0],
        target=key[1],
        message=reason.message,
        remedy=remedy,
        command=reason.command,
    )


def _lag(target: TargetStatus, state_dir: str) -> Notification:
    waiting = target.pending + target.in_flight
    look = own_command("status", state_dir=state_dir)
    are = "path is" if waiting == 1 else "paths are"
    message = f"it has been behind for {span(target.lag_s)}; {waiting:,} {are} pending"
    remedy = ""
    if target.reason is not None:
        message += f"; {target.reason.message}"
        remedy = target.reason.remedy
    elif target.problems:
        message += f"; {problems_line(target)}"
        remedy = target.problems[0].remedy
    return Notification(
        occasion=Occasion.LAG,
        source=target.source,
        target=target.target,
        message=message,
        remedy=remedy,
        command=target.reason.command if target.reason is not None else look,
        lag_s=target.lag_s,
    )


def _recovered(key: _Key, after_s: float, what: str) -> Notification:
    return Notification(
        occasion=Occasion.RECOVERED,
        source=key[0],
        target=key[1],
        message=f"it is no longer {what}, after {span(after_s)}",
    )


class Allowance:
    """Lets so many messages pass within an hour, and counts the others. For one thread."""

    def __init__(self, most_per_hour: int) -> None:
        self._most = most_per_hour
        self._sent: deque[float] = deque()
        self.omitted = 0
        """How many did not pass since the last one that did."""

    def admit(self, now: float) -> bool:
        """Tell whether one more may be sent at *now*, monotonic seconds; count it if not."""
        while self._sent and self._sent[0] <= now - _HOUR_S:
            self._sent.popleft()
        if len(self._sent) >= self._most:
            self.omitted += 1
            return False
        self._sent.append(now)
        return True

    def told(self) -> int:
        """Return how many did not pass, once: the next message tells it."""
        omitted, self.omitted = self.omitted, 0
        return omitted
