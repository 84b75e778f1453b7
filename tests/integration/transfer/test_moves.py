"""What is renamed is not sent again, and arrives as it is."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sersync.daemon.control import Control
from sersync.model.batch import Outcome
from sersync.model.filters import Filter, parse_rule
from sersync.model.request import Request, Verb
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from sersync.transfer import active as runs
from sersync.transfer import plan
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.sshd import Sshd
from tests.support.trees import assert_same_trees, wait_until

_BIG = 6 << 20
_LITTLE = 200_000
"""Less than this is no sending of the file: checksums of its blocks, and what is around them."""


@pytest.fixture(params=["daemon", "daemon below the module", "ssh"])
def far(request: pytest.FixtureRequest, tmp_path: Path, rsyncd: Rsyncd) -> Copy:
    """A target that is reached over a connection."""
    if request.param == "daemon":
        return copy_at(rsyncd.root, rsyncd.endpoint)
    copy = rsyncd.root / "below" if "module" in request.param else tmp_path / "copy"
    copy.mkdir()
    if request.param == "ssh":
        sshd: Sshd = request.getfixturevalue("sshd")
        return copy_at(copy, sshd.endpoint(copy))
    return copy_at(copy, replace(rsyncd.endpoint, path="below"))


def _copy_by(way: str, request: pytest.FixtureRequest) -> Copy:
    """Return a target that is reached by *way*."""
    if way == "daemon":
        rsyncd: Rsyncd = request.getfixturevalue("rsyncd")
        return copy_at(rsyncd.root, rsyncd.endpoint)
    tmp_path: Path = request.getfixturevalue("tmp_path")
    copy = tmp_path / "copy"
    copy.mkdir()
    if way == "ssh":
        sshd: Sshd = request.getfixturevalue("sshd")
        return copy_at(copy, sshd.endpoint(copy))
    return copy_at(copy, LocalDirectory(path=os.fsencode(copy)))


def _come_back(engine: Engine, old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rename *old* to *new*; a copy of it comes back once its files are linked on the target."""
    spare = engine.root.parent / "spare"
    shutil.copytree(old, spare, copy_function=shutil.copy2)
    back: list[Path] = []
    whole = runs.moved

    def moved(*given: Any, **named: Any) -> Outcome:
        if not back:
            back.append(spare.rename(old))
        return whole(*given, **named)

    monkeypatch.setattr(runs, "moved", moved)
    # Else files that were made a moment before count as new ones.
    monkeypatch.setattr(plan, "_CLOCKS_DIFFER_NS", 0)
    old.rename(new)
    wait_until(lambda: bool(back), 30.0)


def _filled(directory: Path) -> None:
    (directory / "sub").mkdir(parents=True)
    (directory / "big").write_bytes(secrets.token_bytes(_BIG))
    for number in range(20):
        (directory / "sub" / f"{number}.txt").write_text(str(number))


def _sent(engine: Engine) -> int:
    return sum(batch.outcome.stats.sent_bytes for batch in engine.batches)


def _begun(engines: Engines, source: Path, copy: Copy, **settings: Filter) -> Engine:
    engine = engines(source, copy, **settings)
    engine.wait_for_rest()
    engine.batches.clear()
    return engine


def _links(directory: Path) -> set[int]:
    return {
        os.lstat(os.path.join(above, name)).st_nlink
        for above, _, names in os.walk(directory)
        for name in names
    }


def test_a_renamed_directory_is_not_sent_again(source: Path, far: Copy, engines: Engines) -> None:
    _filled(source / "old")
    (source / "deep").mkdir()
    engine = _begun(engines, source, far)
    (source / "old").rename(source / "deep" / "new")
    engine.wait_for_rest()

    assert_same_trees(source, far.path)
    assert _sent(engine) < _LITTLE
    assert _links(far.path) == {1}


