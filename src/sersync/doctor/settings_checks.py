"""What is wrong with the settings themselves, as lines of the doctor's table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sersync.doctor.finding import Finding, Subject
from sersync.errors import Mistake

_SETTINGS: Final = Subject("settings")


def check_settings(mistakes: Iterable[Mistake]) -> Iterator[Finding]:
    """Yield a failure for each of *mistakes*; with them sersync does not start."""
    for each in mistakes:
        yield _SETTINGS.failure(
            "can be used",
            f"{each.place}: {each.message}",
            each.suggestion or "Correct it: until then sersync does not start with it.",
        )
