"""One worker, with everything around it in memory."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from sersync.model.batch import (
    Again,
    Outcome,
    Problem,
    Reason,
    Refused,
    Stage,
    Verdict,
)
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.model.report import Desync, DesyncReason, NewTree, Touched
from sersync.model.report import Stage as FileStage
from sersync.model.status import TargetState
from tests.support.fakes import Bench, done, failed, halted, level
from tests.unit.replication.steps import change, put, ready, started


def test_a_change_is_carried_and_then_the_target_is_in_sync() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    bench.step()
    assert bench.worker.status().state is TargetState.TRANSFERRING
    bench.transport.end(done)
    bench.step()
    bench.step()

    assert started(bench) == [[b"a"]]
    assert bench.worker.status().state is TargetState.IN_SYNC
    assert bench.worker.status().lag_s == 0.0


def test_a_change_during_a_transfer_is_carried_again() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    bench.step()
    change(bench, b"a")
    bench.step()
    assert started(bench) == [[b"a"]]
    bench.transport.end(done)
    bench.step()
    bench.step()

    assert started(bench) == [[b"a"], [b"a"]]


def test_nothing_is_started_before_the_target_was_probed() -> None:
    bench = Bench()
    bench.transport.failures = [failed(())]
    change(bench, b"a")
    bench.step()

    assert started(bench) == []
    assert bench.worker.status().state is TargetState.BACKING_OFF
    bench.step(after_s=2.0)
    bench.step()
    assert started(bench) == [[b"a"]]


def test_a_failed_transfer_is_tried_again_ever_more_slowly() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    pauses = []
    for _ in range(5):
        before = bench.clock.now
        count = len(started(bench))
        while len(started(bench)) == count:
            bench.step(after_s=0.25)
        pauses.append(bench.clock.now - before)
        bench.transport.end(failed)
        bench.step(after_s=0.0)

    assert pauses == sorted(pauses)
    assert pauses[-1] >= 8.0
    assert bench.worker.status().consecutive_failures == 5


def test_after_a_recovery_the_pauses_are_short_again() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    bench.step()
    bench.transport.end(failed)
    bench.step()
    bench.step(after_s=2.0)
    bench.transport.end(done)
    bench.step()
    status = bench.worker.status()

    assert (status.consecutive_failures, status.reason, status.retry_in_s) == (0, None, None)


def test_one_path_that_fails_them_all_is_found_by_halves() -> None:
    bench = ready(Bench())
    names = [b"file-%d" % number for number in range(2000)]
    change(bench, *names)
    carried: set[bytes] = set()
    for _ in range(4000):
        bench.step(after_s=200.0)
        while bench.transport.runs:
            run = [path.path for path in bench.transport.started[-bench.transport.runs]]
            bench.transport.end(failed if b"file-7" in run else done)
            if b"file-7" not in run:
                carried.update(run)
        bench.step(after_s=0.0)
        if len(carried) == len(names) - 1:
            break

    assert carried == set(names) - {b"file-7"}


def test_a_halt_starts_nothing_until_it_is_resumed() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    bench.step()
    bench.transport.end(halted)
    bench.step()
    for _ in range(100):
        bench.step(after_s=1000.0)
    assert started(bench) == [[b"a"]]
    assert bench.worker.status().state is TargetState.HALTED
    assert bench.worker.status().pending == 1
    bench.worker.resume()
    bench.step()

    assert started(bench) == [[b"a"], [b"a"]]
    assert bench.transport.probes == 2


def test_a_halted_target_holds_no_connections() -> None:
    bench = ready(Bench())
    bench.worker.halt(Reason(message="a circle"))
    before = bench.transport.released
    bench.step()

    assert bench.transport.released > before


def test_a_lost_root_starts_nothing_and_is_told_to_the_source() -> None:
    bench = ready(Bench())
    bench.guard.reason = Reason(message="emptied")
    change(bench, b"a")
    bench.step()
    assert started(bench) == []
    assert bench.lost == [bench.guard.reason]
    assert bench.worker.status().state is TargetState.HALTED
    bench.guard.reason = None
    bench.step()
    assert started(bench) == []
    bench.worker.root_is_back()
    bench.step()

    assert bench.scanner.asked == [b"", b""]
    assert started(bench) == [[b"a"]]


def test_a_root_that_is_lost_while_the_target_is_probed_starts_nothing() -> None:
    bench = Bench()

    def lose() -> None:
        bench.guard.reason = Reason(message="unmounted")

    bench.transport.while_probed = lose
    change(bench, b"a")
    bench.step()
    assert bench.transport.probes == 1
    assert started(bench) == []
    assert bench.lost == [Reason(message="unmounted")]


def test_a_pause_while_the_target_is_probed_starts_nothing() -> None:
    bench = Bench()
    bench.transport.while_probed = bench.worker.pause
    change(bench, b"a")
    bench.step()
    assert bench.transport.probes == 1
    assert started(bench) == []


def test_a_problem_with_one_path_is_shown_and_tried_on_its_own() -> None:
    bench = ready(Bench())
    change(bench, b"a", b"b")
    bench.step()
    problem = Problem(path=RelPath(b"a"), stage=Stage.READ, message="denied")
    bench.transport.end(
        lambda paths: Outcome(verdict=Verdict.PARTIAL, paths=paths, problems=(problem,), kind="e")
    )
    bench.step(after_s=0.0)
    [shown] = bench.worker.status().problems
    assert (shown.path, shown.message, shown.failures) == (b"a", "denied", 1)
    assert bench.worker.status().state is not TargetState.IN_SYNC
    bench.step(after_s=2.0)
    assert started(bench)[1:] == [[b"a"]]
    bench.transport.end(done)
    bench.step()

    assert bench.worker.status().problems == ()


def test_what_the_target_refuses_is_shown_and_not_tried_again() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    bench.step()
    problem = Problem(path=RelPath(b"a"), stage=Stage.REFUSED, message="excluded there")
    bench.transport.end(
        lambda paths: Outcome(verdict=Verdict.PARTIAL, paths=paths, problems=(problem,), kind="e")
    )
    for _ in range(20):
        bench.step(after_s=600.0)

    assert started(bench) == [[b"a"]]
    assert bench.worker.status().problems == (replace(problem, failures=1),)
    assert bench.worker.status().state is TargetState.IN_SYNC


def test_parents_that_another_run_outdid_are_carried_again() -> None:
    bench = ready(Bench())
    change(bench, b"d/a")
    bench.step()
    bench.transport.end(lambda paths: replace(done(paths), again=(Again(path=RelPath(b"d")),)))
    bench.step()
    bench.step()

    assert started(bench) == [[b"d/a"], [b"d"]]


def test_a_run_whose_end_is_unknown_is_carried_again_later_three_times() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    bench.step()
    bench.transport.end(lambda paths: replace(failed(paths), unconfirmed=True, exit_code=12))
    bench.step(after_s=0.0)
    for _ in range(5000):
        bench.step(after_s=1.0)
        while bench.transport.runs:
            bench.transport.end(done)

    assert started(bench).count([b"a"]) == 5
    assert bench.worker.status().unconfirmed == 0
    assert bench.worker.status().state is TargetState.IN_SYNC


def test_a_full_pass_carries_every_slice_and_live_changes_in_between() -> None:
    bench = Bench(level(b""), level(b"a", b"b"), level(b"c"))
    bench.step()
    change(bench, b"live")
    for _ in range(8):
        bench.step()
        while bench.transport.runs:
            bench.transport.end(done)
    bench.step()

    assert [run for run in started(bench) if run != [b"live"]] == [[b""], [b"a", b"b"], [b"c"]]
    assert [b"live"] in started(bench)
    assert bench.worker.status().full_passes == 1
    assert bench.worker.status().state is TargetState.IN_SYNC


def test_a_slice_that_failed_is_carried_again() -> None:
    bench = Bench(level(b""), level(b"a"))
    bench.step()
    bench.transport.end(failed)
    bench.step()
    for _ in range(6):
        bench.step(after_s=2.0)
        while bench.transport.runs:
            bench.transport.end(done)

    assert started(bench) == [[b""], [b""], [b"a"]]
    assert bench.worker.status().full_passes == 1


def test_a_slice_that_had_to_wait_is_carried_when_a_run_has_ended() -> None:
    bench = Bench(level(b"a", b"b"))
    bench.transport.refuse = lambda paths: Refused(
        waiting=tuple(path for path in paths if path.path == b"b")
    )
    bench.step()
    bench.transport.refuse = lambda _: Refused()
    bench.transport.end(done)
    bench.step()
    bench.step()
    bench.transport.end(done)
    bench.step()
    bench.step()

    assert started(bench) == [[b"a"], [b"b"]]
    assert bench.worker.status().full_passes == 1


def test_another_name_that_a_slice_told_of_and_that_has_to_wait_is_no_part_of_the_pass() -> None:
    bench = Bench(level(b"a"))
    other = DirtyPath(path=RelPath(b"other"), scope=Scope.ENTRY, sequence=0, first_seen=0.0)
    bench.transport.refuse = lambda _: Refused(waiting=(other,))
    bench.step()
    bench.transport.refuse = lambda _: Refused()
    for _ in range(2):
        bench.transport.end(done)
        bench.step()
        bench.step()

    assert started(bench) == [[b"a"], [b"other"]]
    assert bench.worker.status().full_passes == 1
    assert bench.worker.status().state is TargetState.IN_SYNC


def test_a_subtree_too_wide_for_one_run_becomes_a_pass_of_its_own() -> None:
    bench = ready(Bench())
    bench.scanner.given = (level(b"d"), level(b"d/e"))

    bench.transport.refuse = lambda paths: Refused(
        too_wide=tuple(path for path in paths if path.scope is Scope.TREE)
    )
    put(bench, NewTree(RelPath(b"d")))
    for _ in range(8):
        bench.step()
        while bench.transport.runs:
            bench.transport.end(done)

    assert bench.scanner.asked == [b"", b"d"]
    assert started(bench) == [[b"d"], [b"d/e"]]
    assert bench.worker.status().state is TargetState.IN_SYNC
    assert bench.worker.status().full_passes == 1


@pytest.mark.parametrize("replaces", [False, True])
def test_a_subtree_too_wide_that_took_the_place_of_another_is_doubted_level_by_level(
    replaces: bool,
) -> None:
    bench = ready(Bench())
    bench.scanner.given = (level(b"d"), level(b"d/e"))
    bench.transport.refuse = lambda paths: Refused(
        too_wide=tuple(path for path in paths if path.scope is Scope.TREE)
    )
    put(bench, NewTree(RelPath(b"d"), replaces=replaces))
    for _ in range(8):
        bench.step()
        while bench.transport.runs:
            bench.transport.end(done)

    carried = [path for run in bench.transport.started for path in run]
    assert [(path.path, path.content) for path in carried] == [(b"d", replaces), (b"d/e", replaces)]


def test_what_waits_for_a_running_transfer_is_taken_when_that_ends() -> None:
    bench = ready(Bench())
    change(bench, b"d/a")
    bench.step()
    bench.transport.refuse = lambda paths: Refused(waiting=tuple(paths))
    put(bench, Desync(subtree=RelPath(b"d"), reason=DesyncReason.OVERFLOW))
    bench.step()
    assert bench.worker.status().state is not TargetState.IN_SYNC
    bench.transport.refuse = lambda _: Refused()
    bench.transport.end(done)
    bench.step()
    bench.step()

    assert started(bench) == [[b"d/a"], [b"d"]]


def test_a_scheduled_full_pass_begins() -> None:
    bench = ready(Bench())
    bench.schedule.due = True
    bench.step()

    assert bench.scanner.asked == [b"", b""]


def test_a_file_that_is_still_being_written_waits_and_is_not_in_sync() -> None:
    bench = ready(Bench())
    put(bench, Touched(RelPath(b"a"), content=True, stage=FileStage.OPEN))
    bench.step()
    assert started(bench) == []
    assert bench.worker.status().state is TargetState.SETTLING
    bench.step(after_s=10.0)

    assert started(bench) == [[b"a"]]


def test_no_more_runs_are_started_than_there_are_lanes() -> None:
    bench = ready(Bench(lanes=1))
    change(bench, b"a")
    bench.step()
    change(bench, b"b")
    bench.step()
    assert started(bench) == [[b"a"]]
    bench.transport.end(done)
    bench.step()
    bench.step()

    assert started(bench) == [[b"a"], [b"b"]]


def test_a_stop_lets_a_run_end_within_the_grace_and_cancels_it_after() -> None:
    bench = ready(Bench())
    change(bench, b"a")
    bench.step()
    bench.worker.stop(grace_s=0.0)
    bench.worker.run()

    assert bench.transport.is_closed
    assert bench.transport.runs == 0
    assert bench.worker.status().state is TargetState.STOPPED


def test_a_pause_stands_after_a_restart() -> None:
    before = ready(Bench())
    before.worker.pause()
    after = Bench()
    after.worker.recall(before.worker.record.held(), is_same=False, at=after.clock.now)
    change(after, b"a")
    after.step()
    assert after.worker.status().state is TargetState.PAUSED
    assert started(after) == []
    after.worker.resume()
    after.step()

    assert started(after) == [[b"a"]]


def test_a_full_pass_comes_to_its_end_where_changes_never_cease() -> None:
    bench = Bench(level(b"d"), lanes=2)
    bench.worker._passes.wanted()
    bench.worker._passes.scheduled()
    bench.step()
    change(bench, b"a")
    bench.step(after_s=0.1)
    bench.worker.resync(RelPath(b""))
    for number in range(20):
        change(bench, b"b%d" % number)
        bench.step(after_s=0.05)
        change(bench, b"c%d" % number)
        bench.step(after_s=0.05)
        bench.transport.end(done)
    carried = [path for run in started(bench) for path in run]

    assert b"d" in carried


def test_that_all_is_well_again_is_told_once_and_single_changes_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "sersync.worker")
    bench = ready(Bench())

    def carry(name: bytes) -> None:
        change(bench, name)
        bench.step(after_s=5.0)
        bench.transport.end(done)
        bench.step()
        bench.step(after_s=5.0)

    caplog.clear()
    carry(b"a")
    carry(b"b")
    assert caplog.messages == []

    change(bench, b"c")
    bench.step(after_s=5.0)
    bench.transport.end(failed)
    bench.step(after_s=0.1)
    while not bench.transport.runs:
        bench.step(after_s=0.25)
    bench.transport.end(done)
    bench.step()
    bench.step(after_s=5.0)
    carry(b"d")
    told = [message for message in caplog.messages if "copy: in-sync, after" in message]
    assert len(told) == 1
