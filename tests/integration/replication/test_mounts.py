"""File systems mounted below a source that go, come back, or are others. Needs root to mount.

``tests/unit/watch/test_mounts.py`` is the counterpart that runs without.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sersync.daemon.control import Control
from sersync.model.request import Did, Request, Verb
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.trees import assert_same_trees, snapshot, wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    path = tmp_path / "copy"
    return copy_at(path, LocalDirectory(path=os.fsencode(path)), max_delete=None)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A file system in a file, not mounted yet."""
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    made = subprocess.run(["mkfs.ext4", "-q", image], capture_output=True)
    if made.returncode:
        pytest.skip("mkfs.ext4 is not there")
    return image


@pytest.fixture
def volume(source: Path) -> Iterator[Path]:
    """A tmpfs below the source, with files."""
    place = source / "data" / "vol"
    place.mkdir(parents=True)
    mount_tmpfs(place)
    (place / "d").mkdir()
    (place / "d" / "file").write_text("on the volume")
    yield place
    subprocess.run(["umount", "-l", place], capture_output=True)


def mount_tmpfs(place: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)


def unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", place], check=True)


def missing(engine: Engine) -> list[bytes]:
    [source] = engine.daemon.status().sources
    return [each.path for each in source.missing]


def confirm(engine: Engine) -> list[Did]:
    control = Control(lambda: tuple(engine.daemon._pipelines.values()))
    return [deed.did for deed in control(Request(verb=Verb.RESUME, confirm=True))]


def test_an_unmounted_file_system_halts_its_subtree_only(
    source: Path, volume: Path, copy: Copy, engines: Engines
) -> None:
    engine = engines(source, copy)
    engine.wait_for_rest()
    before = snapshot(copy.path / "data" / "vol")
    unmount(volume)
    (source / "elsewhere").write_text("all else goes on")
    (source / "data" / "beside").write_text("also right beside it")
    engine.wait_for_rest()
    wait_until(lambda: missing(engine) == [b"data/vol"])
    [worker] = engine.daemon.workers()
    worker.resync(b"")  # type: ignore[arg-type]
    wait_until(lambda: engine.status().full_passes == 2)

    assert snapshot(copy.path / "data" / "vol") == before
    assert (copy.path / "elsewhere").exists()
    assert (copy.path / "data" / "beside").exists()
    assert engine.status().state is not TargetState.HALTED


def test_a_lost_file_system_is_deleted_on_the_target_when_that_is_confirmed(
    source: Path, volume: Path, copy: Copy, engines: Engines
) -> None:
    engine = engines(source, copy)
    engine.wait_for_rest()
    unmount(volume)
    wait_until(lambda: missing(engine) == [b"data/vol"])
    assert confirm(engine)[0] is Did.CONFIRMED
    wait_until(lambda: not (copy.path / "data" / "vol" / "d").exists())
    (source / "data" / "vol" / "new").write_text("where the file system was")
    wait_until((copy.path / "data" / "vol" / "new").exists)
    engine.wait_for_rest()

    assert missing(engine) == []
    assert_same_trees(source, copy.path)


def test_another_file_system_in_its_place_is_not_taken_for_it(
    source: Path, volume: Path, copy: Copy, engines: Engines
) -> None:
    engine = engines(source, copy)
    engine.wait_for_rest()
    before = snapshot(copy.path / "data" / "vol")
    unmount(volume)
    mount_tmpfs(volume)
    (volume / "strange").write_text("of another file system")
    wait_until(lambda: missing(engine) == [b"data/vol"])
    engine.wait_for_rest()
    assert snapshot(copy.path / "data" / "vol") == before
    assert confirm(engine)[0] is Did.CONFIRMED
    wait_until((copy.path / "data" / "vol" / "strange").exists)
    engine.wait_for_rest()

    assert_same_trees(source, copy.path)