def test_a_renamed_directory_of_a_local_target_is_not_copied_again(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    _filled(source / "old")
    copy = tmp_path / "copy"
    engine = _begun(engines, source, copy_at(copy, LocalDirectory(path=os.fsencode(copy))))
    before = (copy / "old" / "big").stat().st_ino
    (source / "old").rename(source / "new")
    engine.wait_for_rest()

    assert_same_trees(source, copy)
    assert (copy / "new" / "big").stat().st_ino == before
    assert _links(copy) == {1}


def test_after_a_rename_a_rewrite_that_puts_size_and_time_back_is_sent(
    source: Path, far: Copy, engines: Engines
) -> None:
    """Although the time is a fresh one, of which it would be remembered that it was carried."""
    engine = _begun(engines, source, far)
    _filled(source / "old")
    engine.wait_for_rest()
    (source / "old").rename(source / "new")
    engine.wait_for_rest()
    file = source / "new" / "sub" / "1.txt"
    before = file.stat()
    file.write_text("x")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    engine.wait_for_rest()

    assert_same_trees(source, far.path)


def test_a_large_file_that_is_renamed_is_not_sent_again(
    source: Path, far: Copy, engines: Engines
) -> None:
    (source / "there").mkdir()
    (source / "big").write_bytes(secrets.token_bytes(_BIG))
    engine = _begun(engines, source, far)
    (source / "big").rename(source / "large")
    engine.wait_for_rest()
    (source / "large").rename(source / "there" / "large")
    engine.wait_for_rest()

    assert_same_trees(source, far.path)
    assert _sent(engine) < _LITTLE


def test_of_logs_that_are_rotated_the_one_with_a_new_name_is_not_sent_again(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    for age, name in enumerate(("log", "log.1", "log.2")):
        (source / name).write_bytes(secrets.token_bytes(_BIG))
        # rsync looks for a file of the same size and second.
        os.utime(source / name, (1_700_000_000 - age, 1_700_000_000 - age))
    engine = _begun(engines, source, copy_at(rsyncd.root, rsyncd.endpoint))
    (source / "log.2").rename(source / "log.3")
    (source / "log.1").rename(source / "log.2")
    (source / "log").rename(source / "log.1")
    (source / "log").write_text("a new one")
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)
    # Two take the place of a file, and are sent as what differs from that: here, all of it.
    assert _sent(engine) < 2 * _BIG + _LITTLE


def test_what_changed_in_a_directory_that_moved_is_sent(
    source: Path, far: Copy, engines: Engines
) -> None:
    _filled(source / "old")
    engine = _begun(engines, source, far)
    (source / "old").rename(source / "new")
    (source / "new" / "sub" / "1.txt").write_text("!")
    (source / "new" / "big").chmod(0o600)
    (source / "old").mkdir()
    engine.wait_for_rest()
    (source / "old").rename(source / "new" / "sub" / "old")
    (source / "new").rename(source / "old")
    engine.wait_for_rest()

    assert_same_trees(source, far.path)
    assert _links(far.path) == {1}


def test_a_rewrite_behind_its_time_just_before_the_move_is_not_lost(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    _filled(source / "old")
    (source / "big").write_bytes(bytes(_BIG))
    engine = _begun(engines, source, copy_at(rsyncd.root, rsyncd.endpoint))
    for path in (source / "old" / "big", source / "big"):
        before = path.stat()
        path.write_bytes(b"\1" * _BIG)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (source / "big").rename(source / "old" / "sub" / "big")
    (source / "old").rename(source / "new")
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root)


def test_where_filters_are_bound_to_the_root_a_directory_that_moves_is_sent(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    _filled(source / "old")
    filters = Filter([parse_rule(b"- /new/sub")])
    copy = copy_at(rsyncd.root, rsyncd.endpoint, filters=filters)
    engine = _begun(engines, source, copy, filters=filters)
    (source / "old").rename(source / "new")
    engine.wait_for_rest()

    assert_same_trees(source, rsyncd.root, exclude=lambda path: path.startswith(b"new/sub"))
    assert not (rsyncd.root / "new" / "sub").exists()


@pytest.mark.parametrize("place", ["app", "deep/app"])
@pytest.mark.parametrize("way", ["local", "daemon", "ssh"])
def test_what_comes_back_under_the_old_name_shares_no_file_with_the_new_one(
    way: str, place: str, request: pytest.FixtureRequest, source: Path, engines: Engines
) -> None:
    old, new = source / place, source / f"{place}.old"
    _filled(old)
    copy = _copy_by(way, request)
    engine = _begun(engines, source, copy)
    _come_back(engine, old, new, request.getfixturevalue("monkeypatch"))
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)
    assert _links(copy.path) == {1}
    (old / "big").chmod(0o600)
    engine.wait_for_rest()
    assert (copy.path / f"{place}.old" / "big").stat().st_mode & 0o777 == 0o644
    assert_same_trees(source, copy.path)


def test_it_is_deleted_first_within_the_limit_of_deletions_or_when_that_is_confirmed(
    source: Path, tmp_path: Path, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(source / "app")
    there = tmp_path / "copy"
    there.mkdir()
    copy = copy_at(there, LocalDirectory(path=os.fsencode(there)), max_delete=5)
    engine = _begun(engines, source, copy)
    _come_back(engine, source / "app", source / "app.old", monkeypatch)
    engine.wait_for_state(TargetState.HALTED)
    control = Control(lambda: tuple(engine.daemon._pipelines.values()))
    control(Request(verb=Verb.RESUME, confirm=True))
    engine.wait_for_rest()

    assert_same_trees(source, there)
    assert _links(there) == {1}


def test_what_gets_its_old_name_again_shares_no_file_with_itself(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    _filled(source / "app")
    engine = _begun(engines, source, copy_at(rsyncd.root, rsyncd.endpoint))
    for _ in range(5):
        (source / "app").rename(source / "app.old")
        wait_until((rsyncd.root / "app.old" / "big").exists)
        (source / "app.old").rename(source / "app")
        engine.wait_for_rest()

        assert_same_trees(source, rsyncd.root)
        assert _links(rsyncd.root) == {1}
