"""When links that are followed are looked at: every now and then, and soon after one changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from sersync.model.report import Report
from sersync.replication.ports import Clock

log: Final = logging.getLogger("sersync.source")

_REST: Final = 9
"""After a look comes a rest of so many times as long: looking takes a tenth of the time at most."""
_SHORTEST_REST_S: Final = 0.2


class FollowedTree(Protocol):
    """The symlinks of a source that are followed, and what is behind them."""

    def look(self) -> list[Report]:
        """Return how what is behind the links differs from the last look. For one thread."""
        ...

    def told(self, reports: Sequence[Report]) -> list[Report]:
        """Return *reports*, and what they mean for links. For any thread."""
        ...

    def is_news(self, reports: Iterable[Report]) -> bool:
        """Tell whether links may have come, gone or been turned elsewhere. For any thread."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the links."""
        ...


class Following:
    """Looks behind the links of one source. ``run`` is a thread of its own; the rest is for any."""

    def __init__(
        self,
        source: str,
        tree: FollowedTree,
        *,
        put: Callable[[Sequence[Report]], None],
        is_lost: Callable[[], bool],
        clock: Clock,
        every_s: float,
    ) -> None:
        """*put* takes what was found; *is_lost*: the root is not what it was, look at nothing.

        *every_s*: from one look to the next, in seconds; 0: only after a link has changed.
        """
        self._source = source
        self._tree = tree
        self._put = put
        self._is_lost = is_lost
        self._clock = clock
        self._every_s = every_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._noted: tuple[str, ...] = ()
        self.tells_at_first = True
        """What the first look finds is carried; else it is what the targets are taken to have."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the links."""
        return self._tree.notes

    def told(self, reports: Sequence[Report]) -> list[Report]:
        """Return *reports*, and what they mean for what is reached by links."""
        if self._tree.is_news(reports):
            self._wake.set()
        return self._tree.told(reports)

    def stop(self) -> None:
        """Let ``run`` return."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Look, until stopped."""
        is_first = True
        while not self._stopping.is_set():
            self._wake.clear()
            rest_s = _SHORTEST_REST_S
            if not self._is_lost():
                began_at = self._clock.monotonic()
                found = self._tree.look()
                if found and (self.tells_at_first or not is_first) and not self._is_lost():
                    self._put(found)
                is_first = False
                self._tell()
                rest_s = max(rest_s, _REST * (self._clock.monotonic() - began_at))
            if self._stopping.wait(rest_s):
                break
            self._wake.wait(self._every_s or None)

    def _tell(self) -> None:
        for note in self.notes:
            if note not in self._noted:
                log.warning("%s: %s", self._source, note)
        self._noted = self.notes
