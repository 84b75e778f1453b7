"""The witness: a target that is not what it was left as is found, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sersync.model.batch import Census, Problem, Reason, Stage, Verdict
from sersync.model.path import RelPath
from sersync.model.report import Touched
from sersync.model.status import TargetState
from tests.support.fakes import Bench, done, level


@pytest.fixture
def bench() -> Bench:
    """A worker that has compared everything, and looks again every 5 minutes."""
    bench = Bench(level(b""), max_delete=None, witness_every_s=300.0)
    bench.step()
    bench.transport.end(done)
    bench.step(after_s=0.1)
    bench.step(after_s=0.1)
    assert bench.worker.status().state is TargetState.IN_SYNC
    return bench


def change(bench: Bench, *paths: bytes) -> None:
    reports = [Touched(RelPath(path), content=True) for path in paths]
    bench.mailbox.put(reports, now=bench.clock.now)


def looked_at(bench: Bench) -> list[bytes]:
    paths, lists = bench.transport.examined[-1]
    assert lists
    return [path.path for path in paths]


def look(bench: Bench, *differing: bytes) -> None:
    """Let the next look begin and end."""
    for _ in range(600):
        if bench.transport.is_counting:
            break
        bench.step()
    assert bench.transport.is_counting
    bench.transport.find(0, *differing)
    bench.step()


def passes(bench: Bench) -> int:
    return len(bench.scanner.asked)


def test_a_few_directories_are_looked_at_soon_and_then_every_few_minutes(bench: Bench) -> None:
    bench.sample.found = [RelPath(b"x/y")]
    look(bench)
    assert looked_at(bench) == [b"", b"x/y"]
    begun = bench.clock.now
    look(bench)

    assert 295 <= bench.clock.now - begun <= 305
    witness = bench.worker.status().witness
    assert witness is not None
    assert (witness.differing, witness.looked_s_ago) == (0, 0.0)
    assert bench.worker.status().state is TargetState.IN_SYNC


def test_where_something_was_carried_last_is_looked_at(bench: Bench) -> None:
    look(bench)
    for path in (b"a/1", b"b/1", b"c/1", b"a/2", b"d/1", b"e/1"):
        change(bench, path)
        bench.step()
        bench.transport.end(done)
        bench.step(after_s=0.1)
    look(bench)

    assert looked_at(bench) == [b"", b"e", b"d", b"a", b"c"]


def test_what_differs_twice_means_that_everything_is_compared(bench: Bench) -> None:
    look(bench, b"d/old", b"other")
    assert bench.worker.status().state is TargetState.IN_SYNC
    assert passes(bench) == 1
    look(bench, b"d/old")
    bench.step()
    assert looked_at(bench) == [b"", b"d"]

    assert passes(bench) == 2
    assert bench.worker.status().state is TargetState.RESYNCING
    witness = bench.worker.status().witness
    assert witness is not None
    assert (witness.differing, witness.first) == (1, "d/old")


def test_nothing_is_deleted_on_another_disk_before_it_is_counted(bench: Bench) -> None:
    look(bench, b"d/old")
    look(bench, b"d/old")
    bench.step()

    assert bench.transport.limits[-1] == 0
    bench.transport.end(
        lambda paths: replace(done(paths), verdict=Verdict.HALT, exit_code=25, to_delete=3)
    )
    bench.step()
    assert bench.transport.censuses == 1
    bench.transport.count(Census(shared=10, strange=200))
    bench.step()
    bench.step()
    assert bench.worker.status().state is TargetState.HALTED


def test_what_differs_once_was_on_its_way(bench: Bench) -> None:
    look(bench, b"d/new")
    look(bench, b"d/newer")
    look(bench)

    assert passes(bench) == 1


def test_what_is_being_carried_is_no_evidence(bench: Bench) -> None:
    change(bench, b"d/new", b"e/f/new")
    bench.step()
    look(bench, b"d/new", b"d", b"e/f/new", b"e/f")
    bench.transport.end(done)
    look(bench)

    assert passes(bench) == 1


def test_what_was_carried_between_two_looks_is_no_evidence(bench: Bench) -> None:
    look(bench, b"d/new")
    change(bench, b"d/new")
    bench.step()
    bench.transport.end(done)
    look(bench, b"d/new")

    assert passes(bench) == 1


def test_what_changed_just_now_at_the_source_is_no_evidence_until_it_is_older(bench: Bench) -> None:
    bench.sample.young.add(b"d/new")
    look(bench, b"d/new")
    look(bench, b"d/new")
    assert passes(bench) == 1
    bench.sample.young.clear()
    look(bench, b"d/new")
    bench.step()

    assert passes(bench) == 2


def test_what_fails_is_no_evidence(bench: Bench) -> None:
    change(bench, b"d/bad")
    bench.step()
    problem = Problem(path=RelPath(b"d/bad"), stage=Stage.WRITE, message="no space")
    bench.transport.end(
        lambda paths: replace(done(paths), verdict=Verdict.PARTIAL, problems=(problem,))
    )
    bench.step(after_s=0.1)
    look(bench, b"d/bad")
    bench.step()

    assert passes(bench) == 1


def test_what_still_differs_after_everything_was_compared_is_no_evidence_any_more(
    bench: Bench,
) -> None:
    for _ in range(2):
        look(bench, b"device")
    bench.step()
    assert passes(bench) == 2
    bench.transport.end(done)
    for _ in range(6):
        look(bench, b"device")

    assert passes(bench) == 2
    assert bench.worker.status().state is TargetState.IN_SYNC


def test_a_look_that_fails_says_nothing(bench: Bench) -> None:
    bench.step()
    bench.step()
    bench.transport.find(failed=Reason(message="no connection"))
    bench.step()

    assert bench.worker.status().witness is None
    assert bench.worker.status().state is TargetState.IN_SYNC
    look(bench)


def test_a_pause_ends_a_look_and_it_is_made_again(bench: Bench) -> None:
    bench.step()
    bench.step()
    released = bench.transport.released
    bench.worker.pause()
    bench.step()
    assert bench.transport.released > released
    bench.worker.resume()
    look(bench)


def test_live_changes_go_while_it_looks(bench: Bench) -> None:
    bench.step()
    bench.step()
    assert bench.transport.is_counting
    change(bench, b"a")
    bench.step(after_s=0.1)

    assert [path.path for path in bench.transport.started[-1]] == [b"a"]


def test_switched_off_it_never_looks() -> None:
    bench = Bench(witness_every_s=0.0)
    for _ in range(400):
        bench.step(after_s=10.0)

    assert bench.transport.examined == []
