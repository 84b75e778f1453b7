"""What a barrier waits for at one target, with everything around it in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sersync.model.batch import Again, Outcome, Problem, Refused, Stage, Verdict
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath
from sersync.model.pending import Ending
from sersync.model.report import NewTree, Touched
from sersync.model.report import Stage as FileStage
from sersync.replication.barrier import MOST_BARRIERS, Barrier, Barriers, TooMany
from tests.support.fakes import Bench, done, entry, failed, halted, level


def ready(*slices: bytes) -> Bench:
    """Return a bench whose first full pass, which has no slices, has gone by."""
    bench = Bench()
    bench.step()
    bench.step()
    return bench


def change(bench: Bench, *paths: bytes, stage: FileStage = FileStage.DONE) -> None:
    reports = [Touched(RelPath(path), content=True, stage=stage) for path in paths]
    bench.mailbox.put(reports, now=bench.clock.now)


class Waiting:
    """A barrier on a bench, and how it stands."""

    def __init__(self, bench: Bench, path: bytes = b"") -> None:
        self.is_over = False
        self._barrier = Barrier(RelPath(path), ["copy"], ended=self._end)
        bench.worker.waits.add(self._barrier)
        bench.step()

    def _end(self) -> None:
        assert not self.is_over, "it ends once"
        self.is_over = True

    @property
    def ending(self) -> Ending:
        return self._barrier.ending("copy")


def finish(bench: Bench) -> None:
    """Let the oldest run end well, and the worker look."""
    bench.transport.end(done)
    bench.step()
    bench.step()


def test_nothing_is_waited_for_when_nothing_is_missing() -> None:
    waiting = Waiting(ready())

    assert waiting.is_over
    assert waiting.ending is Ending.STANDS


def test_what_is_in_flight_has_to_land_first() -> None:
    bench = ready()
    change(bench, b"a")
    bench.step()
    waiting = Waiting(bench)
    assert not waiting.is_over
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_so_has_what_a_run_takes_along_without_having_been_asked() -> None:
    bench = ready()
    bench.transport.refuse = lambda _: Refused(added=(entry(b"b"),))
    change(bench, b"a")
    bench.step()
    waiting = Waiting(bench, b"b")
    assert not waiting.is_over
    assert bench.worker.status().in_flight == 2
    finish(bench)

    assert waiting.ending is Ending.STANDS
    assert bench.worker.status().in_flight == 0


def test_what_changed_again_before_the_call_is_waited_for_twice() -> None:
    bench = ready()
    change(bench, b"a")
    bench.step()
    change(bench, b"a")
    waiting = Waiting(bench)
    finish(bench)
    assert not waiting.is_over
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_what_changes_after_the_call_is_not_waited_for() -> None:
    bench = ready()
    change(bench, b"a")
    waiting = Waiting(bench)
    bench.step()
    change(bench, b"b", b"a")
    finish(bench)

    assert waiting.ending is Ending.STANDS
    assert bench.worker.status().in_flight + bench.worker.status().pending > 0


def test_a_later_change_does_not_hide_an_earlier_one_that_was_not_carried() -> None:
    bench = ready()
    bench.transport.lanes = 0
    change(bench, b"a")
    waiting = Waiting(bench)
    for _ in range(5):
        bench.step()
        change(bench, b"a")
    assert not waiting.is_over
    bench.transport.lanes = 2
    bench.step()
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_a_failed_run_is_waited_for_until_its_paths_are_carried() -> None:
    bench = ready()
    change(bench, b"a")
    waiting = Waiting(bench)
    bench.transport.end(failed)
    bench.step()
    assert not waiting.is_over
    bench.step(after_s=60.0)
    bench.step()
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_what_follows_from_a_run_is_part_of_what_it_was_for() -> None:
    """A level whose deletions were skipped is compared again: till then it is not what it was."""
    bench = ready()
    change(bench, b"d/a")
    waiting = Waiting(bench)

    def skipped(paths: tuple[DirtyPath, ...]) -> Outcome:
        return replace(done(paths), again=(Again(path=RelPath(b"d"), scope=Scope.LEVEL),))

    bench.transport.end(skipped)
    bench.step()
    bench.step()
    assert not waiting.is_over
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_a_path_that_fails_is_waited_for() -> None:
    bench = ready()
    change(bench, b"a", b"b")
    waiting = Waiting(bench)

    def partial(paths: tuple[DirtyPath, ...]) -> Outcome:
        problem = Problem(path=RelPath(b"b"), stage=Stage.WRITE, message="no room")
        return replace(done(paths), verdict=Verdict.PARTIAL, problems=(problem,))

    bench.transport.end(partial)
    bench.step()
    assert not waiting.is_over
    bench.step(after_s=600.0)
    bench.step()
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_what_the_target_will_never_take_is_told_apart() -> None:
    bench = ready()
    change(bench, b"a", b"d/b")
    waiting, elsewhere = Waiting(bench), Waiting(bench, b"a")

    def refused(paths: tuple[DirtyPath, ...]) -> Outcome:
        problem = Problem(path=RelPath(b"d/b"), stage=Stage.REFUSED, message="a device")
        return replace(done(paths), verdict=Verdict.PARTIAL, problems=(problem,))

    bench.transport.end(refused)
    bench.step()
    bench.step()

    assert waiting.ending is Ending.REFUSED
    assert elsewhere.ending is Ending.STANDS


@pytest.mark.parametrize("stage", [FileStage.OPEN, FileStage.CREATED])
def test_what_is_still_being_written_is_carried_at_once(stage: FileStage) -> None:
    bench = ready()
    change(bench, b"a", stage=stage)
    bench.step(after_s=0.1)
    assert bench.transport.started == []
    waiting = Waiting(bench)
    bench.step(after_s=0.1)
    assert [[each.path for each in run] for run in bench.transport.started] == [[b"a"]]
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_a_target_that_is_backing_off_is_tried_at_once() -> None:
    bench = ready()
    change(bench, b"a")
    bench.step()
    for _ in range(6):
        bench.transport.end(failed)
        bench.step()
        bench.clock.now = bench.worker._health.retry_at
        bench.step()
    bench.transport.end(failed)
    bench.step()
    before = len(bench.transport.started)
    waiting = Waiting(bench)
    bench.step(after_s=0.1)
    assert len(bench.transport.started) == before + 1
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_a_paused_target_is_not_waited_for_if_something_is_missing() -> None:
    bench = ready()
    bench.worker.pause()
    assert Waiting(bench).ending is Ending.STANDS
    change(bench, b"a")

    assert Waiting(bench).ending is Ending.HELD


def test_a_halt_ends_the_wait_and_is_not_lifted_by_it() -> None:
    bench = ready()
    change(bench, b"a")
    waiting = Waiting(bench)
    bench.transport.end(halted)
    bench.step()
    bench.step()
    assert waiting.ending is Ending.HELD
    Waiting(bench)

    assert len(bench.transport.started) == 1


def test_a_comparison_that_had_begun_has_to_end_first() -> None:
    bench = Bench(level(b""), level(b"d"))
    bench.step()
    waiting = Waiting(bench)
    finish(bench)
    assert not waiting.is_over
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_a_comparison_that_was_only_wished_for_has_to_end_as_well() -> None:
    bench = ready()
    bench.scanner.given = (level(b"d"),)
    bench.worker.resync(ROOT)
    bench.worker.pause()
    assert Waiting(bench).ending is Ending.HELD
    bench.worker.resume()
    waiting = Waiting(bench)
    bench.step()
    assert not waiting.is_over
    finish(bench)

    assert waiting.ending is Ending.STANDS


def test_names_of_a_file_that_are_searched_for_are_waited_for() -> None:
    bench = ready()
    bench.transport.has_unknown_names = True
    waiting = Waiting(bench)
    assert not waiting.is_over
    bench.transport.has_unknown_names = False
    bench.step()

    assert waiting.ending is Ending.STANDS


def test_only_the_part_that_is_meant_is_waited_for() -> None:
    bench = ready()
    bench.transport.lanes = 0
    change(bench, b"other", b"d2/a")
    waiting = Waiting(bench, b"d")

    assert waiting.ending is Ending.STANDS


@pytest.mark.parametrize("changed", [b"d", b"d/e", b"d/e/f", b""])
def test_what_lies_above_or_below_the_part_counts(changed: bytes) -> None:
    bench = ready()
    bench.transport.lanes = 0
    change(bench, changed)
    waiting = Waiting(bench, b"d/e")

    assert not waiting.is_over


def test_a_new_tree_above_the_part_counts() -> None:
    bench = ready()
    bench.transport.lanes = 0
    bench.mailbox.put([NewTree(RelPath(b"d"))], now=bench.clock.now)
    waiting = Waiting(bench, b"d/e/f")

    assert not waiting.is_over


def test_a_worker_that_ends_lets_nobody_wait() -> None:
    bench = ready()
    change(bench, b"a")
    waiting = Waiting(bench)
    bench.worker.waits.leave()

    assert waiting.is_over
    assert waiting.ending is Ending.WAITING


def test_only_so_many_may_wait() -> None:
    barriers = Barriers()
    all_of_them = [Barrier(ROOT, ["copy"], ended=lambda: None) for _ in range(MOST_BARRIERS)]
    for barrier in all_of_them:
        barriers.add(barrier)
    with pytest.raises(TooMany):
        barriers.add(Barrier(ROOT, ["copy"], ended=lambda: None))
    all_of_them[0].give_up()
    barriers.add(Barrier(ROOT, ["copy"], ended=lambda: None))
