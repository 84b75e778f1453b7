"""What takes the place of something else with the same sizes and times is not taken for it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sersync.linux.rename import exchange
from sersync.model.dirty import DirtyPath
from sersync.model.report import Report
from sersync.model.status import TargetState
from sersync.replication.mailbox import Mailbox
from sersync.transfer.plan import Planner
from sersync.transfer.unit import Plan
from tests.support.engine import Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees, wait_until

_A_TIME_NS = 10**18


def _file(at: Path, text: str) -> None:
    at.write_text(text)
    os.utime(at, ns=(_A_TIME_NS, _A_TIME_NS))


def _release(at: Path, version: str) -> None:
    """Unpack a release whose files all have one time, as reproducible archives have."""
    (at / "lib").mkdir(parents=True)
    for file in (at / "version", at / "lib" / "version"):
        _file(file, version)


def _remove_and_unpack(app: Path) -> None:
    shutil.rmtree(app)
    _release(app, "1.2.4")


@contextmanager
def _meanwhile(
    monkeypatch: pytest.MonkeyPatch, path: bytes, change: Callable[[], None]
) -> Iterator[None]:
    """Make *change* between what is told of *path* by what follows, and the first look at it.

    What is told of the change itself comes when that first run is over.
    """
    plan, put, settle = Planner.plan, Mailbox.put, Mailbox.settle
    looked, ended = threading.Event(), threading.Event()

    def planned(planner: Planner, dirties: Iterable[DirtyPath]) -> Plan:
        dirties = list(dirties)
        if not looked.is_set() and any(each.path == path for each in dirties):
            looked.set()
            change()
        return plan(planner, dirties)

    def late(mailbox: Mailbox, reports: Iterable[Report], *, now: float) -> None:
        if looked.is_set():
            ended.wait(30)
        put(mailbox, reports, now=now)

    def settled(mailbox: Mailbox, *given: Any, **named: Any) -> None:
        settle(mailbox, *given, **named)
        if looked.is_set():
            ended.set()

    monkeypatch.setattr(Planner, "plan", planned)
    monkeypatch.setattr(Mailbox, "put", late)
    monkeypatch.setattr(Mailbox, "settle", settled)
    yield
    assert ended.wait(30)


def _unpack_and_change_places(app: Path) -> None:
    fresh = app.with_name("fresh")
    _release(fresh, "1.2.4")
    exchange(os.fsencode(fresh), os.fsencode(app))


def _empty_and_move_there(app: Path) -> None:
    fresh = app.with_name("fresh")
    _release(fresh, "1.2.4")
    shutil.rmtree(app)
    app.mkdir()
    fresh.rename(app)


@pytest.mark.parametrize("is_away", [False, True])
@pytest.mark.parametrize(
    "replace", [_remove_and_unpack, _unpack_and_change_places, _empty_and_move_there]
)
def test_a_tree_that_took_the_place_of_one_with_the_same_sizes_and_times_is_sent(
    source: Path,
    rsyncd: Rsyncd,
    engines: Engines,
    replace: Callable[[Path], None],
    is_away: bool,
) -> None:
    _release(source / "app", "1.2.3")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    if is_away:
        rsyncd.stop()
        (source / "other").write_text("so that it is noticed")
        engine.wait_for_state(TargetState.BACKING_OFF)
    replace(source / "app")
    if is_away:
        rsyncd.start()
    engine.wait_for_rest(timeout_s=30.0)

    assert_same_trees(source, rsyncd.root)


def _move_out(path: Path) -> None:
    path.rename(path.parent.parent / "aside")


@pytest.mark.parametrize(
    ("name", "made", "taken"),
    [
        ("app", _release, _move_out),
        ("version", _file, _move_out),
        ("version", _file, Path.unlink),
    ],
    ids=["a tree", "a file", "a file that is removed"],
)
def test_what_is_back_before_its_leaving_is_looked_at_is_sent(
    source: Path,
    rsyncd: Rsyncd,
    engines: Engines,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    made: Callable[[Path, str], None],
    taken: Callable[[Path], None],
) -> None:
    path = source / name
    made(path, "1.2.3")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    with _meanwhile(monkeypatch, os.fsencode(name), lambda: made(path, "1.2.4")):
        taken(path)
    engine.wait_for_rest(timeout_s=30.0)

    assert_same_trees(source, rsyncd.root)


def test_what_a_tree_brings_along_is_as_old_as_the_tree_to_who_waits(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    """Its files that may look the same go in a run of their own, which takes a second here."""
    _release(source / "app", "1" * (1 << 20))
    fresh = source.parent / "fresh"
    _release(fresh, "2" * (1 << 20))
    engine = engines(
        source, copy_at(rsyncd.root, rsyncd.endpoint, bandwidth_kib_s=2048, parallel=1)
    )
    engine.wait_for_rest(timeout_s=60.0)
    (source / "other").write_bytes(bytes(2 << 20))
    wait_until(lambda: bool(engine.status().runs))  # The only lane is taken.
    exchange(os.fsencode(fresh), os.fsencode(source / "app"))
    wait = engine.daemon.waiting.wait(path=b"app")
    assert wait.over.wait(60.0)

    assert_same_trees(source / "app", rsyncd.root / "app")
