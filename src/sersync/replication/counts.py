"""What becomes of outcomes that were no run for any path: counts of entries, and looks."""

from __future__ import annotations

from collections.abc import Callable

from sersync.model.batch import Census, Findings, Outcome
from sersync.model.path import ROOT
from sersync.replication.deletions import Deletions
from sersync.replication.health import Health
from sersync.replication.passes import Passes
from sersync.replication.witness import Witness


class Counts:
    """Hands each count to whoever asked for it. Owned by the worker's thread."""

    def __init__(
        self,
        *,
        deletions: Deletions,
        witness: Witness,
        health: Health,
        passes: Passes,
        let_go: Callable[[float], None],
    ) -> None:
        """*let_go* lets everything be tried again that had to wait."""
        self._deletions = deletions
        self._witness = witness
        self._health = health
        self._passes = passes
        self._let_go = let_go

    def take(self, outcome: Outcome, now: float) -> bool:
        """Take *outcome* if it is a count's; tell whether it was."""
        if self._deletions.owns(outcome):
            self._deletions.counted(outcome, now)
            self._let_go(now)
        elif outcome.findings is not None:
            if self._witness.owns(outcome):
                self._saw(outcome.findings, now)
        elif outcome.census is not None:
            self._counted(outcome.census, now)
        else:
            return False
        return True

    def _counted(self, census: Census, now: float) -> None:
        """Halt, if the target may be the wrong one."""
        reason = self._deletions.judge(census)
        if reason is not None:
            self._health.stop(reason)
        self._let_go(now)

    def _saw(self, findings: Findings, now: float) -> None:
        """Compare everything, if the target is not what it was left as."""
        if self._passes.unfinished:
            self._witness.drop(now)
        elif self._witness.saw(findings, now):
            self._deletions.doubt()
            self._passes.want(ROOT)
