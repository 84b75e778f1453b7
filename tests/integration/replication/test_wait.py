"""``wait`` and ``flush``, with the real engine: what they promise while things go wrong."""

from __future__ import annotations

import os
import select
import threading
import time
from pathlib import Path

import pytest

from sersync.daemon.waiting import Wait, stands
from sersync.model.path import RelPath
from sersync.model.pending import Because, Ending, Waited
from sersync.model.report import Report
from sersync.model.request import NobodyMeant, Request, Verb
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from sersync.watch.inotify import InotifyWatcher
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees, wait_until


def near(tmp_path: Path, name: str = "copy") -> Copy:
    path = tmp_path / name
    return copy_at(path, LocalDirectory(path=os.fsencode(path)), name)


def begin(engine: Engine, path: bytes = b"", target: str = "") -> Wait:
    return engine.daemon.waiting.wait(path=path, target=target)


def end(wait: Wait, *, within_s: float = 30.0) -> list[Waited]:
    wait.over.wait(within_s)
    answer = wait.answer()
    wait.give_up()
    return list(answer)


def test_a_file_that_stays_open_is_carried_as_it_was_when_the_wait_began(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    copy = near(tmp_path)
    engine = engines(source, copy, max_delay_s=600.0)
    engine.wait_for_rest()
    with open(source / "log", "wb", 0) as log:
        log.write(b"one")
        [answer] = end(begin(engine))
        assert answer.ending is Ending.STANDS
        assert (copy.path / "log").read_bytes() == b"one"
        log.write(b" two")
        assert stands(end(begin(engine)))

        assert (copy.path / "log").read_bytes() == b"one two"


@pytest.mark.usefixtures("held_from_the_first")
def test_a_wait_for_a_part_does_not_wait_for_the_rest(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    copy = near(tmp_path)
    engine = engines(source, copy, max_delay_s=600.0)
    engine.wait_for_rest()
    (source / "part").mkdir()
    with open(source / "log", "wb", 0) as log:
        log.write(b"held back")
        (source / "part" / "file").write_text("part")
        [answer] = end(begin(engine, os.fsencode(source / "part")))

        assert answer.ending is Ending.STANDS
        assert (copy.path / "part" / "file").read_text() == "part"
        assert engine.status().pending > 0


def test_a_target_that_dies_during_a_wait_is_waited_for(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    rsyncd.daemon.stop()
    (source / "file").write_text("while it is away")
    wait = begin(engine)
    answers: list[Waited] = []

    def is_backing_off() -> bool:
        # A wait makes the next attempt come at once, and while that is made it is not.
        answers[:] = wait.answer()
        return answers[0].state is TargetState.BACKING_OFF

    wait_until(is_backing_off, 20.0)
    assert not wait.over.is_set()
    [answer] = answers
    assert answer.ending is Ending.WAITING
    assert answer.reason is not None
    assert RelPath(b"file") in [each.path for each in answer.paths]
    rsyncd.daemon.start()
    engine.daemon.waiting.flush(Request(verb=Verb.RESUME))

    assert stands(end(wait))
    assert_same_trees(source, rsyncd.root)


def test_a_wait_for_a_paused_target_ends_at_once_and_says_so(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    engine = engines(source, near(tmp_path), near(tmp_path, "other"))
    engine.wait_for_rest()
    [worker] = [each for each in engine.daemon.workers() if each.target.name == "copy"]
    worker.pause()
    engine.wait_for_state(TargetState.PAUSED)
    assert stands(end(begin(engine))), "nothing is missing, so it does not matter"
    (source / "file").write_text("later")
    paused, other = end(begin(engine), within_s=20.0)

    assert (paused.target, paused.ending, paused.state) == (
        "copy",
        Ending.HELD,
        TargetState.PAUSED,
    )
    assert RelPath(b"file") in [each.path for each in paused.paths]
    assert other.ending is Ending.STANDS


def test_a_wait_for_a_halted_target_ends_at_once_with_the_reason(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    locked = rsyncd.locked
    engine = engines(source, copy_at(locked.root, locked.endpoint, password="wrong"))
    engine.wait_for_state(TargetState.HALTED)
    [answer] = end(begin(engine), within_s=10.0)

    assert answer.ending is Ending.HELD
    assert answer.reason is not None
    assert "password" in answer.reason.message


def test_a_wait_while_the_source_is_gone_ends_at_once(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    engine = engines(source, near(tmp_path))
    engine.wait_for_rest()
    source.rename(tmp_path / "elsewhere")
    engine.wait_for_state(TargetState.HALTED)
    [answer] = end(begin(engine), within_s=10.0)

    assert answer.ending is Ending.HELD
    assert answer.reason is not None


def test_a_wait_through_an_overflow_does_not_end_before_what_was_lost_is_found(
    source: Path, tmp_path: Path, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = near(tmp_path)
    engine = engines(source, copy)
    engine.wait_for_rest()
    engine.wait_for_rows()
    [pipeline] = engine.daemon._all()
    watcher = pipeline._watcher
    assert isinstance(watcher, InotifyWatcher)
    (source / "directory").mkdir()
    assert stands(end(begin(engine)))
    is_blind = threading.Event()

    def blind(timeout_s: float | None) -> list[Report]:
        watcher._queue.is_drained = False
        is_blind.set()
        time.sleep(0.01)
        return []

    with monkeypatch.context() as patch:
        # It reads nothing for a while; then its queue is as one that was too short.
        patch.setattr(watcher, "take", blind)
        assert is_blind.wait(10)
        (source / "directory" / "lost").write_text("nobody was told")
        wait = begin(engine)
        while select.select([watcher._queue.fd], [], [], 0.2)[0]:
            os.read(watcher._queue.fd, 1 << 20)
        watcher._overflowed = True

    assert stands(end(wait, within_s=60.0))
    assert (copy.path / "directory" / "lost").read_text() == "nobody was told"


def test_a_wait_during_the_first_full_pass_ends_after_it(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    copy = near(tmp_path)
    for number in range(30):
        directory = source / f"d{number}"
        directory.mkdir()
        for name in range(100):
            (directory / f"f{name}").write_text("x" * name)
    engine = engines(source, copy)
    (source / "d29" / "late").write_text("late")
    assert stands(end(begin(engine)))

    assert_same_trees(source, copy.path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_path_that_cannot_be_read_is_missing_with_its_reason(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    engine = engines(source, near(tmp_path))
    engine.wait_for_rest()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0)
    secret.rename(source / "secret")  # It could be carried before its mode is changed.
    wait = begin(engine)
    wait_until(lambda: any(each.problem for each in wait.answer()[0].paths), 20)
    [answer] = wait.answer()
    wait.give_up()

    assert answer.ending is Ending.WAITING
    [missing] = [each for each in answer.paths if each.path == b"secret"]
    assert missing.because in (Because.FAILED, Because.DUE, Because.IN_FLIGHT)
    assert missing.problem is not None


@pytest.mark.usefixtures("held_from_the_first")
def test_flush_lets_go_what_is_held_back_and_tells_how_much(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    copy = near(tmp_path)
    engine = engines(source, copy, max_delay_s=600.0)
    engine.wait_for_rest()
    with open(source / "log", "wb", 0) as log:
        log.write(b"held back")
        wait_until(lambda: engine.status().pending > 0, 10)
        [flushed] = engine.daemon.waiting.flush(Request(verb=Verb.RESUME))
        assert flushed.held == 1
        wait_until((copy.path / "log").exists, 10)

        assert (copy.path / "log").read_bytes() == b"held back"


def test_names_that_fit_nothing_are_refused(source: Path, tmp_path: Path, engines: Engines) -> None:
    engine = engines(source, near(tmp_path))
    with pytest.raises(NobodyMeant, match="no target"):
        begin(engine, target="nowhere")
    with pytest.raises(NobodyMeant, match="lies in no source"):
        begin(engine, b"/elsewhere")


def test_a_wait_ends_when_its_target_is_taken_out_of_the_configuration(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    one = near(tmp_path)
    engine = engines(source, one, copy_at(rsyncd.root, rsyncd.endpoint, "far"))
    engine.wait_for_rest("copy", "far")
    rsyncd.daemon.stop()
    (source / "file").write_text("file")
    wait = begin(engine, target="far")
    engine.wait_for_state(TargetState.BACKING_OFF, "far")
    engine.daemon.reload(engine.settings(one.target))
    [answer] = end(wait, within_s=10.0)

    assert (answer.ending, answer.state) == (Ending.WAITING, TargetState.STOPPED)
    assert "configuration" in answer.stage
