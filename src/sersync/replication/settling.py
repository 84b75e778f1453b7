"""What has to be carried again after a run: pure, from an outcome to dirty paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sersync.model.batch import Again, Outcome, Problem, Stage
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath

_REPEAT_AFTER_S: Final = 1.0
"""When a level is compared again whose deletions were skipped for its own sake."""


def dirty_again(
    outcome: Outcome,
    now: float,
    *,
    failures_of: Callable[[RelPath], int],
    retry_at_of: Callable[[RelPath], float],
    pause_s: Callable[[int], float],
) -> list[DirtyPath]:
    """Return what of *outcome* is dirty anew: what it names, and each path that failed.

    A path that fails is tried again on its own, ever more slowly (*pause_s* of its failures in a
    row), so that it is never in the way of others. What the target will never take is left, and
    what vanished is just looked at again.

    One that is told of before its time (*retry_at_of*) fails the attempt of another path: of a
    directory above it, perhaps. Its own next attempt stands as it stood.
    """
    first_seen = min((each.first_seen for each in outcome.paths), default=now)
    again = [_again(each, now, first_seen) for each in outcome.again]
    retried = {each.path: each.failures for each in outcome.paths}
    for problem in outcome.problems:
        if problem.stage is Stage.VANISHED:
            again.append(_again(Again(path=problem.path), now, first_seen))
        elif problem.stage is not Stage.REFUSED:
            failures = max(failures_of(problem.path), retried.get(problem.path, 0))
            due = retry_at_of(problem.path)
            if problem.path in retried or due <= now:
                failures += 1
                due = now + pause_s(failures)
            again.append(_retry(problem, failures, first_seen=first_seen, not_before=due))
    return again


def _again(each: Again, now: float, first_seen: float) -> DirtyPath:
    # As old as what it follows from: until it is carried, that is not done.
    return DirtyPath(
        path=each.path,
        scope=each.scope,
        sequence=0,
        first_seen=first_seen,
        not_before=now + _REPEAT_AFTER_S if each.failed else 0.0,
        content=each.content,
    )


def _retry(problem: Problem, failures: int, *, first_seen: float, not_before: float) -> DirtyPath:
    # A tree, since what could not be read may be a directory; of anything else it is the name.
    return DirtyPath(
        path=problem.path,
        scope=Scope.TREE,
        sequence=0,
        first_seen=first_seen,
        not_before=not_before,
        content=True,
        failures=failures,
    )
