"""One running transfer, and what its end means. No process is started or signalled here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sersync.linux.child import Child
from sersync.model.batch import Again, Outcome, Problem, Reason, Stage, Stats, Verdict
from sersync.model.dirty import Scope
from sersync.model.path import RelPath, display, is_within, parent
from sersync.transfer.batch import Run
from sersync.transfer.command import Recipe, pasteable
from sersync.transfer.locks import Hold
from sersync.transfer.output import Item, parse_progress
from sersync.transfer.plan import unspell
from sersync.transfer.tree import SourceTree
from sersync.transfer.verdict import Judgement

Attributes = tuple[int, int, int, int]
"""Inode, mode, modification and change time of a directory."""


@dataclass(slots=True, eq=False)
class Active:
    """A run that is under way. *patience_s*: how long it may stand still before it is ended."""

    run: Run
    recipe: Recipe
    child: Child
    hold: Hold
    started_at: float
    warm: bool
    patience_s: float
    parents: Mapping[RelPath, Attributes]
    """The implied parents as they were when the run was planned."""
    beside: set[RelPath] = field(default_factory=set)
    """The implied parents of all runs that were active at the same time."""
    moved_bytes: int = 0
    moved_at: float = 0.0
    stalled: bool = False
    first: Judgement | None = None
    """The judgement of the transfer itself, while a dry run finds out what is missing."""
    stats: Stats = field(default_factory=Stats)
    token: bytes = field(default_factory=lambda: secrets.token_hex(8).encode() + b" ")

    def meets(self, other: Active) -> None:
        """Take note that the two run at the same time."""
        self.beside |= other.hold.above
        other.beside |= self.hold.above


def attributes_of(tree: SourceTree, directories: frozenset[RelPath]) -> dict[RelPath, Attributes]:
    """Return what the implied parents look like now."""
    seen = {directory: tree.lstat(directory) for directory in directories}
    return {
        directory: (now.st_ino, now.st_mode, now.st_mtime_ns, now.st_ctime_ns)
        for directory, now in seen.items()
        if now is not None
    }


def outdone_parents(active: Active, tree: SourceTree) -> list[RelPath]:
    """Return the parents to which *active* may have given attributes that were old by then.

    A run sets the attributes of the directories above its paths as it saw them at its start. If
    they changed since, a faster run beside it may have brought the newer ones before.
    """
    shared = frozenset(active.parents) & active.beside
    now = attributes_of(tree, shared)
    return [path for path in shared if path in now and now[path] != active.parents[path]]


def judged(active: Active, judgement: Judgement, now: float) -> Judgement:
    """Return *judgement*, unless we ended the run ourselves since it stood still."""
    if not active.stalled:
        return judgement
    return replace(
        judgement,
        verdict=Verdict.RETRY,
        unconfirmed=True,
        reason=Reason(
            message=f"rsync stood still for {now - active.moved_at:.0f} s and was ended",
            remedy="Look at the target's load, its disk and the network.",
        ),
    )


def again_after(active: Active, judgement: Judgement, tree: SourceTree) -> list[Again]:
    """Return what is dirty anew after a run, although nothing changed at the source."""
    again = [Again(path=path) for path in outdone_parents(active, tree)]
    if judgement.verdict in (Verdict.DONE, Verdict.PARTIAL):
        again += [Again(path=path) for path in active.run.large]
        again += levels_to_repeat(active, judgement)
    return again


def concluded(active: Active, judgement: Judgement, *, now: float, again: list[Again]) -> Outcome:
    """Return the outcome of a run whose *judgement* needs no further look."""
    return Outcome(
        verdict=judgement.verdict,
        paths=tuple(active.run.dirties),
        reason=judgement.reason,
        exit_code=judgement.exit_code,
        duration_s=now - active.started_at,
        stats=active.stats,
        problems=judgement.problems,
        again=tuple(again),
        unconfirmed=judgement.unconfirmed,
        kind=active.run.kind.value,
        warm=active.warm,
        command=pasteable(active.child.argv, active.run.names),
    )


def moved(active: Active, judgement: Judgement, *, now: float) -> Outcome:
    """Return the outcome of a run that took files over from an old name.

    The directories above are carried after it. Where it did not come to its end, what it was for
    is tried again as if there had been no old name.
    """
    new = active.run.locks[0]
    outcome = concluded(active, judgement, now=now, again=[Again(path=new)])
    if judgement.verdict is not Verdict.PARTIAL:
        return outcome
    message = f"it could not be taken over from {display(active.run.origin or b'')}; it is sent"
    return replace(outcome, problems=(Problem(path=new, stage=Stage.CHANGED, message=message),))


def resolved(
    active: Active, first: Judgement, items: list[Item], again: list[Again], now: float
) -> Outcome:
    """Return the outcome of a partial run, given what a dry run of it still wants to do."""
    problems = {problem.path: problem for problem in first.problems}
    for item in items:
        unknown = Problem(
            path=item.path,
            stage=Stage.DELETE if item.deleted else Stage.CHANGED,
            message="still there on the target" if item.deleted else "still differs",
        )
        problems.setdefault(item.path, first.explanation(item.path) or unknown)
    failing = [problem for problem in problems.values() if _concerns(problem.path, active.run)]
    return Outcome(
        verdict=Verdict.PARTIAL if failing else Verdict.DONE,
        paths=tuple(active.run.dirties),
        reason=first.reason if failing else None,
        duration_s=now - active.started_at,
        stats=active.stats,
        problems=tuple(failing),
        again=tuple(again),
        kind=active.run.kind.value,
        warm=active.warm,
        command=pasteable(active.child.argv, active.run.names),
    )


def levels_to_repeat(active: Active, judgement: Judgement) -> list[Again]:
    """Return the levels whose deletions rsync skipped because another one could not be read.

    The one that could not be read is left to its own, slower retry.
    """
    if not judgement.deletions_skipped:
        return []
    failing = {problem.path for problem in judgement.problems}
    failing |= {parent(path) for path in failing if path}
    levels = [unspell(name) for name in active.run.names if name.endswith(b"/")]
    return [Again(path=each, scope=Scope.LEVEL, failed=each in failing) for each in levels]


def _concerns(path: RelPath, run: Run) -> bool:
    # A dry run also names the implied parents; another run carries their times right now.
    return any(is_within(path, lock) for lock in run.locks)


def progress_of(each: Active) -> int:
    """Return how many bytes of its files a run has handled; for any thread.

    Only a run of large files prints its progress: for small ones rsync would print a line each.
    What those read from the files and write to the target is counted by the kernel.
    """
    told = parse_progress(each.child.stdout.last)
    return min(each.child.io_bytes() // 2 if told is None else told, each.run.file_bytes)
