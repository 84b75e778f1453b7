"""One line of the doctor's table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Reason


class Level(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """Replication works, but not in all that is wanted of it, or not for long."""
    FAILURE = "failure"
    """Replication does not work like this."""
    SKIPPED = "skipped"
    """It could not be looked at; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found about *subject*: this host, a source, a target."""

    subject: str
    check: str
    level: Level
    message: str
    remedy: str = ""
    command: str = ""
    """To be pasted into a shell; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Makes findings about one thing."""

    name: str

    def ok(self, check: str, message: str) -> Finding:
        """Return that all is well."""
        return Finding(subject=self.name, check=check, level=Level.OK, message=message)

    def skipped(self, check: str, message: str) -> Finding:
        """Return that *check* could not be made."""
        return Finding(subject=self.name, check=check, level=Level.SKIPPED, message=message)

    def warning(self, check: str, message: str, remedy: str = "", command: str = "") -> Finding:
        """Return that something is less than it should be."""
        return self._trouble(Level.WARNING, check, message, remedy, command)

    def failure(self, check: str, message: str, remedy: str = "", command: str = "") -> Finding:
        """Return that something does not work."""
        return self._trouble(Level.FAILURE, check, message, remedy, command)

    def failed(self, check: str, reason: Reason) -> Finding:
        """Return that something does not work, with the reason that a transfer would give."""
        return self.failure(check, reason.message, reason.remedy, reason.command)

    def _trouble(
        self, level: Level, check: str, message: str, remedy: str, command: str
    ) -> Finding:
        return Finding(
            subject=self.name,
            check=check,
            level=level,
            message=message,
            remedy=remedy,
            command=command,
        )
