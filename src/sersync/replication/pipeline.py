"""One source: its watcher's thread, its mailbox, and a worker for each target."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, TypeGuard

from sersync.errors import SersyncError
from sersync.model.batch import Reason
from sersync.model.dirty import Scope
from sersync.model.hooks import Untold
from sersync.model.options import IGNORE_FILE
from sersync.model.path import ROOT, RelPath, ancestors, display, name, overlap, parent
from sersync.model.pending import Ending
from sersync.model.report import Desync, DesyncReason, Report, Suspect, Touched
from sersync.model.slices import Extent
from sersync.model.status import SourceStatus, TargetStatus
from sersync.model.target import Source
from sersync.model.trigger import EVERY_TRIGGER
from sersync.replication.barrier import Barrier, Barriers, Phase
from sersync.replication.checkpoints import Checkpoints
from sersync.replication.circle import without_probes
from sersync.replication.following import Following
from sersync.replication.hook_worker import HookWorker
from sersync.replication.keeping import ANOTHER_FILE_SYSTEM, Keeping
from sersync.replication.mailbox import Mailbox
from sersync.replication.mount_news import MountNews
from sersync.replication.polling import Polling
from sersync.replication.ports import Clock, RootGuard, Watcher
from sersync.replication.question_ports import Comparer
from sersync.replication.reconcile import Reconcile, Request
from sersync.replication.worker import TargetWorker

log = logging.getLogger("sersync.source")

_LOOK_EVERY_S: Final = 1.0
_MOST_NOTES: Final = 10


class Pipeline:
    """Watches one source and feeds its workers. ``watch`` is for the watcher's thread alone."""

    def __init__(
        self,
        source: Source,
        *,
        mailbox: Mailbox,
        guard: RootGuard,
        new_watcher: Callable[[], Watcher],
        measure: Callable[[], Extent],
        clock: Clock,
    ) -> None:
        self.source = source
        self.root = source.root
        """Where the root led when this was made; whoever made it knows."""
        self.is_absent = False
        """The root was not there: this only stands for what is to be started once it is."""
        self.state_dir = ""
        """By which people reach the daemon; whoever made this knows."""
        self.mailbox = mailbox
        self.guard = guard
        self.workers: dict[str, TargetWorker] = {}
        self.comparers: dict[str, Comparer] = {}
        """Of each target, for questions that are asked beside the transfers."""
        self.checkpoints: Checkpoints | None = None
        """None where nothing is kept, as in a single pass."""
        self.hooks: list[HookWorker] = []
        self._extent = Extent(entries=0, bytes=0)
        self._new_watcher = new_watcher
        self._measure = measure
        self._clock = clock
        self._watcher: Watcher | None = None
        self._stopping = False
        self._drained_at = clock.monotonic()
        """When the kernel's queue was last about to be read to its end: nothing older is lost."""
        self._lost: Reason | None = None
        self._wake = threading.Event()
        self.keeping: Keeping | None = None
        self.reconcile: Reconcile | None = None
        """Finds by the manifest what nobody told of; None: everything is compared instead."""
        self.following: Following | None = None
        """Looks behind symlinks, where a target follows some."""
        self._finding = threading.Lock()
        self._polling = Polling(source.poll_every_s)
        self._looked_at, self._overflows = 0.0, 0
        self._mount_news = MountNews(source.name, guard, poll_every_s=source.poll_every_s)
        self._barriers = Barriers()

    # For other threads.

    def stop(self) -> None:
        """Let ``watch`` return."""
        self._stopping = True
        self._wake.set()
        watcher = self._watcher
        if watcher is not None:
            watcher.wake()
        if self.reconcile is not None:
            self.reconcile.stop()
        if self.following is not None:
            self.following.stop()

    def begin(self) -> None:
        """Watch the tree; raises ``SersyncError`` when that cannot be."""
        self._watcher = self._new_watcher()
        self._put(self._watcher.begin())

    def lose_root(self, reason: Reason) -> None:
        """Halt every target: the root is not what it was. For the workers' threads."""
        if self._lost is not None:
            return
        self._lost = reason
        log.error("%s halted: %s. %s", self.source.name, reason.message, reason.remedy)
        for worker in tuple(self.workers.values()):
            worker.root_is_lost(reason)
        if self.checkpoints is not None:
            self.checkpoints.soon()
        watcher = self._watcher
        if watcher is not None:
            watcher.wake()

    def accept_mounts(self) -> None:
        """Take file systems that are missing for gone. For any thread."""
        self.guard.accept_mounts()
        self._looked_at = float("-inf")
        watcher = self._watcher
        if watcher is not None:
            watcher.wake()

    @property
    def lost(self) -> Reason | None:
        """Why nothing is carried: the root is not what it was. For any thread."""
        return self._lost

    def is_left_behind(self, place: bytes) -> bool:
        """Tell whether the root leads to *place* now, and is to be followed there.

        One that was not there at first is begun with wherever it is.
        """
        if self.is_absent:
            return True
        follows = self.source.follows_symlink and self._lost is not None
        return follows and place != self.root

    def accept(self) -> Reason | None:
        """Take the root as it is now for the right one; return why that cannot be.

        For any thread: the watcher's finds it in order when it looks next.
        """
        reason = self.guard.accept()
        self._wake.set()
        return reason

    def count(self) -> None:
        """Count the source, for progress and for the guard. In a thread of its own: it is slow."""
        self._extent = self._measure()

    @property
    def now(self) -> float:
        """The time, by the clock of the engine. For any thread."""
        return self._clock.monotonic()

    @property
    def extent(self) -> Extent:
        """How much the source holds, as far as it was counted."""
        return self._extent if self.reconcile is None else self.reconcile.extent

    def status(self, targets: Iterable[TargetStatus]) -> SourceStatus:
        """Return what can be seen of the source, with its *targets*."""
        watcher = self._watcher
        return SourceStatus(
            name=self.source.name,
            root=display(self.source.root),
            watcher="inotify",
            directories=watcher.directories if watcher is not None else 0,
            halted=self._lost,
            missing=self.guard.missing,
            notes=(
                *(watcher.notes if watcher is not None else ()),
                *self._mount_news.notes(),
                *(self.following.notes if self.following is not None else ()),
            ),
            targets=tuple(targets),
            outdated=self._outdated(),
            state=self.checkpoints.status() if self.checkpoints is not None else None,
            hooks=tuple(hook.status() for hook in self.hooks),
            overflows=self._overflows,
            rescans=self.reconcile.rescans if self.reconcile is not None else 0,
        )

    def _outdated(self) -> int | None:
        if self.keeping is None or self.reconcile is None:
            return None
        return self.keeping.outdated + self.reconcile.waiting

    def coverage(self, directory: RelPath) -> tuple[tuple[RelPath, ...], bool]:
        """Return what is not watched, and whether *directory* is. For any thread; slow."""
        watcher = self._watcher
        if watcher is None:
            return (), False
        return watcher.uncovered, watcher.is_watched(directory)

    def await_carried(self, barrier: Barrier) -> None:
        """Let *barrier* end when all that was changed by now is carried, or cannot be.

        For any thread. Raises ``TooMany``.
        """
        self._barriers.add(barrier)
        self._wake.set()
        watcher = self._watcher
        if watcher is not None:
            watcher.wake()

    # The watcher's thread.

    def watch(self) -> None:
        """Turn what the kernel tells into dirty paths, until stopped."""
        try:
            while not self._stopping:
                if self._lost is None and (reason := self.guard.check()) is not None:
                    self.lose_root(reason)
                if self._lost is not None:
                    self._await_root()
                    continue
                self._take()
        finally:
            self._barriers.lose(Ending.WAITING)
            if self._watcher is not None:
                self._watcher.close()

    def _take(self) -> None:
        watcher = self._watcher
        if watcher is None:
            raise AssertionError("begin comes before watch")
        began_at = self._clock.monotonic()
        barriers = self._barriers.before_a_read()
        reports = watcher.take(0.0 if barriers else _LOOK_EVERY_S)
        if reports:
            self._put(reports)
        if barriers and watcher.is_drained:
            self._barriers.were_read(barriers)
            for barrier in barriers:
                self._look_through(barrier, watcher)
        if self.keeping is not None and watcher.is_drained:
            self.keeping.drained(began_at)
        if watcher.is_drained:
            self._drained_at = began_at
        now = self._clock.monotonic()
        if now - self._looked_at > _LOOK_EVERY_S:
            self._looked_at = now
            for path in self._mount_news.arrived():
                mounted = Desync(subtree=path, reason=DesyncReason.MOUNTED)
                self._put([*watcher.cover(path), mounted])
            self._poll(watcher, now)

    def _look_through(self, barrier: Barrier, watcher: Watcher) -> None:
        """Let the targets count what *barrier* waits for, once all of it is known."""
        barrier.phase = Phase.LOOKING
        subtrees = {*watcher.uncovered, *self.guard.unheard}
        meant = {each for each in subtrees if overlap(each, barrier.path)}
        if meant:
            self._have_looked_through(meant)
        barrier.notes = tuple(
            f"{display(each) if each else 'the source'} is not watched, or not all of its changes"
            " are told: it was looked through for this answer"
            for each in sorted(meant)[:_MOST_NOTES]
        )
        if self.source.triggers != EVERY_TRIGGER:
            note = "some kinds of change are carried by full passes only (triggers): not waited for"
            barrier.notes += (note,)
        if self.reconcile is None:
            self._let_count(barrier)
        else:
            self.reconcile.after(partial(self._let_count, barrier))

    def _let_count(self, barrier: Barrier) -> None:
        barrier.phase = Phase.CARRYING
        for target in barrier.targets:
            worker = self.workers.get(target)
            if worker is None:
                barrier.end(target, Ending.WAITING)
            else:
                worker.waits.add(barrier)

    def _poll(self, watcher: Watcher, now: float) -> None:
        """Have looked through what nobody tells of, when that is due."""
        subtrees = {*watcher.uncovered, *self.guard.unheard}
        is_looking = self.reconcile is not None and self.reconcile.waiting > 0
        if subtrees and self._polling.is_due(now, is_looking=is_looking):
            self._have_looked_through(subtrees)

    def _have_looked_through(self, subtrees: set[RelPath]) -> None:
        topmost = [each for each in sorted(subtrees) if subtrees.isdisjoint(ancestors(each))]
        reason = DesyncReason.UNCOVERED
        self._put([Desync(subtree=each, reason=reason, covered=False) for each in topmost])

    def _put(self, reports: list[Report]) -> None:
        for report in reports:
            if isinstance(report, Desync):
                self._overflows += report.reason is DesyncReason.OVERFLOW
                log.log(
                    # What is looked through now and then was told of once.
                    logging.DEBUG if report.reason is DesyncReason.UNCOVERED else logging.WARNING,
                    "%s: %s is compared again: %s. %s",
                    self.source.name,
                    display(report.subtree),
                    report.reason.value,
                    report.detail,
                )
        told = without_probes(reports, tuple(self.workers.values()))
        if self.keeping is not None and self.reconcile is not None:
            uncovered = self._watcher.uncovered if self._watcher is not None else ()
            self.keeping.uncovered = (*uncovered, *self.guard.unheard)
            self.keeping.note(told)
            asked = [each for each in told if _is_asked_of_the_manifest(each)]
            for each in asked:
                since = self._drained_at if each.covered else None
                self.reconcile.ask(Request(subtree=each.subtree, since=since))
            told = [each for each in told if each not in asked]
        self.found(told)

    def found(self, reports: Sequence[Report]) -> None:
        """Let *reports* be carried, and the hooks know. For any thread."""
        if self.following is not None:
            reports = self.following.told(reports)
        if self.source.ignore_files:
            reports = [*reports, *_of_ignore_files(reports)]
        with self._finding:
            self.mailbox.put(reports, now=self._clock.monotonic())
            for hook in self.hooks:
                hook.offer(reports)

    def untold(self) -> dict[str, list[Untold]]:
        """Return what each hook is still to be told of all that the log knows. For any thread."""
        with self._finding:
            return {hook.settings.name: hook.untold() for hook in self.hooks}

    def stands(self, path: RelPath) -> bool:
        """Tell whether all targets have *path*, as far as is known. For any thread."""
        is_compared = any(worker.is_comparing(path) for worker in tuple(self.workers.values()))
        return not is_compared and self.mailbox.stands(path)

    def _await_root(self) -> None:
        """Wait until the root is there again, then watch it anew and compare everything."""
        self._barriers.lose(Ending.HELD)
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        self._wake.wait(_LOOK_EVERY_S)
        self._wake.clear()
        if self._stopping:
            return
        if (reason := self.guard.check()) is not None:
            if reason != self._lost:
                # Gone at first, another directory now: what is told is what is there.
                self._lost = None
                self.lose_root(reason)
            return
        if self.keeping is not None:
            # Nobody watched meanwhile. Every target is compared, and so are the rows made anew.
            self.keeping.void([ROOT])
        try:
            self.begin()
        except SersyncError as error:
            log.warning("%s: %s", self.source.name, error)
            return
        if self.reconcile is not None:
            self.reconcile.ask(Request(subtree=ROOT, tells=False))
        self._lost = None
        log.info("%s: the root is back; everything is compared again", self.source.name)
        for worker in tuple(self.workers.values()):
            worker.root_is_back(unheard_since=self._drained_at)


def _is_asked_of_the_manifest(report: Report) -> TypeGuard[Desync]:
    return isinstance(report, Desync) and report.reason not in ANOTHER_FILE_SYSTEM


def _of_ignore_files(reports: Iterable[Report]) -> Iterator[Report]:
    """Yield what it means that files changed which say what of their directory takes part."""
    for report in reports:
        if isinstance(report, Touched) and name(report.path) == IGNORE_FILE:
            yield Suspect(parent(report.path), Scope.TREE)
