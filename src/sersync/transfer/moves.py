"""What got another name need not be sent again: the target has it under the old one. Pure.

A directory is made anew on the target from links to the files of the old one (rsync(1),
``--link-dest``), a large file from the blocks of its old copy (``--copy-dest``, ``--fuzzy``). In
both cases rsync compares as always, and sends what differs; that two names of the target share a
file ends when the old one is deleted, which comes next, also when there is something again by that
name: else what is done to one would be done to the other. All of it is a short cut: where it does
not lead to the end, everything is carried the ordinary way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath, ancestors, name, parent
from sersync.model.target import LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.command import Kind
from sersync.transfer.unit import Plan, Unit, spell, spell_level

FEWEST_BYTES: Final = 4 << 20
"""Less is sent again: two runs that cannot be warm cost more."""

_PLAIN: Final = re.compile(rb"[\w./+@%=,-]+", re.ASCII)
"""Names that neither a remote shell nor a daemon's globbing takes for anything else."""

_LETTERS: Final = frozenset("artlpogDuzvHAXSh")
_WORDS: Final = frozenset(
    {
        *("archive", "recursive", "times", "links", "perms", "owner", "group", "devices"),
        *("specials", "compress", "numeric-ids", "hard-links", "acls", "xattrs", "sparse"),
        *("update", "verbose", "fake-super", "omit-dir-times", "one-file-system"),
    }
)


def possible(target: Target) -> frozenset[Kind]:
    """Return which short cuts *target* allows for: none where an option could turn them around.

    The run works in the directory that moved, so that filters must mean the same there.
    """
    options = target.options
    is_plain = (
        not options.ignore_files
        and options.times
        and not options.own_compare
        and all(map(_is_harmless, options.passed))
    )
    if not (target.delete and is_plain and target.filters.means_the_same_anywhere):
        return frozenset()
    match target.endpoint:
        case LocalDirectory(path=path) if _PLAIN.fullmatch(path):
            return frozenset({Kind.MOVED_TREE})
        case RemoteShell(path=text) if text.startswith("/") and _is_plain(text):
            return frozenset({Kind.MOVED_TREE, Kind.MOVED_FILE})
        case RsyncModule(path=text) if _is_plain(text):
            return frozenset({Kind.MOVED_TREE, Kind.MOVED_FILE})
        case _:
            return frozenset()


def relocate(plan: Plan, moved: Iterable[DirtyPath], kinds: frozenset[Kind]) -> None:
    """Replace in *plan* what is to be sent by what is to be taken over, where that is possible.

    Each unit holds the old name too, so that this is not deleted before.
    """
    for dirty in moved:
        new, old = dirty.path, dirty.origin
        if old is None or not kinds:
            continue
        if dirty in plan.too_wide or _is_new_tree(plan.units.get(new)):
            if Kind.MOVED_TREE in kinds and _may_link(plan, dirty, old):
                _take_over(plan, dirty, old, Kind.MOVED_TREE)
        elif Kind.MOVED_FILE in kinds and _may_copy(plan, dirty, old):
            _take_over(plan, dirty, old, Kind.MOVED_FILE)


def leave(plan: Plan, old: RelPath, now: float) -> None:
    """Put into *plan* that the target's files at *old*, where something is again, are deleted.

    Whatever is planned there, or above, has to wait for that.
    """
    gone = plan.units.get(old)
    if gone is None or gone.gone != [old]:
        dirty = DirtyPath(path=old, scope=Scope.ENTRY, sequence=0, first_seen=now)
        plan.left.append(Unit(Kind.LEFT, [old], [spell_level(parent(old))], [dirty], gone=[old]))


def in_order(units: Iterable[Unit]) -> list[Unit]:
    """Return *units* that move with each before the one that takes its old name, as logs do."""
    by_name = {unit.locks[0]: unit for unit in units}
    origins = {unit.origin for unit in by_name.values()}
    ordered: list[Unit] = []
    for first in [each for each in by_name if each not in origins]:
        new: RelPath | None = first
        while new is not None and (unit := by_name.pop(new, None)) is not None:
            ordered.append(unit)
            new = unit.origin
    return [*ordered, *by_name.values()]


def _take_over(plan: Plan, dirty: DirtyPath, old: RelPath, kind: Kind) -> None:
    there = plan.units.get(dirty.path)
    if dirty in plan.too_wide:
        plan.too_wide.remove(dirty)
    listed = b"./" + name(dirty.path) if kind is Kind.MOVED_FILE else b"./"
    plan.units[dirty.path] = Unit(
        kind,
        [dirty.path, old],
        [listed],
        [dirty],
        size_bytes=there.size_bytes if there is not None else 0,
        origin=old,
    )


def _is_new_tree(unit: Unit | None) -> bool:
    return unit is not None and unit.names[0] == spell_level(unit.locks[0])


def _may_link(plan: Plan, dirty: DirtyPath, old: RelPath) -> bool:
    """Tell whether the tree at *old* is gone here, and on the target as it was."""
    new = dirty.path
    there = plan.units.get(new)
    if there is not None:
        is_light = there.size_bytes < FEWEST_BYTES and not there.large
        if is_light or there.dirties != [dirty]:
            return False
    gone = plan.units.get(old)
    if gone is None or gone.gone != [old] or gone.sweeps:
        return False
    for each in gone.dirties:
        is_its_removal = each.path == old and each.scope is Scope.ENTRY
        if each.created or (each.content and not is_its_removal):
            return False
    above = (plan.units.get(each) for each in ancestors(new))
    return _PLAIN.fullmatch(new + old) is not None and not any(map(_is_new_tree, above))


def _may_copy(plan: Plan, dirty: DirtyPath, old: RelPath) -> bool:
    """Tell whether rsync finds the old copy: by the same name, or in the same directory."""
    new = dirty.path
    there = plan.units.get(new)
    if there is None or there.size_bytes < FEWEST_BYTES or there.dirties != [dirty]:
        return False
    directories = b"/" + parent(new) + parent(old)
    is_found = parent(new) == parent(old) or name(new) == name(old)
    is_single = there.names == [spell(new)]
    return is_single and is_found and _PLAIN.fullmatch(directories) is not None


def _is_plain(text: str) -> bool:
    return not text or _PLAIN.fullmatch(os.fsencode(text)) is not None


def _is_harmless(option: str) -> bool:
    if option.startswith("--"):
        return option[2:].removeprefix("no-") in _WORDS
    return option.startswith("-") and _LETTERS.issuperset(option[1:])
