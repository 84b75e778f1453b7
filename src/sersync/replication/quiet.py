"""What is done about the manifest while nobody waits for it, within one percent of a core.

Directories that were busy and are quiet again get a new row. And every directory is compared
with its row now and then: a change that no event shows (through a memory map, by a name outside
of the tree) is found in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sersync.errors import StateUnavailable
from sersync.model.look import Look
from sersync.model.manifest import Row, unpack
from sersync.model.path import ROOT, join
from sersync.model.report import Report
from sersync.replication.keeping import Keeping
from sersync.replication.ports import Clock, Rescanner
from sersync.replication.ripening import Stale

_REST: Final = 99
"""Seconds of rest for each second of work."""
_UNIT_S: Final = 0.01
"""How long to work at a time, but for a directory that is very large."""
_IDLE_S: Final = 1.0
_AUDIT_EVERY_S: Final = 3600.0


class Quiet:
    """The work in the background. Owned by the thread of the rescans."""

    def __init__(
        self,
        keeping: Keeping,
        rescanner: Rescanner,
        *,
        put: Callable[[Sequence[Report]], None],
        clock: Clock,
    ) -> None:
        self._keeping = keeping
        self._rescanner = rescanner
        self._put = put
        self._clock = clock
        self._rest_until = 0.0
        self._audit_at = clock.monotonic() + _AUDIT_EVERY_S
        self._audit: Iterator[Row] | None = None

    def work(self, is_wanted: Callable[[], bool]) -> float:
        """Work for a moment, or until *is_wanted*; return after how many seconds to go on."""
        self._keeping.store()
        began_at = self._clock.monotonic()
        if began_at < self._rest_until:
            return min(_IDLE_S, self._rest_until - began_at)
        has_more = True
        while has_more and not is_wanted() and self._clock.monotonic() - began_at < _UNIT_S:
            has_more = self._look_again() or self._look_over()
        now = self._clock.monotonic()
        self._rest_until = now + _REST * (now - began_at)
        return min(_IDLE_S, self._rest_until - now) if has_more else _IDLE_S

    def _look_again(self) -> bool:
        """Look at a directory that was busy; tell whether there was one.

        What changed in it was reported when it changed, so only its row is of interest.
        """
        stale = self._keeping.next_stale()
        if stale is None:
            return False
        look = self._rescanner.look(stale.directory, (), opening=self._keeping.opening)
        if look.row is None and stale.directory in look.voids:
            self._keeping.void([stale.directory])
        self._keeping.looked([look], were_told=False)
        self._descend(stale, look)
        return True

    def _descend(self, stale: Stale, look: Look) -> None:
        if stale.is_tree and look.row is not None:
            for entry in unpack(look.row.blob):
                if entry.is_directory:
                    self._keeping.add_stale(join(stale.directory, entry.name))

    def _look_over(self) -> bool:
        """Compare one directory with its row, if it is time for that; tell whether it was."""
        try:
            row = self._next_row()
            if row is None:
                return False
            if not self._keeping.is_settled(row.directory):
                return True
            look = self._compare(row)
            if look.differences:
                # The row may have been replaced since it was read.
                row = self._keeping.row(row.directory)
                if row is None:
                    return True
                look = self._compare(row)
        except StateUnavailable:
            self._audit = None
            return False
        if look.differences and self._keeping.is_settled(look.directory):
            self._keeping.void(look.voids)
            self._put(look.differences)
        self._keeping.looked([look], were_told=True)
        return True

    def _compare(self, row: Row) -> Look:
        return self._rescanner.look(row.directory, [row], opening=self._keeping.opening)

    def _next_row(self) -> Row | None:
        now = self._clock.monotonic()
        if self._audit is None:
            if now < self._audit_at:
                return None
            self._audit_at = now + _AUDIT_EVERY_S
            self._audit = iter(self._keeping.rows(ROOT))
        row = next(self._audit, None)
        if row is None:
            self._audit = None
        return row
