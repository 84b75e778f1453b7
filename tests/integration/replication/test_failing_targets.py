"""Targets that refuse, fail, hang, vanish and come back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.engine import Copy, Engines, copy_at
from tests.support.proxy import ProxyFactory
from tests.support.rsyncd import Rsyncd, RsyncdFactory
from tests.support.trees import assert_same_trees, trees_are_same, wait_until


def near(tmp_path: Path) -> Copy:
    path = tmp_path / "near"
    return copy_at(path, LocalDirectory(path=os.fsencode(path)), "near")


def wrong_password(factory: RsyncdFactory) -> Copy:
    locked = factory().locked
    return copy_at(locked.root, locked.endpoint, "far", password="wrong")


def unknown_module(factory: RsyncdFactory) -> Copy:
    rsyncd = factory()
    return copy_at(rsyncd.root, replace(rsyncd.endpoint, module="nowhere"), "far")


def read_only_module(factory: RsyncdFactory) -> Copy:
    rsyncd = factory(read_only=True)
    return copy_at(rsyncd.root, rsyncd.endpoint, "far")


@pytest.mark.parametrize(
    ("refusing", "told"),
    [
        (wrong_password, "password"),
        (unknown_module, "nowhere"),
        (read_only_module, "read only"),
    ],
)
def test_a_target_that_refuses_halts_and_the_other_one_goes_on(
    source: Path,
    tmp_path: Path,
    rsyncd_factory: RsyncdFactory,
    engines: Engines,
    refusing: Callable[[RsyncdFactory], Copy],
    told: str,
) -> None:
    copy = near(tmp_path)
    engine = engines(source, refusing(rsyncd_factory), copy)
    status = engine.wait_for_state(TargetState.HALTED, "far")
    assert status.reason is not None
    assert told in status.reason.message
    assert status.reason.remedy
    (source / "file").write_text("goes on")
    engine.wait_for_rest("near")

    assert_same_trees(source, copy.path)


def test_a_halted_target_is_tried_again_when_a_person_says_so(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    locked = rsyncd.locked
    home = locked.root.parent
    good = (home / "secrets").read_bytes()
    (home / "secrets").write_text("pusher:another\n")
    engine = engines(source, copy_at(locked.root, locked.endpoint, password=locked.password))
    engine.wait_for_state(TargetState.HALTED)
    (source / "file").write_text("pending")
    (home / "secrets").write_bytes(good)
    [worker] = engine.daemon.workers()
    worker.resume()
    engine.wait_for_rest()

    assert_same_trees(source, locked.root)


def test_a_daemon_that_is_down_at_the_start_is_tried_until_it_is_there(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    rsyncd.stop()
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    status = engine.wait_for_state(TargetState.BACKING_OFF)
    assert status.reason is not None
    assert status.retry_in_s is not None
    (source / "file").write_text("made while it was down")
    rsyncd.start()
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_a_target_that_is_stopped_and_started_again_catches_up(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    copy = near(tmp_path)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, "far"), copy)
    engine.wait_for_rest()
    rsyncd.stop()
    (source / "kept").write_text("changed")
    (source / "d").mkdir()
    for number in range(50):
        (source / "d" / f"file-{number}").write_text(str(number))
    engine.wait_for_rest("near")
    assert_same_trees(source, copy.path)
    engine.wait_for_state(TargetState.BACKING_OFF, "far")
    wait_until(lambda: engine.status("far").pending > 0)  # Else all of it is in flight.
    assert engine.status("far").lag_s > 0.0
    rsyncd.start()
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_a_target_that_was_away_keeps_the_times_of_its_root(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    (source / "d").mkdir()
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    rsyncd.stop()
    (source / "d" / "file").write_text("nothing changes in the root itself")
    engine.wait_for_state(TargetState.BACKING_OFF)
    rsyncd.start()
    wait_until((rsyncd.root / "d" / "file").exists, 20.0)

    wait_until(lambda: trees_are_same(source, rsyncd.root), 20.0)


def test_a_target_that_hangs_is_left_alone_and_tried_again(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines, proxies: ProxyFactory
) -> None:
    proxy = proxies(rsyncd.port)
    copy = near(tmp_path)
    far = copy_at(rsyncd.root, rsyncd.open.endpoint_by(proxy.port), "far", timeout_s=2)
    engine = engines(source, far, copy)
    engine.wait_for_rest()
    proxy.freeze()
    (source / "file").write_text("while it hangs")
    engine.wait_for_rest("near")
    status = engine.wait_for_state(TargetState.BACKING_OFF, "far", timeout_s=30)
    assert status.reason is not None
    proxy.thaw()
    engine.wait_for_rest("far")

    assert_same_trees(source, rsyncd.root)


def test_connections_that_are_cut_in_the_middle_of_a_burst_lose_nothing(
    source: Path, rsyncd: Rsyncd, engines: Engines, proxies: ProxyFactory
) -> None:
    proxy = proxies(rsyncd.port)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.open.endpoint_by(proxy.port)))
    engine.wait_for_rest()

    def is_carrying() -> bool:
        # The burst goes on meanwhile: all that was written before may be there already.
        (source / "d0" / "again").write_bytes(os.urandom(4000))
        return engine.status().in_flight > 0

    for number in range(400):
        directory = source / f"d{number % 7}"
        directory.mkdir(exist_ok=True)
        (directory / f"file-{number}").write_bytes(bytes([number % 256]) * 4000)
        if number % 100 == 50:
            wait_until(is_carrying, 30.0)
            proxy.cut()
        time.sleep(0.001)
    engine.wait_for_rest(timeout_s=40)

    assert_same_trees(source, rsyncd.root)
    assert engine.status().unconfirmed > 0


@pytest.mark.parametrize("connections", [1, 2])
def test_spares_give_way_where_connections_are_few(
    source: Path, rsyncd_factory: RsyncdFactory, engines: Engines, connections: int
) -> None:
    rsyncd = rsyncd_factory(max_connections=connections)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, large_file_bytes=10_000))
    for number in range(40):
        (source / f"file-{number}").write_bytes(b"x" * 500 * number)
        (source / f"d{number}").mkdir()
        time.sleep(0.005)
    engine.wait_for_rest(timeout_s=40)

    assert_same_trees(source, rsyncd.root)


def test_connections_that_are_never_accepted_are_tried_ever_more_slowly(
    source: Path, rsyncd: Rsyncd, engines: Engines, proxies: ProxyFactory
) -> None:
    proxy = proxies(rsyncd.port)
    proxy.refuse()
    engine = engines(source, copy_at(rsyncd.root, rsyncd.open.endpoint_by(proxy.port)))
    wait_until(lambda: engine.status().consecutive_failures >= 2, 20.0)
    tried = proxy.connections
    assert tried < 20
    proxy.refuse(yes=False)
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


@pytest.mark.parametrize("version", ["3.1.2", "3.0.9"])
def test_old_targets_get_everything(
    source: Path, rsyncd: Rsyncd, engines: Engines, proxies: ProxyFactory, version: str
) -> None:
    old = {"3.1.2": proxies.rsync_3_1_2, "3.0.9": proxies.rsync_3_0_9}[version]
    proxy = old(rsyncd.port)
    (source / "gone").mkdir()
    (source / "gone" / "file").write_text("to be deleted")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.open.endpoint_by(proxy.port)))
    engine.wait_for_rest()
    assert engine.status().notes
    resets = proxy.resets
    for number in range(8):
        (source / "file").write_text(f"number {number}")
        (source / f"file-{number}").write_text("new")
        (source / f"file-{number - 1}").unlink(missing_ok=True)
        engine.wait_for_rest()
        assert (rsyncd.root / "file").read_text() == f"number {number}"
    (source / "gone" / "file").unlink()
    (source / "gone").rmdir()
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root, times=False)
    assert proxy.resets == resets


@pytest.mark.parametrize("resets", [1, 2])
def test_a_connection_that_is_lost_while_a_target_is_tried_does_not_make_it_an_old_one(
    source: Path, rsyncd: Rsyncd, engines: Engines, proxies: ProxyFactory, resets: int
) -> None:
    proxy = proxies.resetting_at_first(rsyncd.port, resets)
    (source / "d").mkdir()
    os.utime(source / "d", ns=(10**18 + 123, 10**18 + 123))
    engine = engines(source, copy_at(rsyncd.root, rsyncd.open.endpoint_by(proxy.port)))
    engine.wait_for_rest()

    assert proxy.resets == resets
    assert engine.status().notes == ()
    assert_same_trees(source, rsyncd.root)


def test_a_target_directory_that_is_taken_away_is_told_and_filled_again(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    above = tmp_path / "disk"
    copy = above / "copy"
    copy.mkdir(parents=True)
    engine = engines(source, copy_at(copy, LocalDirectory(path=os.fsencode(copy))))
    engine.wait_for_rest()
    above.rename(tmp_path / "away")
    (source / "file").write_text("while it was away")
    engine.wait_for_state(TargetState.HALTED)
    (tmp_path / "away").rename(above)
    engine.wait_for_rest()

    assert_same_trees(source, copy)


def test_what_one_target_reports_is_told_by_name(
    source: Path, rsyncd_factory: RsyncdFactory, engines: Engines
) -> None:
    rsyncd = rsyncd_factory(exclude=("*.own",))
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    (source / "mine.own").write_text("it will never go")
    (source / "file").write_text("it goes")
    wait_until(lambda: bool(engine.status().problems), 20.0)
    engine.wait_for_rest()

    assert [problem.path for problem in engine.status().problems] == [b"mine.own"]
    assert (rsyncd.root / "file").exists()


def test_a_target_that_was_away_for_very_many_changes_becomes_the_same(
    source: Path,
    tmp_path: Path,
    rsyncd: Rsyncd,
    engines: Engines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sersync.replication.mailbox.MOST_PENDING", 400)
    for number in range(60):
        (source / f"d{number % 6}" / f"e{number}").mkdir(parents=True)
        (source / f"d{number % 6}" / f"e{number}" / "same").write_text("old")
        (source / f"d{number % 6}" / f"e{number}" / "gone").write_text("old")
    copy = near(tmp_path)
    engine = engines(source, copy, copy_at(rsyncd.root, rsyncd.endpoint, "far"))
    engine.wait_for_rest()
    rsyncd.stop()
    for number in range(60):
        directory = source / f"d{number % 6}" / f"e{number}"
        for each in range(40):
            (directory / f"f{each}").write_text(f"{number} {each}")
        (directory / "gone").unlink()
        # The same size and the same time: only that it was reported tells.
        times = (directory / "same").stat()
        (directory / "same").write_text("new")
        os.utime(directory / "same", ns=(times.st_atime_ns, times.st_mtime_ns))
    shutil.rmtree(source / "d0")
    engine.wait_for_rest("near")
    most = engine.status("far").pending
    assert 0 < most <= 400
    rsyncd.start()
    engine.wait_for_rest(timeout_s=60.0)

    assert_same_trees(source, copy.path)
    assert_same_trees(source, rsyncd.root, owner=False)
