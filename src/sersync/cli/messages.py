"""Errors, mistakes and warnings as people read them, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from sersync.errors import ConfigError, Mistake, SersyncError


def complain(error: SersyncError) -> None:
    """Print *error* with what to do about it; a configuration's with all that is odd in it."""
    if isinstance(error, ConfigError):
        warn(error.warnings)
        for mistake in error.mistakes:
            print(in_a_line(mistake), file=sys.stderr)
        print(f"sersync: {error.message}", file=sys.stderr)
    else:
        first, *more = error.message.splitlines() or [""]
        print(f"sersync: {first}", file=sys.stderr)
        for line in more:
            print(f"         {line}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"         {line}", file=sys.stderr)


def warn(warnings: Iterable[Mistake]) -> None:
    """Print *warnings*, one per line."""
    for warning in warnings:
        print(f"warning: {in_a_line(warning)}", file=sys.stderr)


def note(notes: Iterable[Mistake]) -> None:
    """Print *notes* on what is different now, one per line."""
    for each in notes:
        print(f"note: {in_a_line(each)}", file=sys.stderr)


def in_a_line(mistake: Mistake) -> str:
    """Return ``place: message (suggestion)``."""
    suggestion = f" ({mistake.suggestion})" if mistake.suggestion else ""
    return f"{mistake.place}: {mistake.message}{suggestion}"
