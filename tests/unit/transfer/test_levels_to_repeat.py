"""Levels whose deletions rsync has skipped are due again, but nobody is made busy by them."""

from __future__ import annotations

from sersync.model.batch import Again, Problem, Stage, Verdict
from sersync.model.dirty import Scope
from sersync.model.path import RelPath
from sersync.transfer.active import levels_to_repeat
from sersync.transfer.batch import Run
from sersync.transfer.command import Kind
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
