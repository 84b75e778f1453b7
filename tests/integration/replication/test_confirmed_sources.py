"""What a person has to confirm stays so, whatever restarts; what was confirmed allows no more."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sersync.daemon.control import Control
from sersync.model.request import Request, Verb
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.trees import assert_same_trees, wait_until

_FILES = 40


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return local(tmp_path, "copy")


def local(tmp_path: Path, name: str, **settings: object) -> Copy:
    (tmp_path / name).mkdir()
    endpoint = LocalDirectory(path=os.fsencode(tmp_path / name))
    return copy_at(tmp_path / name, endpoint, name, **settings)


def carried(engines: Engines, source: Path, *copies: Copy) -> Engine:
    for number in range(_FILES):
        (source / f"f{number}").write_text("of before")
    engine = engines(source, *copies, state_dir=source.parent / "state")
    engine.wait_for_rest()
    return engine


def another_directory(source: Path) -> None:
    source.rename(source.with_name("former"))
    source.mkdir()
    (source / "one").write_text("of another tree")


def a_symlink_to_another_directory(source: Path) -> None:
    source.rename(source.with_name("former"))
    other = source.with_name("other")
    other.mkdir()
    (other / "one").write_text("of another tree")
    source.symlink_to(other)


def halted(engine: Engine) -> None:
    engine.wait_for_state(TargetState.HALTED)

    def is_told() -> bool:
        reason = engine.status().reason
        return reason is not None and "another directory than before" in reason.message

    # A root that is being replaced is gone for a moment, and told so first.
    wait_until(is_told, message=lambda: f"it says something else: {engine.status().reason}")


def confirm(engine: Engine, target: str = "") -> None:
    Control(engine.daemon._all)(Request(verb=Verb.RESUME, confirm=True, target=target))


@pytest.mark.parametrize("replace_root", [another_directory, a_symlink_to_another_directory])
def test_a_root_that_was_replaced_halts_after_every_restart_until_that_is_confirmed(
    source: Path, copy: Copy, engines: Engines, replace_root: Callable[[Path], None]
) -> None:
    engine = carried(engines, source, copy)
    before = len(list(copy.path.iterdir()))
    replace_root(source)
    halted(engine)
    for _ in range(3):
        engine.stop()
        engine = engines(source, copy, state_dir=source.parent / "state")
        halted(engine)
        assert len(list(copy.path.iterdir())) == before
    confirm(engine)
    engine.wait_for_rest()
    engine.stop()
    assert_same_trees(source.resolve(), copy.path)
    again = engines(source, copy, state_dir=source.parent / "state")
    again.wait_for_rest()


def test_the_right_root_that_is_back_after_a_restart_is_carried(
    source: Path, copy: Copy, engines: Engines
) -> None:
    engine = carried(engines, source, copy)
    another_directory(source)
    halted(engine)
    for _ in range(2):
        engine.stop()
        engine = engines(source, copy, state_dir=source.parent / "state")
        halted(engine)
    engine.stop()
    shutil.rmtree(source)
    source.with_name("former").rename(source)
    (source / "f0").write_text("changed meanwhile")
    again = engines(source, copy, state_dir=source.parent / "state")
    again.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_a_confirmation_takes_no_later_emptiness_for_meant(
    source: Path, copy: Copy, engines: Engines
) -> None:
    engine = carried(engines, source, copy)
    source.rename(source.with_name("former"))
    shutil.copytree(source.with_name("former"), source)
    halted(engine)
    confirm(engine)
    engine.wait_for_rest()
    away = source.with_name("away")
    away.mkdir()
    subprocess.run(["sh", "-c", 'mv "$0"/* "$1"', source, away], check=True)
    status = engine.wait_for_state(TargetState.HALTED)

    assert status.reason is not None
    assert "was emptied" in status.reason.message
    assert len(list(copy.path.iterdir())) > 0


@pytest.mark.root
def test_who_confirms_for_one_target_says_nothing_of_a_missing_file_system(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    """Without root: only root can mount."""
    (source / "vol").mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "vol", source / "vol"], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not possible here")
    few, many = local(tmp_path, "few", max_delete=20), local(tmp_path, "many")
    try:
        (source / "vol" / "kept").write_text("on another file system")
        engine = carried(engines, source, few, many)
    finally:
        subprocess.run(["umount", "-l", source / "vol"], check=True)
    wait_until(lambda: bool(engine.daemon.status().sources[0].missing))
    for number in range(_FILES):
        (source / f"f{number}").unlink()
    engine.wait_for_state(TargetState.HALTED, "few")
    # Confirmed is what is known by then: all of it, once the other one has deleted all of it.
    wait_until(lambda: not list(many.path.glob("f*")))
    confirm(engine, "few")
    wait_until(lambda: not (few.path / "f0").exists())
    engine.wait_for_rest()

    assert (few.path / "vol" / "kept").exists()
    assert (many.path / "vol" / "kept").exists()
    assert engine.daemon.status().sources[0].missing


def test_what_was_deleted_counts_against_the_limit_also_by_other_settings(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    copy = local(tmp_path, "copy", max_delete=20)
    engine = carried(engines, source, copy)
    for number in range(15):
        (source / f"f{number}").unlink()
    wait_until(lambda: not any((copy.path / f"f{number}").exists() for number in range(15)))
    engine.wait_for_rest()
    other = replace(copy.target, options=replace(copy.target.options, times=False))
    engine.daemon.reload(engine.settings(other))
    for number in range(15, 30):
        (source / f"f{number}").unlink()

    engine.wait_for_state(TargetState.HALTED)
