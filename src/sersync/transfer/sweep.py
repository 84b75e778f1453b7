"""What may be deleted where the filter says more than rsync can be told. Pure.

A dry run lists everything on the target that is not at the source, what is excluded too, and
deletes nothing. The filter sorts that out: what may go is then deleted by name, and what is
excluded below it is protected, so that its directories stay as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from sersync.model.batch import Problem, Stage
from sersync.model.filters import Filter
from sersync.model.path import RelPath, ancestors, is_within, parent
from sersync.model.rule import literal_pattern
from sersync.transfer.batch import Run
from sersync.transfer.command import Deletes, Kind, Recipe
from sersync.transfer.output import Item
from sersync.transfer.unit import spell

MOST_KEPT: Final = 5_000
MOST_KEPT_BYTES: Final = 256 << 10
"""What fits on a command line, together with the names: execve(2)."""

_TOO_MANY: Final = "too many excluded entries stay in it; delete it on the target by hand"
_NOT_BY_NAME: Final = (
    "the target's rsync (3.4.3) cannot delete by name, and the filter is one that rsync cannot"
    " apply; update rsync there"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a dry run found. Paths stand for all below them; each list holds the topmost ones."""

    gone: tuple[RelPath, ...] = ()
    """To be deleted by name."""
    kept: tuple[RelPath, ...] = ()
    """Excluded, and below something that is deleted or replaced."""
    staying: frozenset[RelPath] = frozenset()
    """Directories that cannot go, because something in them is kept."""
    problems: tuple[Problem, ...] = ()


def sort_out(
    items: Iterable[Item], filters: Filter, is_directory: Callable[[RelPath], bool]
) -> Sweep:
    """Return what of the deletions among *items* may be made, and what must be kept then.

    *is_directory* tells what is at the source. Below what is none there, nothing is deleted by
    name: it goes when it is replaced.
    """
    deleted = {item.path: item.is_dir for item in items if item.deleted}
    gone: dict[RelPath, list[RelPath]] = {}
    kept: list[RelPath] = []
    leaving: dict[RelPath, RelPath | None] = {}
    excluded: set[RelPath] = set()
    for path, is_dir in sorted(deleted.items()):
        above = parent(path)
        if above in excluded:
            excluded.add(path)
        elif filters.protecting.excludes(path, is_dir=is_dir):
            excluded.add(path)
            if above in leaving:
                top = leaving[above]
                (kept if top is None else gone[top]).append(path)
            elif not is_directory(above):
                kept.append(path)
        elif above in leaving:
            leaving[path] = leaving[above]
        elif is_directory(above):
            gone[path] = []
            leaving[path] = path
        else:
            leaving[path] = None
    return _within_limits(gone, kept, deleted)


def count_deletions(
    items: Iterable[Item], filters: Filter, is_directory: Callable[[RelPath], bool]
) -> int:
    """Return how many of the deletions among *items* would be made: excluded entries stay."""
    deleted = [item for item in items if item.deleted]
    staying = sort_out(deleted, filters, is_directory).staying
    return sum(
        item.path not in staying and not filters.protecting.excludes(item.path, is_dir=item.is_dir)
        for item in deleted
    )


def _within_limits(
    gone: dict[RelPath, list[RelPath]], kept: list[RelPath], deleted: dict[RelPath, bool]
) -> Sweep:
    going: list[RelPath] = []
    problems: list[Problem] = []
    used = sum(map(len, kept))
    for path, below in gone.items():
        size = sum(map(len, below))
        if len(kept) + len(below) > MOST_KEPT or used + size > MOST_KEPT_BYTES:
            problems.append(Problem(path=path, stage=Stage.DELETE, message=_TOO_MANY))
            continue
        going.append(path)
        kept += below
        used += size
    staying = {each for path in kept for each in ancestors(path) if each in deleted}
    return Sweep(
        gone=tuple(going), kept=tuple(kept), staying=frozenset(staying), problems=tuple(problems)
    )


def looking(run: Run, recipe: Recipe) -> tuple[Run, Recipe]:
    """Return the dry run that comes before *run*, and how it is made."""
    size = sum(map(len, run.sweeps)) + len(run.sweeps)
    look = Run(Kind.ENTRIES, names=run.sweeps, list_bytes=size, left_alone=run.left_alone)
    return look, replace(recipe, kind=Kind.ENTRIES, deletes=Deletes.LISTED, max_delete=None)


def deleting(run: Run, recipe: Recipe, sweep: Sweep) -> tuple[Run, Recipe, Sweep]:
    """Return *run* with what *sweep* found to be deleted, how it is made, and what is left out."""
    if sweep.gone and not recipe.capabilities.missing_args:
        told = [Problem(path=path, stage=Stage.DELETE, message=_NOT_BY_NAME) for path in sweep.gone]
        return run, recipe, Sweep(problems=(*sweep.problems, *told))
    known = set(run.names)
    names = [name for name in map(spell, sweep.gone) if name not in known]
    more = replace(
        run,
        names=[*run.names, *names],
        list_bytes=run.list_bytes + sum(map(len, names)) + len(names),
    )
    kept = tuple(b"/" + literal_pattern(path) for path in sweep.kept)
    return more, replace(recipe, deletes=Deletes.NAMED, kept=kept), sweep


def left_for_excluded(problems: Iterable[Problem], items: Iterable[Item]) -> frozenset[RelPath]:
    """Return the directories that rsync did not delete only for what is excluded in them.

    *items* are those of a dry run afterwards: all else in such a directory is gone.
    """
    left = {item.path for item in items if item.deleted}
    failing = {each.path for each in problems if each.stage is Stage.DELETE}
    return frozenset(
        path for path in failing if all(each in failing for each in left if is_within(each, path))
    )
