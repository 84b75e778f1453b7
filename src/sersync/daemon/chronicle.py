"""What is made of the runs that end: counted, written down, told to whoever follows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sersync.daemon.historian import Historian
from sersync.daemon.supervisor import Supervisor
from sersync.model.batch import Verdict
from sersync.model.status import BatchReport
from sersync.model.tally import TargetTally

_JOIN_S = 5.0


class Chronicle:
    """Takes every run's report. ``note`` is for the workers' threads, and never blocks."""

    def __init__(
        self, historian: Historian | None, on_batch: Callable[[BatchReport], None] | None
    ) -> None:
        """*historian*: None where nothing is kept, as in a single pass."""
        self.historian = historian
        self._on_batch = on_batch
        self._tallies: dict[tuple[str, str], TargetTally] = {}

    def note(self, report: BatchReport) -> None:
        """Take note of a run that has ended."""
        key = (report.source, report.target)
        tally = self._tallies.get(key)
        if tally is None:
            # Each target has one worker, so nobody else makes it at this moment.
            tally = self._tallies[key] = TargetTally(source=report.source, target=report.target)
        outcome = report.outcome
        is_change = outcome.verdict is Verdict.DONE and any(
            path.sequence >= 0 for path in outcome.paths
        )
        tally.add(
            outcome.verdict.value,
            files=outcome.stats.files,
            sent_bytes=outcome.stats.sent_bytes,
            deleted=outcome.stats.deleted,
            duration_s=outcome.duration_s,
            lag_s=report.lag_s if is_change else None,
        )
        if self.historian is not None:
            self.historian.note(report)
        if self._on_batch is not None:
            self._on_batch(report)

    def tallies(self) -> Sequence[TargetTally]:
        """Return what was counted for each target. For any thread."""
        return tuple(self._tallies.values())

    def start(self, supervisor: Supervisor) -> None:
        """Begin to write down."""
        if self.historian is not None:
            supervisor.start("history", self.historian.run, awaited=False)

    def stop(self, supervisor: Supervisor) -> None:
        """Write down what is left, and end."""
        if self.historian is not None:
            self.historian.stop()
            supervisor.join("history", _JOIN_S)
