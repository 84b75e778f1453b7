"""Files with several names, written to where nobody listens: in a directory that was just moved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sersync.model.filters import Filter, parse_rule
from sersync.model.target import LocalDirectory
from tests.support.engine import Engine, Engines, copy_at
from tests.support.trees import assert_same_trees, wait_until

_A_TIME_NS = 10**18


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    (tmp_path / "ours").mkdir()
    return tmp_path / "ours"


@pytest.fixture
def engine(source: Path, ours: Path, engines: Engines) -> Engine:
    """``a`` and ``dir/x`` are one file; both are known."""
    (source / "dir").mkdir()
    (source / "dir" / "x").write_text("old")
    os.link(source / "dir" / "x", source / "a")
    os.utime(source / "a", ns=(_A_TIME_NS, _A_TIME_NS))
    copy = copy_at(ours, LocalDirectory(path=os.fsencode(ours)), witness_every_s=0.0)
    engine = engines(source, copy)
    engine.wait_for_rest()
    return engine


def rewrite_behind_its_time(name: Path) -> None:
    name.write_text("new")
    os.utime(name, ns=(_A_TIME_NS, _A_TIME_NS))


@pytest.mark.parametrize("is_replaced", [False, True])
@pytest.mark.parametrize("is_removed", [False, True])
def test_the_other_name_is_sent_too(
    source: Path, ours: Path, engine: Engine, is_replaced: bool, is_removed: bool
) -> None:
    (source / "dir").rename(source / "moved")
    if is_replaced:
        (source / "dir").mkdir()
        (source / "dir" / "x").write_text("another one")
    rewrite_behind_its_time(source / "moved" / "x")
    if is_removed:
        (source / "moved" / "x").unlink()

    engine.wait_for_rest()
    wait_until(lambda: (ours / "a").read_text() == "new")
    engine.wait_for_rest()
    assert_same_trees(source, ours)


def test_a_directory_that_is_only_moved_sends_no_other_name_again(
    source: Path, ours: Path, engine: Engine
) -> None:
    inode = (ours / "a").stat().st_ino
    (source / "dir").rename(source / "moved")
    engine.wait_for_rest()

    assert_same_trees(source, ours)
    assert (ours / "a").stat().st_ino == inode


def test_what_is_written_by_a_name_that_the_target_excludes_is_sent_by_the_others(
    source: Path, ours: Path, engines: Engines
) -> None:
    for directory in ("pub", "work"):
        (source / directory).mkdir()
    (source / "pub" / "x").write_text("old")
    os.link(source / "pub" / "x", source / "work" / "x")
    filters = Filter([parse_rule(b"- /work/")])
    here = LocalDirectory(path=os.fsencode(ours))
    engine = engines(source, copy_at(ours, here, filters=filters, witness_every_s=0.0))
    engine.wait_for_rest()
    for text in ("new", "newer"):
        with (source / "work" / "x").open("w") as file:
            file.write(text)
        engine.wait_for_rest()
        assert (ours / "pub" / "x").read_text() == text
    assert not (ours / "work").exists()
