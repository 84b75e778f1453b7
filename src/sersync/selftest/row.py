"""One row of the fault matrix: a promise, what it needs of the host, and how it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sersync.selftest.trial import Trial


class Need(Enum):
    """What a row cannot do without; the value says so to people."""

    ROOT = "needs root"
    MOUNTS = "needs root, to mount file systems"
    FAKETIME = "needs libfaketime (apt-get install faketime)"
    EXT4 = "needs mkfs.ext4 and a loop device"


class Broken(Exception):
    """A promise was not kept; the message says which, and what was found instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault, and the promise that nothing is lost by it."""

    name: str
    promise: str
    play: Callable[[Trial], None]
    needs: tuple[Need, ...] = ()
    is_long: bool = False
    """It waits for what only happens after a minute."""


@dataclass(slots=True)
class Table:
    """The rows of one family, in the order in which they are written down."""

    rows: list[Row] = field(default_factory=list)

    def row(
        self, name: str, promise: str, *needs: Need, is_long: bool = False
    ) -> Callable[[Callable[[Trial], None]], Callable[[Trial], None]]:
        """Take the decorated function as how the row *name* is tried."""

        def take(play: Callable[[Trial], None]) -> Callable[[Trial], None]:
            self.rows.append(
                Row(name=name, promise=promise, play=play, needs=needs, is_long=is_long)
            )
            return play

        return take


class Verdict(Enum):
    """How a row ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one row. *changed* and *arrived* count entries of the source."""

    name: str
    promise: str
    verdict: Verdict
    changed: int = 0
    arrived: int = 0
    differences: tuple[str, ...] = ()
    converged_s: float = 0.0
    """The longest that the targets took until they were the same, after a fault was over."""
    took_s: float = 0.0
    notes: tuple[str, ...] = ()
    """What is worth telling besides, such as how much memory it took."""
    reason: str = ""
    """Why it failed or was skipped."""
    log: str = ""
    """The last lines of the daemon's log, when it failed."""
    place: str = ""
    """Where its trees are, when they were kept."""
