"""Every exception that is raised on purpose, with what a person should do about it.

::

    SersyncError
    ├── UsageError            64  the command line is wrong
    ├── ConfigError           78  the configuration is wrong; carries all mistakes at once
    ├── SourceError           66  a source cannot be read or watched
    ├── EnvironmentMissing    69  the host lacks something: rsync, a limit, a permission
    ├── StateUnavailable      74  the state cannot be stored or read now; replication goes on
    └── AlreadyRunning        75  another instance holds this state directory

Trouble with one path is a ``Problem``, trouble with one transfer an ``Outcome``: those are
data, in ``sersync.model``, and are never raised. Exit codes are those of sysexits(3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SersyncError(Exception):
    """Something a person must hear about: what happened, and what to do."""

    exit_code = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SersyncError):
    """The command line cannot mean what it says."""

    exit_code = 64


class SourceError(SersyncError):
    """A source is missing, is no directory, or cannot be read."""

    exit_code = 66


class EnvironmentMissing(SersyncError):
    """The host does not provide something that must be there."""

    exit_code = 69


class StateUnavailable(SersyncError):
    """What must outlive the daemon cannot be stored or read now; replication goes on without."""

    exit_code = 74


class AlreadyRunning(SersyncError):
    """Another instance works on the same state directory."""

    exit_code = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake in a configuration: where it is, what is wrong, what was probably meant."""

    place: str
    message: str
    suggestion: str = ""
    is_absence: bool = False
    """Something is not there yet: no mistake of the file, perhaps, and over in a moment."""


class ConfigError(SersyncError):
    """A configuration that cannot be used, with every mistake in it, and what looks wrong.

    Where all that is wrong is that sources are not there, it ends as ``SourceError`` does.
    """

    exit_code = 78

    def __init__(
        self, file: str, mistakes: Sequence[Mistake], *, warnings: Sequence[Mistake] = ()
    ) -> None:
        count = len(mistakes)
        super().__init__(f"{file}: {count} mistake{'s' if count != 1 else ''}")
        if mistakes and all(each.is_absence for each in mistakes):
            self.exit_code = SourceError.exit_code
        self.file = file
        self.mistakes = tuple(mistakes)
        self.warnings = tuple(warnings)
