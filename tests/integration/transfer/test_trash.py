"""What is deleted or overwritten on a target stays there for a while: on each kind of target."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sersync.model.filters import Filter, Rule
from sersync.model.target import LocalDirectory, RemoteShell
from sersync.transfer.launch import today
from tests.support.engine import Copy, Engines, copy_at
from tests.support.proxy import ProxyFactory
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees, wait_until

KEPT = Filter([Rule(False, b"/.sersync-trash")])


@pytest.fixture(params=["local", "daemon", "shell"])
def copy(request: pytest.FixtureRequest, tmp_path: Path, rsyncd: Rsyncd) -> Copy:
    settings: dict[str, Any] = {"trash_s": 86_400.0, "filters": KEPT}
    if request.param == "daemon":
        return copy_at(rsyncd.root, rsyncd.endpoint, **settings)
    path = tmp_path / "copy"
    path.mkdir()
    if request.param == "local":
        return copy_at(path, LocalDirectory(path=os.fsencode(path)), **settings)
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n')
    shell.chmod(0o755)
    return copy_at(path, RemoteShell(host="here", path=str(path), rsh=str(shell)), **settings)


def not_trash(path: bytes) -> bool:
    return path.startswith(b".sersync-trash")


def test_what_is_deleted_or_overwritten_stands_in_the_trash_of_the_day(
    source: Path, copy: Copy, engines: Engines
) -> None:
    (source / "d").mkdir()
    (source / "d" / "deleted").write_text("deleted")
    (source / "overwritten").write_text("before")
    engine = engines(source, copy)
    engine.wait_for_rest()
    (source / "d" / "deleted").unlink()
    (source / "d").rmdir()
    # In one step: else it might be carried while it is empty, and then stand in the trash so.
    fresh = source.parent / "fresh"
    fresh.write_text("after")
    fresh.rename(source / "overwritten")
    engine.wait_for_rest()

    kept = copy.path / ".sersync-trash" / os.fsdecode(today())
    assert (kept / "d" / "deleted").read_text() == "deleted"
    assert (kept / "overwritten").read_text() == "before"
    assert_same_trees(source, copy.path, exclude=not_trash, owner=False)


def test_what_is_too_old_is_deleted_and_nothing_else(
    source: Path, copy: Copy, engines: Engines
) -> None:
    trash = copy.path / ".sersync-trash"
    for name in ("2020-01-01", os.fsdecode(today()), "mine"):
        (trash / name / "d").mkdir(parents=True)
        (trash / name / "d" / "file").write_text(name)
    for path in (copy.path, trash, *trash.rglob("*")):
        path.chmod(0o777)
    engine = engines(source, copy)
    wait_until(lambda: not (trash / "2020-01-01").exists(), 30.0)
    engine.wait_for_rest()

    assert sorted(path.name for path in trash.iterdir()) == [os.fsdecode(today()), "mine"]
    assert (trash / "mine" / "d" / "file").exists()
    assert_same_trees(source, copy.path, exclude=not_trash, owner=False)


def test_what_the_target_takes_may_be_written_to_disk_at_once(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    path = tmp_path / "copy"
    engine = engines(source, copy_at(path, LocalDirectory(path=os.fsencode(path)), fsync=True))
    engine.wait_for_rest()

    assert engine.status().notes == ()
    assert_same_trees(source, path)


def test_a_target_that_cannot_do_that_is_served_without_and_it_is_said(
    source: Path, rsyncd: Rsyncd, engines: Engines, proxies: ProxyFactory
) -> None:
    proxy = proxies.rsync_3_1_2(rsyncd.port)
    engine = engines(source, copy_at(rsyncd.root, rsyncd.open.endpoint_by(proxy.port), fsync=True))
    engine.wait_for_rest()

    assert any("fsync" in note for note in engine.status().notes)
    assert_same_trees(source, rsyncd.root, owner=False, times=False)
