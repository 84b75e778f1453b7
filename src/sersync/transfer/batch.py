"""From units to runs: what travels together, what has to wait, and what is cheaper as a level.

Pure. The costs are measured ones (``benchmarks/``): rsync reads its list at 1.5 µs a byte, and
compares an entry of a level, on both sides together, in 14 µs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sersync.model.dirty import DirtyPath
from sersync.model.path import ROOT, RelPath, parent
from sersync.transfer.command import Kind
from sersync.transfer.locks import Hold, Occupied, hold
from sersync.transfer.moves import in_order
from sersync.transfer.unit import Stamp, Unit

LIST_COST_PER_BYTE_S: Final = 1.5e-6
LEVEL_COST_PER_ENTRY_S: Final = 14e-6
FEWEST_NAMES_FOR_A_LEVEL: Final = 8

LONGEST_WARM_LIST_BYTES: Final = 32 * 1024
"""A longer list costs more to read than a new connection; it travels as arguments.

Also less than a pipe holds (pipe(7), 64 KiB), so that feeding never waits."""

MOST_NAMES: Final = 12_000
MOST_LIST_BYTES: Final = 1 << 20
"""Half of what execve(2) takes."""
MOST_FILE_BYTES: Final = 256 << 20


@dataclass(slots=True)
class Run:
    """One planned rsync run."""

    kind: Kind
    names: list[bytes] = field(default_factory=list)
    dirties: list[DirtyPath] = field(default_factory=list)
    locks: list[RelPath] = field(default_factory=list)
    stamps: list[tuple[RelPath, Stamp]] = field(default_factory=list)
    large: list[RelPath] = field(default_factory=list)
    origin: RelPath | None = None
    """The name under which the target has it, for the kinds that move one path."""
    list_bytes: int = 0
    file_bytes: int = 0
    sweeps: list[bytes] = field(default_factory=list)
    left_alone: list[RelPath] = field(default_factory=list)
    gone: list[RelPath] = field(default_factory=list)
    anew: list[RelPath] = field(default_factory=list)

    @property
    def hold(self) -> Hold:
        """The paths that it holds while it runs."""
        return hold(self.locks)

    @property
    def is_full(self) -> bool:
        """Nothing more should be added."""
        return (
            len(self.names) + len(self.sweeps) >= MOST_NAMES
            or self.list_bytes >= MOST_LIST_BYTES
            or self.file_bytes >= MOST_FILE_BYTES
            or self.origin is not None
        )

    def add(self, unit: Unit) -> None:
        """Take *unit* along."""
        self.names += unit.names
        self.dirties += unit.dirties
        self.locks += unit.locks
        self.stamps += unit.stamps
        self.large += unit.large
        self.gone += unit.gone
        self.anew += unit.anew
        self.origin = unit.origin
        self.sweeps += unit.sweeps
        self.left_alone += unit.left_alone
        self.list_bytes += sum(map(len, unit.names)) + len(unit.names)
        self.file_bytes += unit.size_bytes


def alone(unit: Unit) -> Run:
    """Return a run of nothing but *unit*."""
    run = Run(unit.kind)
    run.add(unit)
    return run


@dataclass(slots=True)
class Batch:
    """The runs that may start now, in the order of their importance, and what has to wait."""

    runs: list[Run]
    waiting: list[DirtyPath]

    def added(self, asked: Iterable[DirtyPath]) -> Iterator[DirtyPath]:
        """Yield what the runs carry without having been *asked* for."""
        known = {id(path) for path in asked}  # One path may be dirty for two reasons.
        return (path for run in self.runs for path in run.dirties if id(path) not in known)


def widen(
    units: dict[RelPath, Unit],
    occupied: Occupied,
    holds_more_than: Callable[[RelPath, int], bool],
    level: Callable[[list[DirtyPath], RelPath], Unit],
) -> None:
    """Replace in *units* many names of one directory by its level where that is cheaper.

    *holds_more_than* tells whether a directory has more than so many entries.
    """
    if len(units) < FEWEST_NAMES_FOR_A_LEVEL:
        return
    by_directory: dict[RelPath, dict[RelPath, Unit]] = defaultdict(dict)
    for path, unit in units.items():
        # Not a level, even of an empty directory: on the target that may still hold something.
        if unit.kind is Kind.ENTRIES and len(unit.names) == 1 and unit.names[0][-1:] != b"/":
            by_directory[parent(path)][path] = unit
    for directory, names in by_directory.items():
        # A directory among the names may have become a level itself by now: that one stays.
        members = {path: unit for path, unit in names.items() if units.get(path) is unit}
        if len(members) < FEWEST_NAMES_FOR_A_LEVEL or directory == ROOT:
            continue
        worth = int(sum(map(len, members)) * LIST_COST_PER_BYTE_S / LEVEL_COST_PER_ENTRY_S)
        if occupied.overlaps(directory) or holds_more_than(directory, worth):
            continue
        for path in members:
            del units[path]
        units[directory] = _level_of(members.values(), units.pop(directory, None), level, directory)


def _level_of(
    members: Iterable[Unit],
    there: Unit | None,
    level: Callable[[list[DirtyPath], RelPath], Unit],
    directory: RelPath,
) -> Unit:
    """Return the level of *directory* in place of its *members*, and of what was *there* for it."""
    replaced = [*members, *([there] if there is not None else [])]
    widened = level([dirty for unit in replaced for dirty in unit.dirties], directory)
    widened.stamps = [*widened.stamps, *(stamp for unit in replaced for stamp in unit.stamps)]
    widened.gone = [path for unit in replaced for path in unit.gone]
    widened.anew = [path for unit in replaced for path in unit.anew]
    if there is not None:
        widened.names += [name for name in there.names if name not in widened.names]
        widened.locks += [path for path in there.locks if path not in widened.locks]
        widened.left_alone += [path for path in there.left_alone if path not in widened.left_alone]
        widened.large = [
            *widened.large,
            *(path for path in there.large if path not in widened.large),
        ]
    return widened


def assemble(units: Iterable[Unit], active: Iterable[Hold], free: dict[Kind, int]) -> Batch:
    """Return the runs that may start beside the *active* ones, at most *free* of each kind.

    ENTRIES and REWRITES share the free lanes of ENTRIES.
    """
    holds = list(active)
    batch = Batch([], [])
    by_kind: dict[Kind, list[Unit]] = defaultdict(list)
    for unit in units:
        by_kind[unit.kind].append(unit)
    # What moves goes alone, and first: its old name must not be deleted before.
    first = [[unit] for unit in by_kind[Kind.LEFT]]
    moving = [[unit] for unit in in_order(by_kind[Kind.MOVED_TREE] + by_kind[Kind.MOVED_FILE])]
    together = [by_kind[kind] for kind in (Kind.ENTRIES, Kind.REWRITES, Kind.LARGE)]
    lanes = {Kind.ENTRIES: free[Kind.ENTRIES], Kind.LARGE: free[Kind.LARGE]}
    for group in filter(None, (*first, *moving, *together)):
        run = Run(group[0].kind)
        lane = Kind.LARGE if run.kind is Kind.LARGE else Kind.ENTRIES
        occupied = Occupied(holds)
        is_taken = lanes[lane] == 0
        for unit in group:
            blocked = is_taken or (occupied and any(map(occupied.overlaps, unit.locks)))
            if blocked or run.is_full:
                batch.waiting += unit.dirties
                if unit.origin is not None or unit.kind is Kind.LEFT:
                    holds.append(hold(unit.locks))
            else:
                run.add(unit)
        if run.names or run.sweeps:
            batch.runs.append(run)
            holds.append(run.hold)
            lanes[lane] -= 1
    return batch
