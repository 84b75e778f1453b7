"""Answers to questions in which no field is empty."""

from __future__ import annotations

from sersync.model.batch import Problem, Reason, Stage
from sersync.model.difference import Difference, Kind
from sersync.model.dirty import Scope
from sersync.model.explanation import (
    Carried,
    Exclusion,
    Explanation,
    FileKind,
    OfTarget,
    OnTarget,
    Watched,
)
from sersync.model.path import RelPath
from sersync.model.pending import Because, Ending, Flushed, MissingPath, Waited
from sersync.model.status import PassProgress, TargetState
from sersync.model.verification import Cause, Found, Verification

_REASON = Reason(message="refused", remedy="try again", command="ls")
_PROBLEM = Problem(path=RelPath(b"a"), stage=Stage.WRITE, message="no room", failures=2)
_DIFFERENCE = Difference(path=RelPath(b"a"), kind=Kind.CHANGED, how=("size",))


def a_missing_path(because: Because = Because.FAILED) -> MissingPath:
    """Return one that failed, with its problem, or is missing for another cause."""
    return MissingPath(
        path=RelPath(b"a"),
        scope=Scope.ENTRY,
        because=because,
        since_s=1.0,
        due_in_s=2.0,
        problem=_PROBLEM if because is Because.FAILED else None,
    )


def a_full_wait() -> Waited:
    """Return a wait that ended with nothing as it should be."""
    return Waited(
        source="www",
        target="web1",
        ending=Ending.WAITING,
        state=TargetState.BACKING_OFF,
        reason=_REASON,
        goes_on="sersync resume",
        stage="everything is being compared",
        progress=PassProgress(entries=1, entries_total=2),
        paths=(a_missing_path(),),
        omitted=3,
        refused=(_PROBLEM,),
        unconfirmed=1,
        notes=("looked through",),
    )


def a_full_flush() -> Flushed:
    """Return a flush of a target that is paused."""
    return Flushed(
        source="www",
        target="web1",
        held=1,
        pending=2,
        in_flight=3,
        state=TargetState.PAUSED,
        reason=_REASON,
    )


def a_full_explanation() -> Explanation:
    """Return all that can be known of a path, and more than can be so at once."""
    excluded = Exclusion(path=RelPath(b"a"), rule="- a", place="sersync.toml:3")
    return Explanation(
        source="www",
        root=b"/srv/www",
        path=RelPath(b"a"),
        kind=FileKind.FILE,
        behind=RelPath(b"link"),
        size_bytes=5,
        excluded=excluded,
        watched=Watched.POLLED,
        watched_from=RelPath(b"d"),
        halted=_REASON,
        targets=(
            OfTarget(
                target="web1",
                state=TargetState.BACKING_OFF,
                reason=_REASON,
                retry_in_s=1.0,
                excluded=excluded,
                pending=(a_missing_path(),),
                omitted=1,
                compared=(RelPath(b"d"),),
                problem=_PROBLEM,
                unconfirmed=1,
                last=Carried(
                    at=1e9, kind="entries", verdict="done", paths=1, duration_s=1.0, lag_s=1.0
                ),
                on_target=OnTarget(difference=_DIFFERENCE, unknown=_REASON),
            ),
        ),
    )


def a_full_verification() -> Verification:
    """Return one that found something, and failed then."""
    return Verification(
        source="www",
        target="web1",
        found=(Found(difference=_DIFFERENCE, cause=Cause.DRIFT),),
        failed=_REASON,
    )
