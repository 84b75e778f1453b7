"""What is due again after a run, although nothing changed at the source."""

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


def test_the_level_of_a_path_that_is_too_long_is_repeated_by_that_path_alone() -> None:
    assert levels_to_repeat(RUN, skipped(b"a/" + b"x" * 4094)) == [level(b"b", failed=False)]


def test_where_nobody_knows_what_failed_all_levels_are() -> None:
    assert levels_to_repeat(RUN, skipped()) == [level(b"a", failed=True), level(b"b", failed=True)]


@pytest.mark.parametrize("was_cut", [False, True])
def test_after_a_run_that_was_cut_before_its_leavings_are_looked_for(
    tmp_path: Path, was_cut: bool
) -> None:
    (tmp_path / "d").mkdir()
    run = Run(Kind.ENTRIES, names=[b"/d/x"], list_bytes=5)
    done = Judgement(verdict=Verdict.DONE)

    again = again_after(active(run, was_cut=was_cut), done, SourceTree(bytes(tmp_path)))

    assert again == ([level(b"d", failed=True)] if was_cut else [])


@pytest.mark.parametrize("verdict", [Verdict.DONE, Verdict.PARTIAL])
def test_what_was_to_be_deleted_and_is_there_again_may_look_like_what_the_target_kept(
    tmp_path: Path, verdict: Verdict
) -> None:
    (tmp_path / "d").mkdir()
    names = [RelPath(b"d"), RelPath(b"x")]
    run = Run(Kind.ENTRIES, names=[b"./d", b"./x"], list_bytes=8, gone=names, anew=[RelPath(b"e")])

    again = again_after(active(run), Judgement(verdict=verdict), SourceTree(bytes(tmp_path)))

    there = (RelPath(b"e"), RelPath(b"d"))
    assert again == [Again(path=path, scope=Scope.TREE, content=True) for path in there]


def active(run: Run, *, was_cut: bool = False) -> Active:
    recipe = Recipe(kind=Kind.ENTRIES, capabilities=Capabilities(), max_delete=None)
    return Active(
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
