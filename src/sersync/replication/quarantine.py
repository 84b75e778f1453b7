"""Paths that fail, with how often and when they are tried again; after some failures, slowly.

A path that fails again and again is in quarantine: it is tried on a slow schedule for ever, and is
shown with its reason, but is in nobody's way. It leaves when it is carried, or when it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from heapq import nsmallest
from typing import Final

from sersync.model.batch import Outcome, Problem, Stage
from sersync.model.dirty import DirtyPath
from sersync.model.path import RelPath, ancestors
from sersync.replication.policy import QUARANTINED_AFTER

_MOST_SHOWN: Final = 20
_MOST_KEPT: Final = 10_000


class Quarantine:
    """The failing paths of one target. The worker writes, any thread reads: values are replaced."""

    def __init__(self) -> None:
        self._failing: dict[RelPath, Problem] = {}
        self._retry_at: dict[RelPath, float] = {}

    def __len__(self) -> int:
        return len(self._failing)

    @property
    def quarantined(self) -> int:
        """How many paths have failed so often that they are tried slowly."""
        failing = self._failing
        return sum(problem.failures >= QUARANTINED_AFTER for problem in failing.values())

    @property
    def paths(self) -> list[RelPath]:
        """All paths that fail, as far as they are kept in mind."""
        return list(self._failing)

    @property
    def problems(self) -> list[Problem]:
        """All that fails, as far as it is kept in mind."""
        return list(self._failing.values())

    def failures_of(self, path: RelPath) -> int:
        """Return how often *path* failed in a row."""
        known = self._failing.get(path)
        return known.failures if known is not None else 0

    def retry_at_of(self, path: RelPath) -> float:
        """Return when *path*, which fails, is tried again; 0.0 if that is not known."""
        return self._retry_at.get(path, 0.0)

    def settle(self, outcome: Outcome, again: Sequence[DirtyPath]) -> list[Problem]:
        """Take over how a run went; *again*: what is tried again, how often it failed, and when.

        Returns the problems that are new.
        """
        failing = {each.path: each for each in outcome.problems if each.stage is not Stage.VANISHED}
        if not failing and not self._failing:
            return []
        carried = {each.path for each in outcome.paths}
        kept = {
            path: problem
            for path, problem in self._failing.items()
            if path in failing or not (path in carried or _is_below(path, carried))
        }
        before = {path: problem.failures for path, problem in kept.items()}
        retried = {each.path: each.failures for each in outcome.paths}
        retry_at = {each.path: each.not_before for each in again}
        counted = {each.path: each.failures for each in again if each.failures}
        for path, problem in failing.items():
            if path in kept or len(kept) < _MOST_KEPT:
                failures = counted.get(path) or 1 + max(before.get(path, 0), retried.get(path, 0))
                kept[path] = replace(problem, failures=failures)
        self._retry_at = {
            path: at for path, at in (self._retry_at | retry_at).items() if path in kept
        }
        self._failing = kept
        return [problem for path, problem in failing.items() if path not in before]

    def shown(self, now: float) -> tuple[Problem, ...]:
        """Return some of them for people, those that fail longest first."""
        failing = nsmallest(_MOST_SHOWN, self._failing.values(), key=lambda each: -each.failures)
        return tuple(
            replace(each, retry_in_s=max(0.0, self._retry_at[each.path] - now))
            if each.path in self._retry_at
            else each
            for each in failing
        )


def _is_below(path: RelPath, carried: Iterable[RelPath]) -> bool:
    return any(above in carried for above in ancestors(path))
