"""A barrier: what was changed in one source before a moment, until it stands on some targets.

What the kernel has queued by then is read by a read that began after the barrier was put up and
came to the queue's end. What nobody tells of is looked through. Only then do the targets begin
to count: see ``waits``.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

from sersync.model.path import RelPath
from sersync.model.pending import Ending

MOST_BARRIERS: Final = 1_000
"""So many may wait at one source at the same time."""


class Phase(Enum):
    """How far a barrier has come; each value is the end of a sentence."""

    READING = "what the kernel has told until the call is being read"
    LOOKING = "the source is being looked through for what nobody was told of"
    CARRYING = ""


class TooMany(Exception):
    """So many are waiting that one more would be no help to anybody."""


class Barrier:
    """One wait at one source. For any thread. *ended* is called once, when no target is open."""

    def __init__(self, path: RelPath, targets: Iterable[str], *, ended: Callable[[], None]) -> None:
        """*path*: only what lies at it or below it; the root is everything."""
        self.path: Final = path
        self.targets: Final = tuple(targets)
        self.phase = Phase.READING
        self.notes: tuple[str, ...] = ()
        self.moments: dict[str, float] = {}
        """Of each target that counts: what was seen until then has to be carried."""
        self._ended = ended
        self._lock = threading.Lock()
        self._endings: dict[str, Ending] = {}

    def ending(self, target: str) -> Ending:
        """Return how it has ended for *target*, if it has."""
        return self._endings.get(target, Ending.WAITING)

    def end(self, target: str, ending: Ending) -> None:
        """Take note of the end for *target*; only the first one counts."""
        with self._lock:
            if target in self._endings or target not in self.targets:
                return
            self._endings[target] = ending
            is_over = len(self._endings) == len(self.targets)
        if is_over:
            self._ended()

    def give_up(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            for target in self.targets:
                self._endings.setdefault(target, Ending.WAITING)

    @property
    def is_over(self) -> bool:
        """It has ended for every target, or nobody waits any more."""
        return len(self._endings) == len(self.targets)

    def is_open(self, target: str) -> bool:
        """Tell whether *target* is still waited for."""
        return target not in self._endings


class Barriers:
    """Those of one source that wait for the kernel's queue to be read. For any thread."""

    def __init__(self) -> None:
        self._new: deque[Barrier] = deque()
        self._all: list[Barrier] = []
        self._lock = threading.Lock()

    def add(self, barrier: Barrier) -> None:
        """Put up *barrier*. Raises ``TooMany``."""
        with self._lock:
            self._all = [each for each in self._all if not each.is_over]
            if len(self._all) >= MOST_BARRIERS:
                raise TooMany
            self._all.append(barrier)
            self._new.append(barrier)

    def __bool__(self) -> bool:
        return bool(self._new)

    def before_a_read(self) -> list[Barrier]:
        """Return those that a read which begins now speaks for, if it comes to the end."""
        return list(self._new)

    def were_read(self, read: Iterable[Barrier]) -> None:
        """Take *read* off: all that the kernel had queued before them is known."""
        for barrier in read:
            self._new.remove(barrier)

    def lose(self, ending: Ending) -> None:
        """End all that wait to be read: nobody reads now."""
        while self._new:
            barrier = self._new.popleft()
            for target in barrier.targets:
                barrier.end(target, ending)
