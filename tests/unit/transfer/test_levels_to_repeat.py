"""Levels that are due again after a run, although nothing changed at the source."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from sersync.linux.child import Child
from sersync.model.batch import Again, Problem, Stage, Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.dirty import Scope
from sersync.model.path import RelPath
from sersync.transfer.active import Active, again_after, levels_to_repeat
from sersync.transfer.batch import Run
from sersync.transfer.command import Kind, Recipe
from sersync.transfer.tree import SourceTree
from sersync.transfer.verdict import Judgement

RUN = Run(Kind.ENTRIES, names=[b"/a/", b"/b/", b"/c"], list_bytes=12)


def skipped(*failing: bytes) -> Judgement:
    problems = tuple(
        Problem(path=RelPath(each), stage=Stage.READ, message="it cannot be read")
        for each in failing
    )
    return Judgement(verdict=Verdict.PARTIAL, problems=problems, deletions_skipped=True)


def level(path: bytes, *, failed: bool) -> Again:
    return Again(path=RelPath(path), scope=Scope.LEVEL, failed=failed)


def test_the_level_of_what_failed_is_left_to_a_slower_retry() -> None:
    assert levels_to_repeat(RUN, skipped(b"a/x")) == [
        level(b"a", failed=True),
        level(b"b", failed=False),
    ]


def test_where_nobody_knows_what_failed_all_levels_are() -> None:
    assert levels_to_repeat(RUN, skipped()) == [level(b"a", failed=True), level(b"b", failed=True)]


@pytest.mark.parametrize("was_cut", [False, True])
def test_after_a_run_that_was_cut_before_its_leavings_are_looked_for(
    tmp_path: Path, was_cut: bool
) -> None:
    (tmp_path / "d").mkdir()
    run = Run(Kind.ENTRIES, names=[b"/d/x"], list_bytes=5)
    recipe = Recipe(kind=Kind.ENTRIES, capabilities=Capabilities(), max_delete=None)
    active = Active(
        run=run,
        recipe=recipe,
        child=cast("Child", None),
        hold=run.hold,
        started_at=0.0,
        warm=False,
        patience_s=1.0,
        parents={},
        was_cut=was_cut,
    )
    done = Judgement(verdict=Verdict.DONE)

    again = again_after(active, done, SourceTree(bytes(tmp_path)))

    assert again == ([level(b"d", failed=True)] if was_cut else [])
