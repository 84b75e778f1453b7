"""From dirty paths to what rsync is to compare. Pure: the file system is an argument.

A dirty path says only where to look. What is there decides: a path that is there is copied, one
that is missing is deleted, and a path below something that is no directory (any more) stands for
that something.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from typing import Final

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.follow import NOWHERE
from sersync.model.path import ROOT, RelPath, is_too_long, join, parent
from sersync.transfer.alike import COARSE_TICK_NS, Alike, Carried, Terms
from sersync.transfer.command import Kind
from sersync.transfer.unit import Plan, Stamp, Unit, spell, spell_level
from sersync.transfer.view import Links, Seen, View

YOUNG_NS: Final = 4_000_000_000
"""Files that changed within this time before a look at their directory are remembered."""

_CLOCKS_DIFFER_NS: Final = 5_000_000_000
"""How much the calendar may have been corrected since a report."""


def stamp_of(seen: Seen, wall_ns: int) -> Stamp:
    """Return the stamp of a file that was looked at at *wall_ns*."""
    return (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, wall_ns)


def _left(name: RelPath, first_seen: float) -> DirtyPath:
    """Return *name* as a dirty path of its own: its file may have been written to by another.

    It is as old as what it follows from: until it is carried, that is not done.
    """
    return DirtyPath(path=name, scope=Scope.ENTRY, sequence=0, first_seen=first_seen, content=True)


class Planner:
    """Looks at each dirty path once and says what it comes down to."""

    def __init__(self, view: View, terms: Terms, carried: Carried, links: Links) -> None:
        self._view = view
        self._links = links
        self._terms = terms
        self._carried = carried
        self._alike = Alike(terms, carried)
        self._blockers: dict[RelPath, RelPath | None] = {ROOT: None}
        self._plan = Plan()
        self._first_seen = terms.now
        """Of the oldest path that was looked at."""

    def plan(self, dirties: Iterable[DirtyPath]) -> Plan:
        """Return what *dirties* come down to, as the tree is now."""
        for dirty in dirties:
            self._first_seen = min(self._first_seen, dirty.first_seen)
            self._look_at(dirty)
        while names := self._links.left():
            for name in names:
                self._look_at(_left(name, self._first_seen))
        return self._plan

    def _look_at(self, dirty: DirtyPath) -> None:
        path, scope = dirty.path, dirty.scope
        while is_too_long(path):  # rsync tells of it when it lists the directory
            path, scope = parent(path), Scope.LEVEL
        blocker = self._blocker(parent(path)) if path else None
        if blocker is not None:
            self._links.look(path, None)
            path, scope = blocker, Scope.ENTRY
        seen = self._view.lstat(path)
        self._links.look(path, seen)
        if scope is Scope.TREE or seen is None or not stat.S_ISDIR(seen.st_mode):
            self._links.look_below(path)
        if seen is NOWHERE or self._excluded(path, seen):
            self._left_out(dirty, path, seen)
        elif seen is None:
            self._gone(dirty, path)
        elif not stat.S_ISDIR(seen.st_mode):
            self._entry(dirty, path, seen)
        elif path and (not self._terms.is_recursive or self._view.is_left_empty(path)):
            self._add(Unit(Kind.ENTRIES, [path], [spell(path)], [dirty]))
        elif scope is Scope.TREE:
            self._tree(dirty, path)
        elif scope is Scope.LEVEL:
            self._add(self.level([dirty], path))
            self._rewritten(dirty, path)
        else:
            unit = Unit(Kind.ENTRIES, [path], [spell(path)], [dirty])
            if dirty.content and not dirty.created:
                unit.anew = [path]
            self._add(unit)

    def _blocker(self, directory: RelPath) -> RelPath | None:
        """Return the topmost part of *directory* that is no directory, None if all are."""
        try:
            return self._blockers[directory]
        except KeyError:
            pass
        blocker = self._blocker(parent(directory))
        if blocker is None:
            seen = self._view.lstat(directory)
            if seen is None or not stat.S_ISDIR(seen.st_mode):
                blocker = directory
        self._blockers[directory] = blocker
        return blocker

    def _excluded(self, path: RelPath, seen: Seen | None) -> bool:
        if not path:
            return False
        if seen is not None:
            return self._is_out(path, is_dir=stat.S_ISDIR(seen.st_mode))
        # What is gone may have been of either kind; what may be excluded is not deleted.
        return self._is_out(path, is_dir=True) or self._is_out(path, is_dir=False)

    def _is_out(self, path: RelPath, *, is_dir: bool) -> bool:
        filters = self._terms.filters
        if filters and filters.excludes(path, is_dir=is_dir):
            return True
        return self._view.is_ignored(path, is_dir=is_dir)

    def _left_out(self, dirty: DirtyPath, path: RelPath, seen: Seen | None) -> None:
        """Carry the file at *path*, which takes no part, by its other names, if those do."""
        if seen is not None and (names := self._taking_part(self._links.known(path, seen))):
            self._entry(dirty, names[0], seen)
        else:
            self._plan.nothing_to_do.append(dirty)

    def _gone(self, dirty: DirtyPath, path: RelPath) -> None:
        if not self._terms.delete or not path:
            self._plan.nothing_to_do.append(dirty)
            return
        if not self._terms.filters.is_exact:
            by_name = self._terms.capabilities.missing_args
            sweeps = [spell(path) if by_name else spell_level(parent(path))]
            unit = Unit(Kind.ENTRIES, [path], [], [dirty], sweeps=sweeps)
        elif self._terms.capabilities.missing_args:
            unit = Unit(Kind.ENTRIES, [path], [spell(path)], [dirty])
        else:
            unit = self.level([dirty], parent(path))
        unit.gone = [path]
        self._add(unit)

    def _entry(self, dirty: DirtyPath, path: RelPath, seen: Seen) -> None:
        names = [path, *self._taking_part(self._links.others(path, seen))]
        unit = Unit(Kind.ENTRIES, names, [spell(each) for each in names], [dirty])
        if dirty.failures and self._terms.delete and not self._terms.filters.is_exact:
            # A directory may stand in its way: a dry run tells what of it may be deleted.
            unit.sweeps = [spell(path)]
        if stat.S_ISREG(seen.st_mode):
            stamp = stamp_of(seen, self._terms.wall_ns)
            is_told = dirty.content and not dirty.failures
            if is_told and len(names) == 1 and self._is_there_already(path, stamp):
                self._directory_of(dirty, path)
                return
            unit.stamps = [(each, stamp) for each in names]
            unit.size_bytes = seen.st_size
            if any(
                self._alike.may_look_equal(dirty, each, stamp, linked=seen.st_nlink > 1)
                for each in names
            ):
                unit.kind = Kind.REWRITES
            else:
                unit.stamps = [
                    known for known in unit.stamps if not self._alike.may_be_skipped(*known)
                ]
                if seen.st_size > self._terms.large_file_bytes:
                    unit.kind = Kind.LARGE
        self._add(unit)

    def _taking_part(self, names: Iterable[RelPath]) -> list[RelPath]:
        """Return those of *names* by which a file is to be carried."""
        return [
            each
            for each in names
            if self._blocker(parent(each)) is None and not self._is_out(each, is_dir=False)
        ]

    def _directory_of(self, dirty: DirtyPath, path: RelPath) -> None:
        """Carry the directory of a file that is there already, if its own time may be older.

        The run that carried both may have looked at the directory before the file was made.
        """
        known, above = self._carried.stamp(path), parent(path)
        seen = self._view.lstat(above)
        if known is None or seen is None or seen.st_mtime_ns <= known[3] - COARSE_TICK_NS:
            self._plan.nothing_to_do.append(dirty)
        else:
            self._add(Unit(Kind.ENTRIES, [above], [spell(above)], [dirty]))

    def _is_there_already(self, path: RelPath, stamp: Stamp) -> bool:
        """Tell whether an earlier run, of its directory perhaps, carried this very state.

        In a burst a file is often carried with its directory before its own report is read.
        Only where times are fine: there equal change times mean that nothing happened since; and
        only to a file that was written to: one whose directory moves away and back keeps its own.
        A large one is not carried with its directory then, so nothing is taken for granted.
        """
        if self._terms.tick_of(stamp[2]) or stamp[0] > self._terms.large_file_bytes:
            return False
        known = self._carried.stamp(path)
        return known is not None and known[:3] == stamp[:3] and self._carried.is_confirmed(path)

    def level(self, dirties: list[DirtyPath], directory: RelPath) -> Unit:
        """Return the unit that compares one level of *directory*."""
        unit = Unit(Kind.ENTRIES, [directory], [], dirties)
        self._survey(unit, directory)
        return unit

    def _survey(self, unit: Unit, directory: RelPath, *, is_new: bool = False) -> list[RelPath]:
        """Take the level of *directory* into *unit*; return the directories in it."""
        if not self._terms.filters.is_exact:
            return self._name_each(unit, directory)
        unit.names.append(spell_level(directory))
        below: list[RelPath] = []
        large: list[RelPath] = []
        stamps: list[tuple[RelPath, Stamp]] = []
        terms = self._terms
        fresh_ns = terms.wall_ns - YOUNG_NS
        for entry, seen in self._view.entries(directory):
            if seen is NOWHERE:
                unit.left_alone.append(join(directory, entry))
                continue
            mode = seen.st_mode
            unit.entries += 1
            if stat.S_ISDIR(mode):
                below.append(join(directory, entry))
                continue
            if seen.st_nlink > 1:
                is_written = is_new and seen.st_mtime_ns > fresh_ns
                self._links.note(join(directory, entry), seen, is_written=is_written)
            if stat.S_ISREG(mode):
                if seen.st_size <= terms.large_file_bytes:
                    unit.size_bytes += seen.st_size
                    if seen.st_mtime_ns <= fresh_ns or terms.tick_ns:
                        self._leave_out(join(directory, entry), seen)
                        continue
                    # It may change again within the tick, so it is remembered.
                    young = join(directory, entry), stamp_of(seen, terms.wall_ns)
                    if not self._alike.may_be_skipped(*young):
                        stamps.append(young)
                elif not self._excluded(path := join(directory, entry), seen):
                    large.append(path)
        unit.large = [*unit.large, *large]
        unit.stamps = [*unit.stamps, *stamps]
        return below

    def _name_each(self, unit: Unit, directory: RelPath) -> list[RelPath]:
        """Take what *directory* holds into *unit* name by name; return the directories in it.

        The filter says more than rsync can be told, so rsync must list nothing by itself. What is
        to be deleted is found by a dry run, which carries nothing.
        """
        unit.names.append(spell(directory))
        if self._terms.delete:
            unit.sweeps.append(spell_level(directory))
        below: list[RelPath] = []
        for entry, seen in self._view.entries(directory):
            path = join(directory, entry)
            if seen is NOWHERE:
                unit.left_alone.append(path)
                continue
            if self._excluded(path, seen):
                continue
            unit.entries += 1
            if stat.S_ISDIR(seen.st_mode):
                below.append(path)
            elif seen.st_nlink > 1:
                self._links.note(path, seen)
            if stat.S_ISREG(seen.st_mode):
                if seen.st_size > self._terms.large_file_bytes:
                    unit.large = [*unit.large, path]
                    continue
                unit.size_bytes += seen.st_size
                self._leave_out(path, seen)
            unit.names.append(spell(path))
        return below

    def _leave_out(self, path: RelPath, seen: Seen) -> None:
        """Take note that the file at *path* is carried and not remembered."""
        self._carried.leave_out(seen.st_mtime_ns)
        self._carried.outdate(path, stamp_of(seen, self._terms.wall_ns))

    def _tree(self, dirty: DirtyPath, top: RelPath) -> None:
        unit = Unit(Kind.ENTRIES, [top], [], [dirty])
        waiting = [top]
        surveyed = []
        while waiting:
            directory = waiting.pop()
            surveyed.append(directory)
            below = self._survey(unit, directory, is_new=True)
            if unit.entries > self._terms.tree_entries:
                self._plan.too_wide.append(dirty)
                return
            waiting.extend(
                each
                for each in below
                if not is_too_long(each)
                and not self._is_out(each, is_dir=True)
                and not self._view.is_left_empty(each)
            )
        self._add(unit)
        for directory in surveyed:
            self._rewritten(dirty, directory)

    def _rewritten(self, dirty: DirtyPath, directory: RelPath) -> None:
        """Name what of a level may look unchanged: what is doubtful, and what changed of late.

        The level may stand for single paths whose content has changed (``changelog/widening``). One
        that is doubtful may have had a report without content, which became part of the level.
        """
        for path in list(self._carried.doubtful(directory)):
            seen = self._view.lstat(path)
            # Else its file left this name, which was told.
            if seen is not None and stat.S_ISREG(seen.st_mode):
                self._look_at(_left(path, dirty.first_seen))
        terms = self._terms
        if not dirty.content or (dirty.created and terms.is_mirror):
            return
        age_ns = int((terms.now - dirty.first_seen) * 1e9)
        since_ns = terms.wall_ns - age_ns - _CLOCKS_DIFFER_NS
        for name, seen in self._view.entries(directory):
            if not stat.S_ISREG(seen.st_mode) or seen.st_ctime_ns < since_ns:
                continue
            path = join(directory, name)
            named = _left(path, dirty.first_seen)
            stamp = stamp_of(seen, terms.wall_ns)
            linked = seen.st_nlink > 1
            if not self._excluded(path, seen) and self._alike.may_look_equal(
                named, path, stamp, linked=linked
            ):
                self._entry(named, path, seen)

    def _add(self, unit: Unit) -> None:
        """Put *unit* into the plan, together with what is there for the same path already."""
        there = self._plan.units.get(unit.locks[0])
        if there is None:
            self._plan.units[unit.locks[0]] = unit
            return
        there.dirties += unit.dirties
        there.names += [name for name in unit.names if name not in there.names]
        there.sweeps += [name for name in unit.sweeps if name not in there.sweeps]
        there.locks += [path for path in unit.locks if path not in there.locks]
        there.gone += [path for path in unit.gone if path not in there.gone]
        there.anew += [path for path in unit.anew if path not in there.anew]
        there.left_alone += [path for path in unit.left_alone if path not in there.left_alone]
        there.stamps = [*there.stamps, *unit.stamps]
        there.large = [*there.large, *(path for path in unit.large if path not in there.large)]
        there.entries = max(there.entries, unit.entries)
        there.size_bytes = max(there.size_bytes, unit.size_bytes)
        if unit.kind is Kind.REWRITES:
            there.kind = Kind.REWRITES
