"""Runs, counted since the start: how many ended how, how long they took, how late they came."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

DURATION_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)
LATENCY_BOUNDS_S: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0,
                           600.0, 3600.0)  # fmt: skip


class Histogram:
    """Values counted by how large they are. One thread adds; what is read may miss the last."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """*bounds*: the upper ends of the classes, ascending; one without an end comes last."""
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count *value*."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[int]:
        """Return how many values were no larger than each bound, and how many there were."""
        return list(accumulate(self._counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Runs that ended with the same verdict."""

    runs: int = 0
    sent_bytes: int = 0


@dataclass(slots=True, kw_only=True)
class TargetTally:
    """What one target's worker has counted; it alone adds."""

    source: str
    target: str
    by_verdict: Mapping[str, Ended] = field(default_factory=dict)
    files: int = 0
    deleted: int = 0
    duration: Histogram = field(default_factory=lambda: Histogram(DURATION_BOUNDS_S))
    latency: Histogram = field(default_factory=lambda: Histogram(LATENCY_BOUNDS_S))
    """From the first report of a run's oldest path to the end of the run."""

    def add(
        self,
        verdict: str,
        *,
        files: int,
        sent_bytes: int,
        deleted: int,
        duration_s: float,
        lag_s: float | None,
    ) -> None:
        """Count a run that has ended. *lag_s*: None where it carried no change."""
        before = self.by_verdict.get(verdict, Ended())
        after = Ended(runs=before.runs + 1, sent_bytes=before.sent_bytes + sent_bytes)
        # Replaced as a whole: others read it meanwhile.
        self.by_verdict = {**self.by_verdict, verdict: after}
        self.files += files
        self.deleted += deleted
        self.duration.add(duration_s)
        if lag_s is not None:
            self.latency.add(lag_s)
