"""One worker and its limit of deletions, with everything around it in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sersync.model.batch import Census, Outcome, Reason, Stats
from sersync.model.checkpoint import Held
from sersync.model.dirty import DirtyPath
from sersync.model.request import Did
from sersync.model.status import PassProgress, TargetState
from tests.support.fakes import Bench, done, halted, level
from tests.unit.replication.steps import change, ready, started

End = Callable[[tuple[DirtyPath, ...]], Outcome]


def stopped(more: int, *, deleted: int = 0) -> End:
    """Return how a run ends that rsync stopped at its share, with *more* still to delete."""

    def end(paths: tuple[DirtyPath, ...]) -> Outcome:
        outcome = replace(halted(paths), exit_code=25, to_delete=more)
        return replace(outcome, stats=Stats(deleted=deleted))

    return end


def done_with(*, deleted: int) -> End:
    """Return how a run ends that did all it had to, deletions too."""
    return lambda paths: replace(done(paths), stats=Stats(deleted=deleted))


def stopped_once(max_delete: int, end: End) -> Bench:
    """Return a bench of that limit, in which a run for ``a`` has come to *end*."""
    bench = ready(Bench(max_delete=max_delete))
    change(bench, b"a")
    bench.step()
    bench.transport.end(end)
    bench.step()
    return bench


def asked(bench: Bench, *, deleted: int) -> Reason:
    """Let the count of what is pending come to its end; return what a person is told."""
    bench.step(after_s=5.0)
    bench.transport.find(deleted)
    bench.step(after_s=0.1)
    bench.step(after_s=0.1)
    status = bench.worker.status()
    assert status.state is TargetState.HALTED
    assert status.reason is not None
    return status.reason


def confirmed(bench: Bench, *, deleted: int) -> None:
    """Let a person be asked, and say that it is meant."""
    asked(bench, deleted=deleted)
    bench.worker.resume(confirm=True)
    bench.step()
    bench.step()


def test_a_source_that_never_held_anything_may_delete_nothing() -> None:
    bench = Bench(level(b""))
    bench.guard.had_entries = False
    bench.step()
    assert bench.transport.limits == [0]
    bench.transport.end(lambda paths: replace(halted(paths), exit_code=25))
    bench.step()
    reason = bench.worker.status().reason

    assert reason is not None
    assert "is empty" in reason.message


def test_a_run_that_is_stopped_within_the_limit_goes_on_with_what_was_counted() -> None:
    bench = stopped_once(12, stopped(6, deleted=4))
    assert started(bench) == [[b"a"], [b"a"]]
    assert (bench.transport.limits, bench.transport.grants) == ([4, 0], [0, 6])
    bench.transport.end(done_with(deleted=6))
    bench.step()
    bench.step()

    assert bench.worker.status().state is TargetState.IN_SYNC


def test_a_run_that_would_delete_more_than_the_limit_halts_before_until_that_is_confirmed() -> None:
    bench = stopped_once(12, stopped(9, deleted=4))
    reason = asked(bench, deleted=9)
    assert reason.message == (
        "9 entries are to be deleted on copy, after 4 that were deleted already within 60 s;"
        " the limit is 12"
    )
    assert bench.worker.resume() == (Did.REFUSED, reason)
    bench.step()
    assert started(bench) == [[b"a"]]
    assert bench.worker.resume(confirm=True) == (Did.CONFIRMED, None)
    bench.step()
    bench.step()
    assert started(bench) == [[b"a"], [b"a"]]
    bench.transport.end(stopped(9))
    bench.step()

    assert bench.transport.grants == [0, 0, 9]
    assert bench.worker.status().state is TargetState.TRANSFERRING


def test_nothing_is_started_while_it_is_counted_what_a_person_must_know() -> None:
    bench = stopped_once(12, stopped(20))
    change(bench, b"b")
    bench.step()
    bench.step()

    assert started(bench) == [[b"a"]]
    [(paths, _)] = bench.transport.examined
    assert sorted(path.path for path in paths) == [b"a", b"b"]
    assert "30 entries" in asked(bench, deleted=30).message


def test_the_number_that_is_told_is_that_of_everything_and_follows_what_is_reported() -> None:
    bench = stopped_once(12, stopped(20))
    change(bench, b"b", b"c")
    assert "50 entries are to be deleted" in asked(bench, deleted=50).message
    change(bench, b"d")
    assert "80 entries are to be deleted" in asked(bench, deleted=80).message
    counts = len(bench.transport.examined)
    for _ in range(100):
        bench.step()

    assert len(bench.transport.examined) == counts


def test_what_a_run_beside_gives_back_is_told_too() -> None:
    bench = ready(Bench(max_delete=12))
    change(bench, b"a")
    bench.step()
    change(bench, b"b")
    bench.step()
    bench.transport.end(stopped(20))
    bench.step()
    assert "20 entries are to be deleted" in asked(bench, deleted=20).message
    bench.transport.end(stopped(3))  # That many would still be allowed.
    bench.step()

    assert "23 entries are to be deleted" in asked(bench, deleted=23).message
    assert sorted(path.path for path in bench.transport.examined[-1][0]) == [b"a", b"b"]
    assert started(bench) == [[b"a"], [b"b"]]


def test_what_a_run_gives_back_while_it_is_counted_is_counted_next() -> None:
    bench = ready(Bench(max_delete=12))
    change(bench, b"a")
    bench.step()
    change(bench, b"b")
    bench.step()
    bench.transport.end(stopped(20))
    bench.step()
    bench.step()
    assert bench.transport.is_counting
    bench.transport.end(stopped(3))
    bench.step()
    bench.transport.find(20)
    bench.step()
    bench.clock.advance(100.0)  # A count that took long is not made again at once.

    assert "23 entries are to be deleted" in asked(bench, deleted=23).message


def test_what_was_pending_when_it_was_confirmed_is_not_asked_for_again() -> None:
    bench = stopped_once(12, stopped(20))
    asked(bench, deleted=20)
    change(bench, b"b")
    assert bench.worker.resume(confirm=True) == (Did.CONFIRMED, None)
    bench.step(after_s=0.0)
    bench.step(after_s=0.0)
    assert started(bench) == [[b"a"]]
    assert [path.path for path in bench.transport.examined[-1][0]] == [b"a", b"b"]
    bench.transport.find(90)
    bench.step()
    bench.step()
    assert started(bench)[1:] == [[b"a", b"b"]]
    bench.transport.end(stopped(90))
    bench.step()

    assert bench.transport.grants[-1] == 90
    assert bench.worker.status().state is TargetState.TRANSFERRING


def test_what_is_deleted_after_a_confirmation_is_guarded_again() -> None:
    bench = stopped_once(12, stopped(20))
    confirmed(bench, deleted=20)
    bench.transport.end(done_with(deleted=20))
    bench.step()
    change(bench, b"b")
    bench.step()
    bench.step()
    bench.transport.end(stopped(13))
    bench.step()

    assert "13 entries are to be deleted" in asked(bench, deleted=13).message


def test_what_was_confirmed_and_not_needed_allows_nothing_later() -> None:
    bench = stopped_once(12, stopped(20))
    confirmed(bench, deleted=20)
    bench.transport.end(done)  # The files were back by then.
    bench.step()
    bench.step()
    assert bench.worker.status().state is TargetState.IN_SYNC
    change(bench, b"b")
    bench.step()
    bench.transport.end(stopped(13))
    bench.step()

    assert "13 entries are to be deleted" in asked(bench, deleted=13).message


def test_when_what_was_deleted_is_back_nobody_is_asked_any_more() -> None:
    bench = stopped_once(12, stopped(20))
    asked(bench, deleted=20)
    change(bench, b"a")
    bench.step(after_s=5.0)
    bench.transport.find(0)
    bench.step()
    bench.step()

    assert started(bench) == [[b"a"], [b"a"]]


def test_what_cannot_be_counted_halts_with_what_the_run_has_told() -> None:
    bench = stopped_once(12, stopped(20))
    bench.step()
    bench.transport.find(failed=Reason(message="no connection"))
    bench.step()
    bench.step()
    reason = bench.worker.status().reason

    assert bench.worker.status().state is TargetState.HALTED
    assert reason is not None
    assert "20 entries are to be deleted" in reason.message


def test_a_configuration_that_is_read_again_confirms_nothing() -> None:
    bench = stopped_once(0, stopped(1))
    asked(bench, deleted=1)
    bench.worker.retry()
    bench.step()

    assert bench.worker.status().state is TargetState.HALTED
    assert started(bench) == [[b"a"]]


def test_a_stopped_run_waits_for_those_beside_it_that_may_delete_too() -> None:
    bench = ready(Bench(max_delete=12))
    change(bench, b"a")
    bench.step()
    change(bench, b"b")
    bench.step()
    assert bench.transport.limits == [4, 4]
    bench.transport.end(stopped(9))
    bench.step()
    assert started(bench) == [[b"a"], [b"b"]]
    bench.transport.end(done_with(deleted=2))
    bench.step()
    bench.step()
    assert started(bench)[2:] == [[b"a"]]
    bench.transport.end(stopped(9))
    bench.step()

    assert bench.transport.grants == [0, 0, 0, 9]


def test_the_first_deletion_on_a_target_that_is_not_known_waits_for_a_census() -> None:
    bench = Bench(level(b""), level(b"d"), max_delete=None)
    bench.step()
    assert bench.transport.limits == [0]
    bench.transport.end(stopped(3))
    bench.step()
    bench.step()
    assert (started(bench), bench.transport.censuses) == ([[b""]], 1)
    bench.transport.count(Census(shared=101, strange=100))
    bench.step()
    bench.step()

    assert started(bench) == [[b""], [b""]]
    assert bench.transport.limits == [0, 256]


def test_a_target_that_holds_mostly_other_things_halts_with_the_numbers() -> None:
    bench = Bench(level(b""), max_delete=None)
    bench.step()
    bench.transport.end(stopped(3))
    bench.step()
    bench.transport.count(Census(shared=99, strange=100))
    bench.step()
    reason = bench.worker.status().reason
    assert reason is not None
    assert "copy holds 199 entries, and 100 of them are not in the source source" in reason.message
    assert "sersync resume --confirm --source source --target copy" in reason.remedy
    assert bench.worker.resume(confirm=True) == (Did.CONFIRMED, None)
    bench.step()
    bench.transport.count(Census(shared=99, strange=103))
    bench.step()
    bench.step()
    bench.transport.end(stopped(103))
    bench.step()

    assert bench.transport.grants == [0, 0, 103]


def test_once_everything_was_compared_a_target_is_known() -> None:
    bench = Bench(level(b""), max_delete=None)
    bench.step()
    bench.transport.end(done)
    bench.step()
    bench.step()
    change(bench, b"a")
    bench.step()

    assert bench.transport.limits == [0, 256]
    assert bench.transport.censuses == 0


def test_a_halt_before_a_mass_deletion_stands_after_a_restart_until_it_is_confirmed() -> None:
    before = stopped_once(12, stopped(9, deleted=4))
    reason = asked(before, deleted=30)
    after = Bench(max_delete=12)
    after.worker.record.succeed(before.worker.record, now=after.clock.now)
    after.worker.recall(before.worker.record.held(), is_same=True, at=after.clock.now)
    assert after.worker.status().reason == reason
    change(after, b"a")
    after.step()
    assert after.worker.status().state is TargetState.HALTED
    assert after.worker.status().reason == reason
    assert started(after) == []
    assert "31 entries are to be deleted on copy, after 4 that were deleted already within" in (
        asked(after, deleted=31).message
    )
    after.worker.resume(confirm=True)
    after.step()
    after.step()

    assert started(after) == [[b"a"]]


def test_a_halt_is_over_when_nothing_of_it_is_left_to_be_deleted_after_a_restart() -> None:
    before = stopped_once(12, stopped(9, deleted=4))
    asked(before, deleted=30)
    after = Bench(max_delete=12)
    after.worker.record.succeed(before.worker.record, now=after.clock.now)
    after.worker.recall(before.worker.record.held(), is_same=True, at=after.clock.now)
    change(after, b"a")
    after.rescan = PassProgress()
    after.step(after_s=5.0)
    assert not after.transport.is_counting
    after.rescan = None
    after.step(after_s=5.0)
    after.transport.find(0)
    after.step()
    after.step()

    assert started(after) == [[b"a"]]


def test_that_deletions_are_confirmed_is_stored_soon() -> None:
    bench = stopped_once(12, stopped(20))
    asked(bench, deleted=20)
    stores = bench.stores
    bench.worker.resume(confirm=True)
    bench.step()
    bench.step()

    assert started(bench) == [[b"a"], [b"a"]]
    assert bench.stores == stores + 1


def test_a_halt_is_over_when_the_settings_allow_as_much_after_a_restart() -> None:
    before = stopped_once(12, stopped(9, deleted=4))
    asked(before, deleted=30)
    after = Bench(max_delete=34)
    after.worker.recall(before.worker.record.held(), is_same=True, at=after.clock.now)

    assert ready(after).worker.status().state is TargetState.IN_SYNC


def test_what_was_deleted_just_before_a_restart_counts_after_it() -> None:
    before = ready(Bench(max_delete=12))
    change(before, b"a")
    before.step()
    before.transport.end(done_with(deleted=11))
    before.step()
    after = ready(Bench(max_delete=12))
    after.worker.recall(before.worker.record.held(), is_same=True, at=after.clock.now)
    change(after, b"a")
    after.step()
    assert after.transport.limits == [0]
    after.transport.end(stopped(2))
    after.step()
    assert "2 entries are to be deleted on copy, after 11 that were deleted already within" in (
        asked(after, deleted=2).message
    )


def test_what_was_deleted_longer_ago_does_not_count_after_a_restart() -> None:
    before = ready(Bench(max_delete=12))
    change(before, b"a")
    before.step()
    before.transport.end(done_with(deleted=11))
    before.step()
    assert before.worker.record.held().deleted == 11
    before.step(after_s=61.0)
    assert before.worker.record.held().deleted == 0
    after = ready(Bench(max_delete=12))
    after.worker.recall(Held(deleted=11), is_same=True, at=after.clock.now - 61.0)
    change(after, b"a")
    after.step()

    assert after.transport.limits == [4]


def test_deletions_that_use_up_much_of_the_limit_are_stored_soon() -> None:
    bench = ready(Bench(max_delete=100))
    for number in range(3):
        change(bench, b"%d" % number)
        bench.step()
        bench.transport.end(done_with(deleted=6))
        bench.step()

    assert bench.stores == 1
