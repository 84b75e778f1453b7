"""Paths that are longer than the kernel and rsync take: PATH_MAX, 4096 bytes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.model.path import is_too_long
from sersync.model.target import LocalDirectory
from tests.support.engine import Engines, copy_at
from tests.support.trees import wait_until

_NAME = "d" * 200


def _make_deep(root: Path) -> None:
    """Make directories that lead deeper than any path can name."""
    with contextlib.chdir(root):
        for _ in range(30):
            os.mkdir(_NAME)
            os.chdir(_NAME)
        Path("file").write_text("deep")


@pytest.fixture
def top() -> Iterator[Path]:
    """A directory with a short path: only what lies in it is too long."""
    with tempfile.TemporaryDirectory(prefix="s-") as name:
        yield Path(name)


def test_what_is_too_long_is_shown_with_its_reason_and_tried_ever_more_slowly(
    engines: Engines, top: Path
) -> None:
    source, copy, aside = top / "source", top / "copy", top / "aside"
    source.mkdir()
    aside.mkdir()
    engine = engines(source, copy_at(copy, LocalDirectory(path=bytes(copy))))
    engine.wait_for_rest()
    # Moved in at once: of one that grows there, each step may be carried in a run of its own.
    _make_deep(aside)
    (aside / _NAME).rename(source / _NAME)
    wait_until(lambda: sum(bool(each.outcome.problems) for each in engine.batches) >= 4, 60.0)
    [problem] = engine.status().problems
    batches = len(engine.batches)
    wait_until(lambda: engine.status().pending == 1)
    (source / "later").write_text("x")
    wait_until((copy / "later").exists)

    assert is_too_long(problem.path)
    assert "File name too long" in problem.message
    assert "shorten" in problem.remedy
    assert batches < 15
    [note] = [each for each in engine.daemon.status().sources[0].notes if "not watched" in each]
    assert "setfacl" not in note
