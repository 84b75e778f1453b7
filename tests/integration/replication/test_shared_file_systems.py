"""Sources on file systems that others change without this kernel's knowledge: a real FUSE.

Needs root and bindfs; ``tests/unit/watch/test_mounts.py``, ``tests/unit/model/test_mount.py`` and
``tests/unit/replication/test_polling.py`` are the counterparts that run without.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sersync.model.path import ROOT
from sersync.model.target import LocalDirectory
from tests.support.engine import Copy, Engines, copy_at
from tests.support.trees import assert_same_trees, wait_until

pytestmark = pytest.mark.root

Share = Callable[[Path, Path], None]


@pytest.fixture
def share() -> Iterator[Share]:
    """Show one directory at another place, by a file system that a program makes."""
    if shutil.which("bindfs") is None:
        pytest.skip("bindfs is not installed (apt-get install bindfs)")
    places = []

    def mount(directory: Path, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(["bindfs", directory, place], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no FUSE here: {made.stderr}")
        places.append(place)

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    path = tmp_path / "copy"
    return copy_at(path, LocalDirectory(path=os.fsencode(path)))


def _others_change(theirs: Path) -> None:
    (theirs / "d" / "edited").write_text("by somebody else")
    (theirs / "d" / "new").write_text("by somebody else")
    (theirs / "d" / "gone").unlink()


def _fill(theirs: Path) -> None:
    (theirs / "d").mkdir(parents=True)
    for name in ("edited", "gone"):
        (theirs / "d" / name).write_text("at first")


def _all_arrived(path: Path) -> bool:
    return (
        (path / "d" / "new").exists()
        and not (path / "d" / "gone").exists()
        and (path / "d" / "edited").read_text() == "by somebody else"
    )


@pytest.mark.parametrize("below", ["", "data/share"])
def test_what_others_change_on_a_shared_file_system_is_found(
    tmp_path: Path,
    source: Path,
    share: Share,
    copy: Copy,
    engines: Engines,
    caplog: pytest.LogCaptureFixture,
    below: str,
) -> None:
    caplog.set_level(logging.WARNING, "sersync.source")
    theirs = tmp_path / "theirs"
    _fill(theirs)
    root = source if below else tmp_path / "seen"
    share(theirs, root / below)
    engine = engines(root, copy, poll_every_s=1.0)
    engine.wait_for_rest()
    _others_change(theirs)
    wait_until(lambda: _all_arrived(copy.path / below), 30.0)
    engine.wait_for_rest()

    assert_same_trees(root, copy.path)
    [status] = engine.daemon.status().sources
    assert any("only of changes made on this host" in note for note in status.notes)
    assert len([line for line in caplog.messages if "made on this host" in line]) == 1


def test_what_others_change_is_not_looked_for_where_that_is_not_wanted(
    tmp_path: Path, share: Share, copy: Copy, engines: Engines
) -> None:
    theirs = tmp_path / "theirs"
    _fill(theirs)
    share(theirs, tmp_path / "seen")
    engine = engines(tmp_path / "seen", copy, poll_every_s=0.0)
    engine.wait_for_rest()
    _others_change(theirs)
    engine.wait_for_rest()
    engine.wait_for_rest()
    assert not (copy.path / "d" / "new").exists()
    # The kernel may show what it knew for a second.
    wait_until(lambda: _all_arrived(tmp_path / "seen"), 30.0)
    [worker] = engine.daemon.workers()
    worker.resync(ROOT)
    wait_until(lambda: _all_arrived(copy.path), 30.0)