def test_a_file_system_that_is_not_mounted_yet_at_the_start_is_missed_and_comes_back(
    source: Path, disk: Path, copy: Copy, engines: Engines
) -> None:
    place = source / "vol"
    place.mkdir()
    subprocess.run(["mount", "-o", "loop", disk, place], check=True)
    try:
        (place / "file").write_text("on the disk")
        engine = engines(source, copy)
        engine.wait_for_rest()
        engine.stop()
        subprocess.run(["umount", place], check=True)
        again = Engine(source, copy)
        again.daemon.settings = again.settings(copy.target)
        again.state_dir = engine.state_dir
        again.daemon.settings = again.settings(copy.target)
        again.start()
        try:
            again.wait_for_rest()
            assert missing(again) == [b"vol"]
            assert (copy.path / "vol" / "file").exists()
            subprocess.run(["mount", "-o", "loop", disk, place], check=True)
            (place / "later").write_text("written when it was back")
            wait_until((copy.path / "vol" / "later").exists)
            wait_until(lambda: missing(again) == [])
            (place / "watched").write_text("it is watched again")
            again.wait_for_rest()
        finally:
            again.stop()
        assert_same_trees(source, copy.path)
    finally:
        subprocess.run(["umount", "-l", place], capture_output=True)


def test_what_is_mounted_while_we_watch_is_carried_and_watched(
    source: Path, copy: Copy, engines: Engines
) -> None:
    place = source / "vol"
    place.mkdir()
    engine = engines(source, copy)
    engine.wait_for_rest()
    mount_tmpfs(place)
    try:
        (place / "d").mkdir()
        (place / "d" / "file").write_text("before anybody looked")
        wait_until((copy.path / "vol" / "d" / "file").exists)
        (place / "d" / "later").write_text("after that")
        wait_until((copy.path / "vol" / "d" / "later").exists)
        engine.wait_for_rest()
        assert_same_trees(source, copy.path)
        engine.stop()
    finally:
        unmount(place)


@pytest.mark.parametrize("when", ["before the start", "while we watch"])
@pytest.mark.parametrize("place", ["a", "z"])
def test_a_directory_that_is_mounted_at_a_second_place_is_watched_at_its_own(
    source: Path, copy: Copy, engines: Engines, place: str, when: str
) -> None:
    own, second = source / "m", source / place
    second.mkdir()
    (own / "d").mkdir(parents=True)
    (own / "d" / "file").write_text("before")

    def bind() -> None:
        subprocess.run(["mount", "--bind", own, second], check=True)

    if when == "before the start":
        bind()
    try:
        engine = engines(source, copy, poll_every_s=0.5)
        engine.wait_for_rest()
        if when == "while we watch":
            bind()
            wait_until((copy.path / place / "d" / "file").exists)
        for written in (own, second):
            (written / "d" / "file").write_text(f"by {written}")
            (written / "new" / written.name).mkdir(parents=True)
            for seen in ("m", place):
                copied = copy.path / seen / "d" / "file"
                wait_until(partial(holds, copied, f"by {written}"), timeout_s=30.0)
                wait_until((copy.path / seen / "new" / written.name).is_dir, timeout_s=30.0)
        engine.wait_for_rest()
        assert_same_trees(source, copy.path)
        assert any("second place" in note for note in notes(engine))
        unmount(second)
        wait_until(lambda: missing(engine) == [os.fsencode(place)])
        (own / "d" / "file").write_text("after the unmount")
        engine.wait_for_rest()
        assert (copy.path / "m" / "d" / "file").read_text() == "after the unmount"
    finally:
        subprocess.run(["umount", "-l", second], capture_output=True)


@pytest.mark.parametrize("when", ["before the start", "while we watch"])
def test_a_file_that_is_mounted_over_another_one_is_looked_at_now_and_then(
    source: Path, copy: Copy, engines: Engines, when: str
) -> None:
    outer, place = source.parent / "conf", source / "etc" / "conf"
    place.parent.mkdir()
    outer.write_text("outer")
    place.write_text("")

    def bind() -> None:
        subprocess.run(["mount", "--bind", outer, place], check=True)

    if when == "before the start":
        bind()
    try:
        engine = engines(source, copy, poll_every_s=0.5)
        engine.wait_for_rest()
        if when == "while we watch":
            bind()
        copied = copy.path / "etc" / "conf"
        wait_until(partial(holds, copied, "outer"), timeout_s=30.0)
        for at in (place, outer):
            at.write_text(f"written to {at}")
            wait_until(partial(holds, copied, f"written to {at}"), timeout_s=30.0)
        assert any("etc/conf is a file that is mounted" in note for note in notes(engine))
        engine.stop()
    finally:
        subprocess.run(["umount", "-l", place], capture_output=True)


def holds(file: Path, text: str) -> bool:
    return file.read_text() == text


def notes(engine: Engine) -> tuple[str, ...]:
    [source] = engine.daemon.status().sources
    return source.notes
