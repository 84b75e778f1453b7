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
from tests.support.trees import assert_same_trees

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
            ended.wait(10)
        put(mailbox, reports, now=now)

    def settled(mailbox: Mailbox, *given: Any, **named: Any) -> None:
        settle(mailbox, *given, **named)
        if looked.is_set():
            ended.set()

    monkeypatch.setattr(Planner, "plan", planned)
    monkeypatch.setattr(Mailbox, "put", late)
    monkeypatch.setattr(Mailbox, "settle", settled)
    yield
    assert ended.wait(10)


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


@pytest.mark.parametrize("aside", [False, True], ids=["removed", "moved out"])
def test_a_tree_that_is_back_before_its_removal_is_looked_at_is_sent(
    source: Path, rsyncd: Rsyncd, engines: Engines, monkeypatch: pytest.MonkeyPatch, aside: bool
) -> None:
    _release(source / "app", "1.2.3")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    app = source / "app"
    with _meanwhile(monkeypatch, b"app", lambda: _release(app, "1.2.4")):
        app.rename(source.parent / "aside") if aside else shutil.rmtree(app)
    engine.wait_for_rest(timeout_s=30.0)

    assert_same_trees(source, rsyncd.root)


@pytest.mark.parametrize("aside", [False, True], ids=["removed", "moved out"])
def test_a_file_that_is_back_before_its_removal_is_looked_at_is_sent(
    source: Path, rsyncd: Rsyncd, engines: Engines, monkeypatch: pytest.MonkeyPatch, aside: bool
) -> None:
    file = source / "version"
    _file(file, "1.2.3")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    with _meanwhile(monkeypatch, b"version", lambda: _file(file, "1.2.4")):
        file.rename(source.parent / "aside") if aside else file.unlink()
    engine.wait_for_rest(timeout_s=30.0)

    assert_same_trees(source, rsyncd.root)
