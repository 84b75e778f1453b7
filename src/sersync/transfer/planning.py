"""From dirty paths to the runs that may start now, as the source's tree is at this moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from sersync.linux.mounts import has_fine_times
from sersync.model.batch import Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.dirty import DirtyPath
from sersync.model.options import RsyncOptions
from sersync.model.path import RelPath, ancestors, is_within
from sersync.model.target import Target
from sersync.transfer.active import Active
from sersync.transfer.alike import COARSE_TICK_NS, Terms
from sersync.transfer.batch import Batch, Run, alone, assemble, widen
from sersync.transfer.command import Kind
from sersync.transfer.links import LinkedNames
from sersync.transfer.locks import Occupied
from sersync.transfer.moves import leave, possible, relocate
from sersync.transfer.plan import Planner
from sersync.transfer.tree import RecentlyCarried, SourceTree, as_carried
from sersync.transfer.unit import Plan


class Planning:
    """Looks at the source for one target, and remembers. Owned by the worker's thread."""

    def __init__(self, root: bytes, options: RsyncOptions | None = None) -> None:
        options = options or RsyncOptions()
        self.tree = SourceTree(
            root,
            options.follow,
            ignore_files=options.ignore_files,
            one_file_system=options.one_file_system,
        )
        self.carried = RecentlyCarried()
        self.links = LinkedNames(self.tree.lstat)
        self._shared: set[RelPath] = set()
        """Old names whose files the target has linked to new ones, and not deleted yet."""
        self._coarse_tick_ns = 0 if has_fine_times(root) else COARSE_TICK_NS

    def plan(
        self,
        paths: Sequence[DirtyPath],
        target: Target,
        capabilities: Capabilities,
        *,
        active: Sequence[Active] | None,
        free_lanes: int,
        now: float,
    ) -> tuple[Plan, Batch]:
        """Return what *paths* come down to, and which runs may start beside the *active* ones.

        *target* is with the filters that hold now. *now*: seconds of the monotonic clock.
        Where that is None they are only to be looked at.
        """
        is_carried, active = active is not None, active or ()
        self.tree.refresh()
        terms = self._terms(target, capabilities, now)
        planner = Planner(self.tree, terms, self.carried, self.links)
        plan = planner.plan(paths)
        relocate(plan, (path for path in paths if path.origin), possible(target))
        for old in sorted(self._shared):
            if self._is_here(old) and not target.filters.excludes(old, is_dir=True):
                leave(plan, old, now)
        occupied = Occupied(each.hold for each in active)
        if target.filters.is_exact and not target.baseline:  # Else what is gone must be named.
            widen(plan.units, occupied, self.tree.holds_more_than, planner.level)
        planner.plan(())  # What the levels told of files with several names.
        large_runs = sum(each.run.kind is Kind.LARGE for each in active)
        batch = assemble(
            (*(plan.left if is_carried else ()), *plan.units.values()),
            (each.hold for each in active),
            {Kind.ENTRIES: free_lanes, Kind.LARGE: 1 - large_runs},
        )
        if is_carried:
            linked = (run.origin for run in batch.runs if run.kind is Kind.MOVED_TREE)
            self._shared.update(old for old in linked if old is not None)
        return plan, batch

    def remember(self, run: Run, verdict: Verdict) -> None:
        """Keep in mind what *run* may have brought to the target, also when it failed."""
        if run.origin is not None:
            # A directory was taken over whole, under names that others had.
            self.carried.doubt()
        if run.origin is not None or any(listed.endswith(b"/") for listed in run.names):
            # Files of any age came along, and rsync lists a level after the plan did.
            self.carried.leave_out_all()
        is_done = verdict is Verdict.DONE
        self._forget_shared(run, verdict)
        is_certain = is_done or run.kind is not Kind.REWRITES
        seen = {path: self.tree.lstat(path) for path, _ in run.stamps}
        stamps = as_carried(run.stamps, seen, is_certain=is_certain)
        self.carried.remember(stamps, confirmed=is_done)
        # What is gone by now may have been written to before that, and have been carried so.
        self.carried.doubt_each(path for path, now in seen.items() if now is None)

    def _forget_shared(self, run: Run, verdict: Verdict) -> None:
        """Take note of what of the old names was deleted, or could not be."""
        if run.kind is Kind.LEFT and verdict in (Verdict.DONE, Verdict.PARTIAL):
            self.carried.doubt()
            self._shared.difference_update(run.locks)
        elif verdict is Verdict.DONE and self._shared:
            gone = [path for path in run.gone if self.tree.lstat(path) is None]
            self._shared = {
                old for old in self._shared if not any(is_within(old, path) for path in gone)
            }

    def _is_here(self, path: RelPath) -> bool:
        above = [each for each in ancestors(path) if each]
        return self.tree.lstat(path) is not None and all(map(self.tree.is_directory, above))

    def _terms(self, target: Target, capabilities: Capabilities, now: float) -> Terms:
        return Terms(
            filters=target.filters,
            capabilities=capabilities,
            delete=target.delete,
            is_recursive=target.options.recursive,
            is_mirror=target.is_mirror,
            compares_times=target.options.times and not target.options.own_compare,
            large_file_bytes=target.large_file_bytes,
            now=now,
            wall_ns=time.time_ns(),
            coarse_tick_ns=self._coarse_tick_ns,
        )


def all_runs(
    paths: Sequence[DirtyPath], plan: Callable[[Sequence[DirtyPath]], tuple[Plan, Batch]]
) -> tuple[list[Run], bool]:
    """Return all runs that *paths* come down to, one after the other, but for large files.

    And whether some of *paths* are too large for one run.
    """
    found: list[Run] = []
    is_too_wide = False
    left = [replace(path, origin=None) for path in paths]
    is_first = True
    while left:
        planned, batch = plan(left)
        if is_first:
            found += map(alone, planned.left)
        is_first = False
        is_too_wide = is_too_wide or bool(planned.too_wide)
        # What is large deletes nothing, and is part of no level.
        found += [run for run in batch.runs if run.kind is not Kind.LARGE]
        left = batch.waiting
    return found, is_too_wide
