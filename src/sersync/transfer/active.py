"""One running transfer, and what its end means. No process is started or signalled here."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sersync.linux.child import Child
from sersync.model.batch import Again, Outcome, Problem, Reason, Stage, Stats, Verdict
from sersync.model.dirty import Scope
from sersync.model.filters import Filter
from sersync.model.path import ROOT, RelPath, display, is_too_long, is_within, parent
from sersync.model.status import TransferStatus
from sersync.model.target import Target
from sersync.transfer.batch import Run
from sersync.transfer.command import Recipe, pasteable
from sersync.transfer.locks import Hold
from sersync.transfer.output import parse_items, parse_progress, parse_stats
from sersync.transfer.sweep import Sweep, deleting, left_for_excluded, sort_out
from sersync.transfer.tree import SourceTree
from sersync.transfer.unit import unspell
from sersync.transfer.verdict import MAX_DELETE_EXIT, Judgement, judge

_MOST_ENTRIES_TO_TIDY: Final = 10_000

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
    was_cut: bool = False
    """It is the second run for its paths: the end of the first one is not known."""
    first: Judgement | None = None
    """The judgement of the transfer itself, while a dry run finds out what is missing."""
    looks: bool = False
    """It is the dry run before the transfer itself, which tells what may be deleted."""
    sweep: Sweep = field(default_factory=Sweep)
    stats: Stats = field(default_factory=Stats)
    token: bytes = b""

    def meets(self, other: Active) -> None:
        """Take note that the two run at the same time."""
        self.beside |= other.hold.above
        other.beside |= self.hold.above


def new_token() -> bytes:
    """Return what begins the lines that tell of items, and no other line."""
    return secrets.token_hex(8).encode() + b" "


def sort_deletions(active: Active, judgement: Judgement, filters: Filter, tree: SourceTree) -> None:
    """Complete *active* by what may be deleted, as the dry run tells that just ended."""
    if active.child.stdout.has_gap:
        # What was not read may be excluded, so nothing can be deleted safely.
        told = [_unread(unspell(name)) for name in active.run.sweeps]
        active.sweep = Sweep(problems=tuple(told))
        return
    items = parse_items(active.child.stdout.text, active.token)
    found = sort_out(items, filters, tree.is_directory)
    active.run, active.recipe, found = deleting(active.run, active.recipe, found)
    # What could not be read at the source is no part of the transfer, so nobody else tells.
    unread = [each for each in judgement.problems if each.stage is Stage.READ]
    active.sweep = replace(found, problems=(*found.problems, *unread))


def _unread(path: RelPath) -> Problem:
    message = "more is to be deleted here than can be looked through"
    return Problem(path=path, stage=Stage.DELETE, message=message)


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
    if judgement.unconfirmed or active.was_cut:
        again += levels_of_leavings(active, tree)
    if judgement.verdict in (Verdict.DONE, Verdict.PARTIAL):
        again += [Again(path=path) for path in active.run.large]
        again += reborn(active.run, tree)
        again += levels_to_repeat(active.run, judgement)
    return again


def reborn(run: Run, tree: SourceTree) -> list[Again]:
    """Return what was reported as gone and is there again.

    If it was there before rsync looked, the target has kept what it had: files that look like
    those which are here now, perhaps. And who reports the new ones says that they are new.
    """
    there = [path for path in run.gone if tree.lstat(path) is not None]
    return [Again(path=path, scope=Scope.TREE, content=True) for path in (*run.anew, *there)]


def concluded(active: Active, judgement: Judgement, *, now: float, again: list[Again]) -> Outcome:
    """Return the outcome of a run whose *judgement* needs no further look."""
    problems = judgement.problems
    verdict = judgement.verdict
    if verdict in (Verdict.DONE, Verdict.PARTIAL):
        problems = _with_sweep(active, problems)
        verdict = Verdict.PARTIAL if problems else Verdict.DONE
    return Outcome(
        verdict=verdict,
        paths=tuple(active.run.dirties),
        reason=judgement.reason if verdict is not Verdict.DONE else None,
        exit_code=judgement.exit_code,
        duration_s=now - active.started_at,
        stats=active.stats,
        problems=problems,
        again=tuple(again),
        unconfirmed=judgement.unconfirmed or active.was_cut,
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


def judge_child(child: Child, code: int, target: Target, root: bytes) -> Judgement:
    """Return what it means that *child* ended with *code*."""
    return judge(code, child.stderr.text, child.stdout.text, target=target, root=root)


def listing(token: bytes) -> list[bytes]:
    """Return the options of a dry run that lists what it would do, each line after *token*."""
    return [b"--dry-run", b"--out-format=" + token + b"%i %n"]


def second_look(active: Active, first: Judgement) -> tuple[Recipe, list[bytes]]:
    """Return how the dry run is made that explains why *active* did not do everything."""
    if first.exit_code == MAX_DELETE_EXIT:
        return replace(active.recipe, max_delete=None), [b"--dry-run", b"--stats"]
    return active.recipe, listing(active.token)


def resolved(
    active: Active, first: Judgement, *, again: list[Again], now: float, has_filters: bool
) -> Outcome:
    """Return the outcome of a run, given what the dry run that just ended still wants to do.

    *has_filters*: a directory may stay on the target for the sake of what is excluded in it.
    """
    if first.exit_code == MAX_DELETE_EXIT:
        counted = parse_stats(active.child.stdout.text).deleted
        more = max(counted, first.deletions_stopped, 1)
        return replace(concluded(active, first, now=now, again=again), to_delete=more)
    items = parse_items(active.child.stdout.text, active.token)
    problems = {problem.path: problem for problem in first.problems}
    for item in items:
        unknown = Problem(
            path=item.path,
            stage=Stage.DELETE if item.deleted else Stage.CHANGED,
            message="still there on the target" if item.deleted else "still differs",
        )
        problems.setdefault(item.path, first.explanation(item.path) or unknown)
    left = left_for_excluded(first.problems, items) if has_filters else frozenset()
    failing = [
        problem
        for problem in _with_sweep(active, problems.values())
        if problem.path not in left and _concerns(problem.path, active.run)
    ]
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


def _with_sweep(active: Active, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return *problems* and those of the sweep, without directories that stay on purpose."""
    staying = active.sweep.staying
    told = {each.path: each for each in (*active.sweep.problems, *problems)}
    return tuple(each for path, each in told.items() if path not in staying)


