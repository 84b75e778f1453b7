"""What a look at one directory came to."""

from __future__ import annotations

from dataclasses import dataclass

from sersync.model.manifest import Row
from sersync.model.path import RelPath
from sersync.model.report import Suspect, Touched

Difference = Touched | Suspect


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One directory, looked at and compared with its row.

    *row*: what it is now; None where that could not be found out for certain. *is_known*: the
    row that was there says the same. *ripe_at_ns*: from this time on, by the calendar clock in
    nanoseconds, any further change of anything in it will show in a change time.
    *differences*: where a target may not have what is there, parents before children.
    *voids*: subtrees whose rows vouch for nothing any more.
    """

    directory: RelPath
    row: Row | None = None
    is_known: bool = False
    ripe_at_ns: int = 0
    differences: tuple[Difference, ...] = ()
    voids: tuple[RelPath, ...] = ()
    entries: int = 0
    bytes: int = 0
