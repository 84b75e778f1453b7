"""The names that a root held before it was emptied, by which it is recognised when it is filled."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

_EVERY_S: Final = 60.0
_MOST_NAMES: Final = 500


@dataclass(frozen=True, slots=True)
class _Listing:
    names: frozenset[bytes]
    older: frozenset[bytes]
    """Those of a minute before, or the same."""
    at: float


class Familiar:
    """Remembers some names of a directory's entries. For any thread.

    What counts is older than a minute, where there is such: a root that is being emptied holds
    less and less, and the log file that remains, or is made again, says nothing of the others.
    """

    def __init__(self, root: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._listing = _Listing(frozenset(), frozenset(), float("-inf"))
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was there; from now on what is there now counts."""
        names = self._names()
        self._listing = _Listing(names, names, self._clock())

    def look(self) -> None:
        """Remember what is there, if it is time for that."""
        known = self._listing
        if not known.older:
            self.begin_anew()
        elif (now := self._clock()) - known.at >= _EVERY_S:
            self._listing = _Listing(self._names(), known.names, now)

    def is_back(self) -> bool:
        """Tell whether at least half of what was there before is there now."""
        before = self._listing.older
        here = sum(os.path.lexists(os.path.join(self._root, name)) for name in before)
        return 2 * here >= len(before)

    def _names(self) -> frozenset[bytes]:
        try:
            with os.scandir(self._root) as entries:
                return frozenset(entry.name for entry in islice(entries, _MOST_NAMES))
        except OSError:
            return frozenset()
