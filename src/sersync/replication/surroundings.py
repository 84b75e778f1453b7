"""What a worker needs besides its target and its transport."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sersync.model.batch import Reason
from sersync.model.slices import Extent
from sersync.model.status import BatchReport, PassProgress
from sersync.model.written import Written
from sersync.replication.mailbox import Mailbox
from sersync.replication.ports import Clock, RootGuard, Sample, Scanner, Schedule

Place = tuple[int, int]
"""A directory by the numbers of its device and its inode."""

NOT_KNOWN: Final[Place] = (0, 0)
"""That of a directory that nobody can look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a worker needs besides its target: the same for all workers of a source, mostly."""

    source: str
    state_dir: str = ""
    """By which people reach the daemon; empty where nobody can."""
    written: Written = Written.TOML
    """Where people write the settings."""
    mailbox: Mailbox
    guard: RootGuard
    scanner: Scanner
    scheduled_scanner: Scanner
    """Walks what full passes by schedule and at the start compare."""
    sample: Sample
    is_all_carried: bool = True
    """False: some kinds of change are carried by full passes only."""
    schedule: Schedule
    clock: Clock
    jitter: Callable[[], float]
    root_lost: Callable[[Reason], None]
    """Tells the source that its root is not what it was."""
    extent: Callable[[], Extent]
    """How much the source holds, as far as it was counted."""
    place_of: Callable[[bytes], Place | None] = lambda _: NOT_KNOWN
    """Tells which directory of this host stands at a path; None: there is none."""
    is_empty: Callable[[bytes], bool] = lambda _: False
    """Tells whether a directory of this host is empty, or not there."""
    rescan: Callable[[], PassProgress | None] = lambda: None
    """How far the source is compared with the manifest; None when that is not under way."""
    store_soon: Callable[[], None] = lambda: None
    """Has the state stored in a moment: something is to outlive a kill."""
    on_batch: Callable[[BatchReport], None] | None = None
