"""What is known about a path, in sentences for people. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime

from sersync.model.batch import Problem, Reason, Stage, Verdict
from sersync.model.difference import Difference, Kind
from sersync.model.explanation import (
    Carried,
    Exclusion,
    Explanation,
    FileKind,
    OfTarget,
    OnTarget,
    Watched,
)
from sersync.model.pasting import own_command, resume_command, word
from sersync.model.path import RelPath, display
from sersync.model.pending import Because, MissingPath
from sersync.model.status import TargetState

_CARRYING = (Verdict.DONE.value, Verdict.PARTIAL.value)
_AS_HERE = {True: " as it is here", False: " either"}
_KINDS = {
    FileKind.FILE: "a file",
    FileKind.DIRECTORY: "a directory",
    FileKind.SYMLINK: "a symlink",
    FileKind.OTHER: "a special file",
}


def sentences(explanation: Explanation, *, state_dir: str) -> list[str]:
    """Return all of it, the source first, then each target with its name in front.

    *state_dir*: of the daemon, for the commands that it is answered by.
    """
    return [
        *_of_source(explanation, state_dir),
        *(
            f"{each.target}: {line}"
            for each in explanation.targets
            if explanation.excluded is None and explanation.behind is None
            for line in _of_target(each, explanation, state_dir)
        ),
    ]


def _of_source(about: Explanation, state_dir: str) -> Iterator[str]:
    path = display(about.path) if about.path else "the root"
    if about.behind is not None:
        yield (
            f"{path} lies behind {display(about.behind)}, which is no directory here, so it is no"
            " part of the source; a symlink is carried as what it is"
        )
        return
    if about.kind is FileKind.NOTHING:
        yield f"at {path} there is nothing in {display(about.root)} now"
    else:
        size = f" of {about.size_bytes:,} bytes" if about.kind is FileKind.FILE else ""
        yield f"{path} is {_KINDS[about.kind]}{size} in {display(about.root)}"
    if about.excluded is not None:
        yield _excluded(about.excluded, about.path)
        return
    if about.halted is not None:
        yield f"the source is halted: {_said(about.halted)}"
        return
    yield _watched(about, state_dir)


def _excluded(excluded: Exclusion, path: bytes) -> str:
    place = f" ({excluded.place})" if excluded.place else ""
    what = "it is excluded" if excluded.path == path else f"{display(excluded.path)} is excluded"
    return f"{what} by `{excluded.rule}`{place}: never carried, never deleted on a target"


def _watched(about: Explanation, state_dir: str) -> str:
    where = display(about.watched_from) if about.watched_from else "the root"
    match about.watched:
        case Watched.TOLD:
            return f"the kernel tells of its changes: {where} is watched"
        case Watched.SHARED:
            return (
                f"what this host changes is told by the kernel; {where} is on a file system that"
                " others change too, and is looked through now and then"
            )
        case Watched.POLLED:
            return f"{where} is not watched; it is looked through now and then"
        case Watched.MISSING:
            gone = resume_command(state_dir, about.source, confirm=True)
            return (
                f"the file system at {where} is missing: nothing in it is carried or deleted. Mount"
                f" it; if it is gone for good: {gone}"
            )
        case Watched.NOT_YET:
            return f"{where} is not watched: there is no such directory, or it is very new"
        case Watched.HALTED:
            return "the source is halted, and not watched"


def _of_target(each: OfTarget, about: Explanation, state_dir: str) -> Iterator[str]:
    if each.excluded is not None:
        yield _excluded(each.excluded, b"")
        return
    if each.on_target is not None:
        yield _on_target(each.on_target, is_here=about.kind is not FileKind.NOTHING)
    stands_still = (
        each.state in (TargetState.PAUSED, TargetState.HALTED)
        or about.halted is not None
        or about.watched is Watched.MISSING
    )
    for pending in each.pending[:3]:
        yield _pending(pending, stands_still=stands_still)
    more = len(each.pending) - 3 + each.omitted
    if more > 0:
        are = "is" if more == 1 else "are"
        yield f"and {_paths(more, 'more ')} above or below it {are} pending"
    for subtree in each.compared:
        where = display(subtree) if subtree else "everything"
        yield f"{where} is being compared with the target, or is to be"
    if each.problem is not None:
        yield _problem(each.problem, about.path)
    if each.pending or each.compared or each.reason is not None:
        yield from _held_up(each, about, state_dir)
    elif each.problem is not None:
        yield "nothing else is pending for it"
    elif (found := _difference(each)) is not None and found.newer:
        here = word(os.path.join(about.root, about.path))
        yield (
            "the target's is newer, and -u (--update) among the rsync options leaves such a file as"
            " it is there; to have this one carried all the same, change it here, or only its"
            f" time: touch -c {here}"
        )
    elif found is not None:
        names = ("--source", about.source, "--target", each.target)
        repair = own_command("verify", "--repair", *names, state_dir=state_dir)
        yield (
            "nothing is pending for it, so something else has changed the target; to put that"
            f" right: {repair}"
        )
    else:
        yield "nothing is pending for it"
    if each.last is not None:
        yield _last(each.last, about.path)


def _last(last: Carried, path: RelPath) -> str:
    """Return which transfer the path was in last, as ``sersync history`` calls it."""
    did = "tried" if last.failed or last.verdict not in _CARRYING else "carried"
    if last.by != path:
        did = f"carried, or found alike with all of {display(last.by) or 'the root'},"
    when = datetime.fromtimestamp(last.at).astimezone().isoformat(" ", "seconds")
    return (
        f"last {did} {when} by transfer #{last.number}, with {_paths(last.paths)} in"
        f" {last.duration_s:.2f} s: {last.verdict}" + (f", {last.reason}" if last.reason else "")
    )


def _difference(each: OfTarget) -> Difference | None:
    return each.on_target.difference if each.on_target is not None else None


def _problem(problem: Problem, path: bytes) -> str:
    said = f"{problem.message}. {problem.remedy}".rstrip()
    it = "it" if problem.path == path else f"{display(problem.path)}, in which it lies,"
    if problem.stage is Stage.REFUSED:
        return f"{it} is not carried: {said}"
    times = problem.failures
    return f"{it} failed {'once' if times == 1 else f'{times} times in a row'}: {said}"


def _on_target(shown: OnTarget, *, is_here: bool) -> str:
    if shown.unknown is not None:
        return f"what the target has of it is not known: {_said(shown.unknown)}"
    difference = shown.difference
    if difference is None:
        return f"it {'stands' if is_here else 'is not'} on the target{_AS_HERE[is_here]}"
    if difference.kind is Kind.ABSENT:
        return "it is not on the target"
    if difference.kind is Kind.STRANGE:
        return "it is on the target only"
    return f"it is on the target, but other: {', '.join(difference.how)}"


def _pending(pending: MissingPath, *, stands_still: bool) -> str:
    path = display(pending.path) if pending.path else "the root"
    since = f"{path} is pending since {pending.since_s:.1f} s"
    if stands_still and pending.because is not Because.IN_FLIGHT:
        return f"{since}: it waits until a person lets that go on"
    match pending.because:
        case Because.IN_FLIGHT:
            return f"{since}: a transfer carries it now"
        case Because.BUSY:
            return f"{since}: it waits for a transfer that holds it, or something above or below"
        case Because.HELD:
            return (
                f"{since}: it was written a moment ago, perhaps still is, and is carried when it"
                f" is closed, or in {pending.due_in_s:.1f} s"
            )
        case Because.FAILED:
            return f"{since}: it failed, and is tried again in {pending.due_in_s:.0f} s"
        case Because.COMPARED:
            return f"{since}: it is being compared"
        case Because.DUE:
            return f"{since}: it goes with the next transfer"


def _held_up(each: OfTarget, about: Explanation, state_dir: str) -> Iterator[str]:
    is_halted = each.state is TargetState.HALTED
    confirm = is_halted and each.reason is not None and each.reason.needs_confirm
    goes_on = resume_command(state_dir, about.source, each.target, confirm=confirm)
    if each.state is TargetState.PAUSED:
        yield f"the target is paused; it goes on with: {goes_on}"
    elif about.halted is not None:
        yield "nothing is carried to the target until the source goes on"
    elif is_halted and each.reason is not None:
        said = _said(each.reason)
        then = "if that is meant, it goes on with" if confirm else "then it goes on with"
        yield f"the target is halted: {said}" + ("" if goes_on in said else f"; {then}: {goes_on}")
    elif each.reason is not None:
        later = f"; next attempt in {each.retry_in_s:.0f} s" if each.retry_in_s else ""
        yield f"the target is {each.state.value}: {_said(each.reason)}{later}"


def _paths(number: int, more: str = "") -> str:
    return f"{number:,} {more}{'path' if number == 1 else 'paths'}"


def _said(reason: Reason) -> str:
    return f"{reason.message}. {reason.remedy}".rstrip(" .")
