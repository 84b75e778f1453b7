"""When to look through what the kernel does not tell of. Pure: times are arguments."""

from __future__ import annotations

from typing import Final

_REST: Final = 9
"""After a look comes a rest of so many times as long: looking takes a tenth of the time at most."""


class Polling:
    """Times the looks at subtrees that are not watched, or that others change unheard.

    *every_s*: from one look to the next, in seconds; 0 never looks. Owner: the watcher's thread.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._due_at = 0.0
        self._began_at: float | None = None

    def is_due(self, now: float, *, is_looking: bool) -> bool:
        """Tell whether a look is to begin; the caller then begins it.

        *is_looking*: an earlier one, or another that stands for it, is not over yet.
        """
        if not self._every_s:
            return False
        if is_looking:
            if self._began_at is None:
                self._began_at = now
            return False
        if self._began_at is not None:
            took_s = now - self._began_at
            self._began_at = None
            self._due_at = max(self._due_at, now + _REST * took_s)
        if now < self._due_at:
            return False
        self._due_at = now + self._every_s
        return True
