"""How many entries all that is pending for a target would delete there, as dry runs tell.

A count takes nothing from the log and holds nothing: what is pending stays so. While somebody is
asked whether deletions are meant, it follows what is reported.
"""

from __future__ import annotations

from typing import Final

from sersync.model.batch import Outcome, Verdict
from sersync.model.path import ROOT
from sersync.replication.mailbox import Mailbox
from sersync.replication.passes import Passes
from sersync.replication.ports import Transport

_REST: Final = 20.0
"""Seconds of rest for each second of counting."""
_LEAST_REST_S: Final = 2.0
_MOST_PATHS: Final = 100_000


class Tally:
    """Counts the deletions that are pending for one target. Owned by the worker's thread.

    Where a full pass is not over, or subtrees are too large for one run, the whole target is
    counted, by a census.
    """

    def __init__(self, target: str, transport: Transport, mailbox: Mailbox, passes: Passes) -> None:
        self._target = target
        self._transport = transport
        self._mailbox = mailbox
        self._passes = passes
        self._examination: int | None = None
        self._is_census = False
        self._began_at = 0.0
        self._began_as_of = -1
        self._as_of = -1
        self._rests_until = 0.0

    @property
    def is_at_work(self) -> bool:
        """A count is under way."""
        return self._transport.is_counting and (self._is_census or self._examination is not None)

    @property
    def is_current(self) -> bool:
        """Nothing was reported since the last count began."""
        return self._as_of == self._mailbox.sequence

    def outdate(self) -> None:
        """Take note that a run has come back that had been taken for carried."""
        self._as_of = self._began_as_of = -1

    def is_due(self, now: float, *, at_once: bool) -> bool:
        """Tell whether it is time to count: not too often, unless *at_once*."""
        if self.is_at_work or self.is_current:
            return False
        return at_once or now >= self._rests_until

    def begin(self, now: float) -> None:
        """Begin to count what is pending now."""
        self._began_at = now
        self._began_as_of = self._mailbox.sequence
        paths = self._mailbox.waiting(self._target, _MOST_PATHS + 1)
        is_compared = self._passes or ROOT in self._passes.unfinished
        self._is_census = bool(is_compared) or len(paths) > _MOST_PATHS
        self._examination = None
        if self._is_census:
            self._transport.take_census()
        else:
            self._examination = self._transport.examine(paths, lists=False)

    def counted(self, outcome: Outcome, now: float) -> int | None:
        """Return what *outcome* has counted; None: nothing, or too little.

        Only for outcomes of a census or of an examination that ``begin`` has asked for.
        """
        self._rests_until = now + max(_LEAST_REST_S, _REST * (now - self._began_at))
        is_census, self._is_census = self._is_census, False
        self._examination = None
        if is_census:
            if outcome.census is None:
                return None
            self._as_of = self._began_as_of
            return outcome.census.strange
        findings = outcome.findings
        if findings is None or findings.failed is not None:
            return None
        if findings.too_wide:
            self._is_census = True
            self._transport.take_census()
            return None
        self._as_of = self._began_as_of
        return findings.deleted

    def owns(self, outcome: Outcome) -> bool:
        """Tell whether *outcome* is that of a count of ours."""
        if self._is_census:
            has_failed = not outcome.paths and outcome.verdict is not Verdict.DONE
            return outcome.census is not None or has_failed
        return outcome.findings is not None and outcome.findings.number == self._examination