def levels_to_repeat(run: Run, judgement: Judgement) -> list[Again]:
    """Return the levels whose deletions rsync skipped because another one could not be read.

    The one that could not be read is left to its own, slower retry; where it is not known which
    one that was, they all are. That of a path that is too long is a retry of the level it is in.
    """
    if not judgement.deletions_skipped:
        return []
    failing = {problem.path for problem in judgement.problems}
    failing |= {parent(path) for path in failing if path}
    retried = {parent(path) for path in failing if is_too_long(path)}
    names = [*run.names, *run.sweeps]
    levels = [unspell(name) for name in names if name.endswith(b"/")]
    return [
        Again(path=each, scope=Scope.LEVEL, failed=not failing or each in failing)
        for each in levels
        if each not in retried
    ]


def _concerns(path: RelPath, run: Run) -> bool:
    # A dry run also names the implied parents; another run carries their times right now.
    return any(is_within(path, lock) for lock in run.locks)


def levels_of_leavings(active: Active, tree: SourceTree) -> list[Again]:
    """Return the levels where a receiver that was killed may have left a temporary file.

    Those have names that nobody reports, so only comparing finds them; a very large level is left
    to the next full pass.
    """
    names = (unspell(name) for name in active.run.names if not name.endswith(b"/"))
    levels = dict.fromkeys(parent(path) for path in names if path)
    return [
        Again(path=each, scope=Scope.LEVEL, failed=True)
        for each in levels
        if not tree.holds_more_than(each, _MOST_ENTRIES_TO_TIDY)
    ]


def shown(each: Active, now: float) -> TransferStatus:
    """Return what people see of a run; for any thread."""
    dirties = each.run.dirties
    return TransferStatus(
        kind=each.run.kind.value,
        paths=len(dirties),
        bytes=progress_of(each),
        bytes_total=each.run.file_bytes,
        elapsed_s=max(0.0, now - each.started_at),
        first_path=dirties[0].path if dirties else ROOT,
    )


def progress_of(each: Active) -> int:
    """Return how many bytes of its files a run has handled; for any thread.

    Only a run of large files prints its progress: for small ones rsync would print a line each.
    What those read from the files and write to the target is counted by the kernel.
    """
    told = parse_progress(each.child.stdout.last)
    return min(each.child.io_bytes() // 2 if told is None else told, each.run.file_bytes)
