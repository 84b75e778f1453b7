"""What is to be carried again after a run, and when."""

from __future__ import annotations

from sersync.model.batch import Outcome, Problem, Stage, Verdict
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.replication.quarantine import Quarantine
from sersync.replication.settling import dirty_again

FILE = RelPath(b"d/a")
ABOVE = RelPath(b"d")


class Failing:
    """Runs in which *FILE* fails, one after the other, as a worker settles them."""

    def __init__(self) -> None:
        self._quarantine = Quarantine()

    def fails_in_a_run_of(self, path: RelPath, *, at: float) -> DirtyPath:
        """Settle a run of *path* that ended at the time *at*; return what is tried again."""
        dirty = DirtyPath(path=path, scope=Scope.TREE, sequence=1, first_seen=0.0)
        problem = Problem(path=FILE, stage=Stage.WRITE, message="Read-only file system")
        outcome = Outcome(verdict=Verdict.PARTIAL, paths=(dirty,), problems=(problem,))
        again = dirty_again(
            outcome,
            at,
            failures_of=self._quarantine.failures_of,
            retry_at_of=self._quarantine.retry_at_of,
            pause_s=lambda failures: 10.0 * failures,
        )
        self._quarantine.settle(outcome, again)
        [found] = again
        return found


def test_each_attempt_of_a_path_counts_and_the_next_one_comes_later() -> None:
    failing = Failing()
    first = failing.fails_in_a_run_of(FILE, at=100.0)
    second = failing.fails_in_a_run_of(FILE, at=105.0)

    assert (first.failures, first.not_before) == (1, 110.0)
    assert (second.failures, second.not_before) == (2, 125.0)


def test_a_path_that_fails_attempts_of_others_is_no_nearer_to_quarantine() -> None:
    failing = Failing()
    failing.fails_in_a_run_of(FILE, at=100.0)
    for moment in (101.0, 103.0, 109.0):
        again = failing.fails_in_a_run_of(ABOVE, at=moment)
        assert (again.failures, again.not_before) == (1, 110.0)


def test_an_attempt_of_a_directory_is_one_of_what_is_due_in_it() -> None:
    failing = Failing()
    failing.fails_in_a_run_of(FILE, at=100.0)
    again = failing.fails_in_a_run_of(ABOVE, at=111.0)

    assert (again.failures, again.not_before) == (2, 131.0)
