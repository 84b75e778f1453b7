"""The transport: dirty paths of one source to one target, by rsync.

Owned by the target's worker thread, which alone calls it; only ``wake`` is for everyone. It plans,
feeds warm spares, starts cold runs, watches all of them and turns their ends into outcomes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.linux.roll import Roll
from sersync.linux.wake import Wake
from sersync.model.batch import Outcome, Refused, Verdict
from sersync.model.capabilities import Capabilities
from sersync.model.dirty import DirtyPath
from sersync.model.path import RelPath
from sersync.model.status import TransferStatus
from sersync.model.target import Target
from sersync.transfer import active as runs
from sersync.transfer.active import Active
from sersync.transfer.asides import Asides
from sersync.transfer.batch import Batch, Run
from sersync.transfer.command import Kind, Recipe, name_list
from sersync.transfer.launch import Launcher, is_plain, not_started
from sersync.transfer.output import parse_stats
from sersync.transfer.planning import Planning, all_runs
from sersync.transfer.probe import Probe
from sersync.transfer.spares import Demand, Spares
from sersync.transfer.standstill import LOOK_EVERY_S, Standstill
from sersync.transfer.sweep import looking
from sersync.transfer.unit import DOUBTFUL, Plan
from sersync.transfer.verdict import Judgement

_CHECKSUM_RATE: Final = 20 << 20
"""Bytes a second at which the slowest target may read a large old copy before it answers."""
_DEAD_SPARE_S: Final = 0.25
_CUT_CODES: Final = (10, 12, 20, 30)
_LONGEST_RIPENING_S: Final = 0.1


class RsyncTransport:
    """Carries the paths of *root* to *target*. *connect* prepares the way, before each probe.

    *protected* returns the subtrees that nothing may be planned in now: they are not trusted.
    """

    def __init__(
        self,
        target: Target,
        root: bytes,
        *,
        rsh: str = "",
        connect: Callable[[], None] = lambda: None,
        protected: Callable[[], frozenset[RelPath]] = frozenset,
        scratch: str = "",
        roll: Roll | None = None,
    ) -> None:
        self.target = target
        self._launcher = Launcher(target, root, rsh=rsh, scratch=scratch)
        self._leaves_some = bool(target.filters) or target.options.keeps_backups
        self._connect = connect
        self._wake = Wake()
        self._children = Children(self._wake, roll)
        self._active: dict[Child, Active] = {}
        self._ready: list[Outcome] = []
        planning = self._planning = Planning(root, target.options)
        self._tree, self._links, self._carried = planning.tree, planning.links, planning.carried
        self._connecting_s = 0.0
        self._protected = protected
        self.capabilities = Capabilities()
        self._spares = Spares(self._launcher.spares(self._children), wanted=target.spares)
        self._recipe: Recipe | None = None
        self._asides = Asides(self._launcher, self._children, self._tree.is_directory)
        self._standstill = Standstill()
        self._demand = Demand()
        self.notes: tuple[str, ...] = ()
        self.probe_name = b""

    # What the engine sees: replication.ports.Transport.

    def open(self, is_stopping: Callable[[], bool]) -> Outcome | None:
        """Find out what the target can do, by trying. None: it is ready; else why it is not."""
        self.release()
        self._carried.doubt()
        self._connect()
        probe = Probe(self._launcher, self._children)
        self.probe_name = probe.name
        failure = probe.run(is_stopping)
        if failure is None:
            self.capabilities = probe.capabilities
            self.notes = probe.notes
            self._connecting_s = probe.connecting_s
            self._spares.ripe_after_s = min(probe.connecting_s, _LONGEST_RIPENING_S)
        return failure

    def start(
        self, paths: Sequence[DirtyPath], *, max_delete: int | None, granted: int = 0
    ) -> Refused:
        """Plan *paths* and start the runs that may start now."""
        is_apart = self.target.is_scheduled_apart and any(path.scheduled for path in paths)
        plan, batch = self._plan(paths, scheduled=is_apart)
        self._recipe = self._recipe_of(Kind.ENTRIES, max_delete)
        if plan.nothing_to_do:
            self._ready.append(Outcome(verdict=Verdict.DONE, paths=tuple(plan.nothing_to_do)))
        for run in batch.runs:
            limit = None if max_delete is None else max_delete + granted
            self._begin(run, self._recipe_of(run.kind, limit, scheduled=is_apart))
            granted = 0
        added = tuple(batch.added(paths))
        return Refused(waiting=tuple(batch.waiting), too_wide=tuple(plan.too_wide), added=added)

    def take_census(self) -> None:
        """Count what the target holds; a later ``wait`` returns it."""
        self._asides.take_census()

    def examine(self, paths: Sequence[DirtyPath], *, lists: bool) -> int:
        """Find out by dry runs what carrying *paths* would do; a later ``wait`` returns it."""
        is_apart = self.target.is_scheduled_apart and any(path.scheduled for path in paths)
        plan = partial(self._plan, scheduled=is_apart, beside=False)
        found, too_wide = all_runs(paths, plan)
        planned = [(run, self._recipe_of(run.kind, None, scheduled=is_apart)) for run in found]
        return self._asides.examine(planned, too_wide=too_wide, lists=lists)

    def wait(self, timeout_s: float) -> list[Outcome]:
        """Wait until runs end, ``wake`` is called or the time is over; return the ended runs."""
        is_ready = self._ready or self._asides.has_outcomes
        ended = self._children.wait(0.0 if is_ready else min(timeout_s, LOOK_EVERY_S))
        now = time.monotonic()
        for child, code in ended:
            self._ended(child, code, now)
        self._standstill.look(self._active.values(), now)
        self._refill(now)
        if self._recipe is not None:
            self._asides.tend_trash(now)
        outcomes, self._ready = [*self._ready, *self._asides.take()], []
        return outcomes

    def wake(self) -> None:
        """Let a waiting ``wait`` return. For any thread."""
        self._wake.set()

    def release(self, *, ends_counts: bool = True) -> None:
        """Give back idle connections; running transfers go on."""
        self._recipe = None
        for child in self._spares.dismiss():
            self._children.kill(child)
        self._asides.stop(counts=ends_counts)

    def cancel(self) -> None:
        """End all running transfers; ``wait`` returns them as unconfirmed."""
        for child in self._active:
            child.terminate()

    def close(self) -> None:
        """End everything and wait for it."""
        self._children.close()

    @property
    def free_lanes(self) -> int:
        """How many more runs may start now, the lane for large files not counted."""
        small = sum(each.run.kind is not Kind.LARGE for each in self._active.values())
        return (1 if self.target.bandwidth_kib_s else self.target.parallel) - small

    @property
    def ready_at(self) -> float:
        """When a run can start that arrives no later than one that is started before."""
        return self._spares.ripe_at

    @property
    def reserved(self) -> int:
        """How many entries the active runs may delete, together."""
        return sum(each.recipe.max_delete or 0 for each in self._active.values())

    @property
    def runs(self) -> int:
        """How many runs are active."""
        return len(self._active)

    @property
    def is_counting(self) -> bool:
        """A census or an examination is under way, whose outcome is still to come."""
        return self._asides.are_counting

    @property
    def spares(self) -> int:
        """How many connections stand ready."""
        return len(self._spares)

    def distrust(self, paths: Iterable[RelPath]) -> None:
        """Take nothing for granted of what the target has of *paths*: they are sent whole."""
        self._carried.remember(((path, DOUBTFUL) for path in paths), confirmed=False)

    def transfers(self, now: float) -> tuple[TransferStatus, ...]:
        """Return the active runs as they are at *now*. For any thread."""
        return tuple(runs.shown(each, now) for each in tuple(self._active.values()))

    def linked_files(self) -> Sequence[RelPath]:
        """Return a name of each file that ``-H`` keeps linked: rsync sees links of one run only."""
        return self._links.one_of_each() if self.target.options.hard_links else ()

    @property
    def has_unknown_names(self) -> bool:
        """A file has more names than are known; a full pass will meet those in the tree."""
        return self._links.has_unknown

    def search_names(self) -> None:
        """Take note that a full pass of the whole source begins."""
        self._links.search()

    # Starting.

    def _plan(
        self, paths: Sequence[DirtyPath], *, scheduled: bool, beside: bool = True
    ) -> tuple[Plan, Batch]:
        """Plan *paths*, *beside* what is active; anew, if a file system went away meanwhile."""
        while True:
            self._launcher.protect(self._protected())
            planned = self._planning.plan(
                paths,
                self._launcher.target.in_full_pass if scheduled else self._launcher.target,
                self.capabilities,
                active=tuple(self._active.values()) if beside else None,
                free_lanes=self.free_lanes if beside else 1,
                now=time.monotonic(),
            )
            if self._protected() == self._launcher.protected:
                return planned

    def _recipe_of(self, kind: Kind, limit: int | None, *, scheduled: bool = False) -> Recipe:
        able = self.capabilities
        return self._launcher.recipe(kind, able, max_delete=limit, scheduled=scheduled)

    def _begin(self, run: Run, recipe: Recipe, *, cold: bool = False) -> None:
        now = time.monotonic()
        token = runs.new_token()
        hold = run.hold
        # Before rsync can look at them: a time that it did not see must not be taken for seen.
        parents = runs.attributes_of(self._tree, hold.above)
        if run.sweeps:
            child, warm = self._start(*looking(run, recipe), runs.listing(token), run=run), False
        else:
            child, warm = self._child_for(run, recipe, cold=cold)
        if child is None:
            return
        begun = Active(
            run=run,
            recipe=recipe,
            child=child,
            hold=hold,
            started_at=now,
            warm=warm,
            patience_s=2.0 * self.target.timeout_s + run.file_bytes / _CHECKSUM_RATE,
            parents=parents,
            moved_at=now,
            looks=bool(run.sweeps),
            token=token,
            was_cut=cold,
        )
        for other in self._active.values():
            begun.meets(other)
        self._active[child] = begun
        self._demand.began(now)

    def _child_for(self, run: Run, recipe: Recipe, *, cold: bool) -> tuple[Child | None, bool]:
        if is_plain(run) and run.kind is Kind.ENTRIES and not cold:
            place = self._launcher.place()
            spare = self._spares.take(recipe, place) if place else None
            if spare is not None:
                self._children.feed(spare.child, name_list(run.names))
                return spare.child, True
        progress = [b"--info=progress2"] if run.kind is Kind.LARGE else []
        return self._start(run, recipe, [b"--stats", *progress]), False

    def _start(
        self, list_of: Run, recipe: Recipe, extra: Sequence[bytes], *, run: Run | None = None
    ) -> Child | None:
        """Start an rsync with the names *list_of* a run; *run* is the one that it looks for."""
        try:
            looks = run is not None
            child, names = self._launcher.run(list_of, recipe, extra, reads_all=looks)
        except OSError as error:
            reason, paths = not_started(error), tuple((run or list_of).dirties)
            self._ready.append(Outcome(verdict=Verdict.RETRY, paths=paths, reason=reason))
            return None
        self._children.add(child)
        self._children.feed(child, names)
        return child

    # Spares.

    def _refill(self, now: float) -> None:
        place = self._launcher.place()
        if self._recipe is None or place is None:
            return
        for child in self._spares.unfit(self._recipe, place, now):
            self._children.kill(child)
        # Connecting competes with a transfer: alone, it waits for its end. In a stream of changes
        # a spare must have been started some runs before it is used.
        if self._active and self._spares and not self._demand.is_busy(now):
            return
        extra = self._demand.more(now, is_slow=self._connecting_s > _LONGEST_RIPENING_S)
        self._spares.refill(self._recipe, place, now, extra=extra)

    # Ending.

    def _ended(self, child: Child, code: int, now: float) -> None:
        if self._asides.owns(child):
            if (told := self._judge(child, code)).too_many_connections:
                self._spares.give_way(now)
            self._asides.ended(child, told)
            return
        if (ended := self._active.pop(child, None)) is None:
            if self._spares.owns(child):
                self._spare_died(child, code, now)
            return
        if ended.looks or ended.first is not None:
            (self._looked if ended.looks else self._checked)(ended, code, now)
            return
        ended.stats = parse_stats(child.stdout.text)
        judgement = self._judge(child, code)
        if judgement.too_many_connections:
            self._spares.give_way(now)
        if ended.warm and code in _CUT_CODES and now - ended.started_at < _DEAD_SPARE_S:
            # The connection had died while the spare waited, most likely: so nothing was carried.
            self._begin(ended.run, ended.recipe, cold=True)
        elif judgement.missing_args_rejected:
            self.capabilities = replace(self.capabilities, missing_args=False)
            self._conclude(ended, judgement, now)
        elif ended.run.origin is not None and not ended.stalled:
            self._planning.remember(ended.run, judgement.verdict)
            self._ready.append(runs.moved(ended, judgement, now=now))
        elif judgement.needs_a_look(has_filters=self._leaves_some):
            self._look_again(ended, judgement, now)
        else:
            self._conclude(ended, judgement, now)

    def _judge(self, child: Child, code: int) -> Judgement:
        return runs.judge_child(child, code, self.target, self._launcher.root)

    def _looked(self, ended: Active, code: int, now: float) -> None:
        """Go on after the dry run that tells what may be deleted."""
        ended.looks = False
        judgement = self._judge(ended.child, code)
        if judgement.verdict not in (Verdict.DONE, Verdict.PARTIAL) or ended.stalled:
            self._conclude(ended, judgement, now)
            return
        self._launcher.protect(self._protected())
        runs.sort_deletions(ended, judgement, self._launcher.target.filters, self._tree)
        if ended.run.names:
            self._go_on(ended, self._start(ended.run, ended.recipe, [b"--stats"]), now)
        else:
            self._conclude(ended, Judgement(verdict=Verdict.DONE), now)

    def _go_on(self, active: Active, child: Child | None, now: float) -> None:
        """Let *child* be the rsync of a run that had another one before, if it could start."""
        if child is not None:
            active.child, active.moved_at, active.moved_bytes = child, now, 0
            self._active[child] = active

    def _spare_died(self, child: Child, code: int, now: float) -> None:
        judgement = self._judge(child, code)
        self._spares.died(child, now, too_many_connections=judgement.too_many_connections)
        if judgement.verdict is Verdict.RETRY:
            self._carried.doubt()
            # No path was with it, but a lost connection says something of what went before.
            self._ready.append(Outcome(verdict=Verdict.DONE, paths=(), exit_code=code))

    def _conclude(self, ended: Active, judgement: Judgement, now: float) -> None:
        judgement = runs.judged(ended, judgement, now)
        again = runs.again_after(ended, judgement, self._tree)
        outcome = runs.concluded(ended, judgement, now=now, again=again)
        self._planning.remember(ended.run, outcome.verdict)
        if outcome.verdict is Verdict.DONE:
            self._spares.served()
        elif outcome.verdict is Verdict.RETRY:
            # What was carried before may be offered again, and then it is to be compared.
            self._carried.doubt()
        self._ready.append(outcome)

    def _look_again(self, ended: Active, judgement: Judgement, now: float) -> None:
        """Ask rsync, by a dry run of the same list, what is missing, or was not deleted."""
        ended.first = judgement
        self._go_on(ended, self._start(ended.run, *runs.second_look(ended, judgement)), now)

    def _checked(self, ended: Active, code: int, now: float) -> None:
        if (first := ended.first) is None:
            raise AssertionError("only a run that was judged is checked")
        again = runs.again_after(ended, first, self._tree)
        if code in (0, 23, 24):
            self._ready.append(
                runs.resolved(ended, first, again=again, now=now, has_filters=self._leaves_some)
            )
            self._planning.remember(ended.run, first.verdict)
        else:
            self._conclude(ended, self._judge(ended.child, code), now)
