"""Paths that fail, over time."""

from __future__ import annotations

from dataclasses import replace

from sersync.model.batch import Outcome, Problem, Stage, Verdict
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.replication.policy import path_pause_s
from sersync.replication.quarantine import Quarantine

A = RelPath(b"d/a")


def ended(*problems: Problem, path: bytes = A, failures: int = 0) -> Outcome:
    dirty = DirtyPath(
        path=RelPath(path), scope=Scope.ENTRY, sequence=1, first_seen=0.0, failures=failures
    )
    return Outcome(verdict=Verdict.PARTIAL, paths=(dirty,), problems=problems)


def problem(path: bytes = A, stage: Stage = Stage.READ) -> Problem:
    return Problem(path=RelPath(path), stage=stage, message="Permission denied")


def again(*, at: float, failures: int) -> tuple[DirtyPath, ...]:
    dirty = DirtyPath(path=A, scope=Scope.TREE, sequence=0, first_seen=0.0)
    return (replace(dirty, not_before=at, failures=failures),)


def test_a_path_that_fails_five_times_is_in_quarantine_until_it_is_carried() -> None:
    failing = Quarantine()
    for count in range(1, 6):
        failing.settle(ended(problem()), again(at=10.0, failures=count))
        assert failing.failures_of(A) == count
    assert failing.quarantined == 1
    [shown] = failing.shown(4.0)
    assert (shown.failures, shown.retry_in_s) == (5, 6.0)
    failing.settle(ended(), ())

    assert (len(failing), failing.quarantined, failing.shown(0.0)) == (0, 0, ())


def test_only_what_is_new_is_returned_to_be_told() -> None:
    failing = Quarantine()
    assert failing.settle(ended(problem()), ()) == [problem()]
    assert failing.settle(ended(problem()), ()) == []


def test_a_path_is_mended_by_a_run_of_a_directory_above_it() -> None:
    failing = Quarantine()
    failing.settle(ended(problem(), path=b""), ())
    failing.settle(ended(path=b"e"), ())
    assert len(failing) == 1
    failing.settle(ended(path=b"d"), ())
    assert len(failing) == 0


def test_what_vanished_is_no_failure() -> None:
    failing = Quarantine()
    assert failing.settle(ended(problem(stage=Stage.VANISHED)), ()) == []
    assert len(failing) == 0


def test_failures_that_are_not_kept_in_mind_are_counted_by_the_path_itself() -> None:
    failing = Quarantine()
    failing.settle(ended(problem(), failures=7), ())
    assert failing.failures_of(A) == 8


def test_memory_is_bounded() -> None:
    failing = Quarantine()
    failing.settle(ended(*(problem(b"%d" % number) for number in range(20_000))), ())
    assert len(failing) == 10_000
    assert len(failing.shown(0.0)) == 20


def test_a_path_in_quarantine_is_tried_every_ten_minutes_for_ever() -> None:
    pauses = [path_pause_s(failures, jitter=0.0) for failures in (1, 2, 3, 4, 5, 6, 1000)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 600.0, 600.0, 600.0]
