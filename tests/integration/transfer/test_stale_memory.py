"""What is remembered of a path is of no use once another file came to the target under its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sersync.model.target import LocalDirectory
from tests.support.engine import Engine, Engines, copy_at


@pytest.fixture
def engine(source: Path, tmp_path: Path, engines: Engines) -> Engine:
    path = tmp_path / "copy"
    engine = engines(source, copy_at(path, LocalDirectory(path=os.fsencode(path))))
    engine.wait_for_rest()
    return engine


def rewrite_behind_its_time(file: Path, content: str) -> None:
    before = file.stat()
    assert before.st_size == len(content)
    file.write_text(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_rewrite_of_a_file_that_came_with_its_directory_is_sent(
    engine: Engine, source: Path, tmp_path: Path
) -> None:
    (source / "d").mkdir()
    engine.wait_for_rest()
    (source / "d" / "f").write_text("carried by its own name")
    engine.wait_for_rest()
    other = tmp_path / "other"
    other.mkdir()
    (other / "f").write_text("older")
    os.utime(other / "f", (1_000_000_000, 1_000_000_000))
    (source / "d").rename(tmp_path / "away")
    other.rename(source / "d")
    engine.wait_for_rest()
    rewrite_behind_its_time(source / "d" / "f", "newer")
    engine.wait_for_rest()

    assert (tmp_path / "copy" / "d" / "f").read_text() == "newer"


def test_a_rewrite_of_a_file_that_was_moved_with_its_directory_is_sent(
    engine: Engine, source: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (source / name).mkdir()
    engine.wait_for_rest()
    (source / "a" / "f").write_text("of a, which comes in place of b")
    (source / "b" / "f").write_text("of b")
    engine.wait_for_rest()
    (source / "b").rename(source / "c")
    (source / "a").rename(source / "b")
    engine.wait_for_rest()
    rewrite_behind_its_time(source / "b" / "f", "of a, which has come in place b")
    engine.wait_for_rest()

    assert (tmp_path / "copy" / "b" / "f").read_text() == "of a, which has come in place b"
