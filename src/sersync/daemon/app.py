"""The daemon: from settings to running threads, and from new settings to the difference."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sersync import __version__
from sersync.api.server import ApiServer
from sersync.daemon.assembly import assemble_absent, assemble_source, assemble_target
from sersync.daemon.auditing import Auditing
from sersync.daemon.board import DaemonBoard
from sersync.daemon.chronicle import Chronicle
from sersync.daemon.control import Control
from sersync.daemon.explaining import Explaining
from sersync.daemon.historian import HISTORY, Historian
from sersync.daemon.lasting import assemble_lasting
from sersync.daemon.own_files import without_own_files
from sersync.daemon.premises import check_rsync, locked, restart_command, scratch
from sersync.daemon.pulse import Pulse
from sersync.daemon.questions import AllQuestions
from sersync.daemon.supervisor import Supervisor
from sersync.daemon.verifying import Verifying
from sersync.daemon.waiting import Waiting
from sersync.errors import SersyncError
from sersync.linux.lock import DirectoryLock
from sersync.linux.roll import Roll, end_survivors
from sersync.model.basis import basis_of
from sersync.model.path import display
from sersync.model.status import BatchReport, DaemonStatus
from sersync.model.target import Settings, Source, Target
from sersync.replication.pipeline import Pipeline
from sersync.replication.record import Record
from sersync.replication.worker import TargetWorker
from sersync.state.history import SqliteHistory
from sersync.transfer.remote_shell import SharedConnections

log = logging.getLogger("sersync.daemon")

_JOIN_S: Final = 5.0


class Daemon:
    """All sources and targets of one process. Used by the main thread alone, but for ``status``.

    *on_batch* is called by the workers' threads after every run; it must not block.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_batch: Callable[[BatchReport], None] | None = None,
        keeps_state: bool = True,
    ) -> None:
        """*keeps_state*: what is pending outlives this process; a single pass needs no such."""
        self.settings = without_own_files(settings, os.path.realpath)
        self._keeps_state = keeps_state
        self.crashed = threading.Event()
        self.pulse = Pulse()
        historian = None
        if keeps_state:
            history = SqliteHistory(os.path.join(settings.state_dir, HISTORY))
            historian = Historian(history, self.status, self.pulse)
        self.chronicle = Chronicle(historian, on_batch)
        self._supervisor = Supervisor(lambda _: self.crashed.set())
        self._pipelines: dict[str, Pipeline] = {}
        self._lock: DirectoryLock | None = None
        self._api: ApiServer | None = None
        self._connections: SharedConnections | None = None
        self._scratch = ""
        self._roll: Roll | None = None
        self._following: set[str] = set()
        """Sources that could not be started at the place where their symlink leads."""
        self._auditing: dict[str, Auditing] = {}
        self._started_at = time.monotonic()
        self.waiting = Waiting(self._all)
        self.verifying = Verifying(self._all, self._supervisor.start)
        self.explaining = Explaining(
            self._all, config_file=lambda: self.settings.config_file, history=historian
        )
        self._board = DaemonBoard(
            self.status,
            Control(self._all),
            self._all,
            self.chronicle,
            AllQuestions(self.waiting, self.explaining, self.verifying),
        )

    def start(self) -> None:
        """Begin. Raises ``SersyncError`` for what makes it impossible, with nothing left behind."""
        check_rsync()
        self._lock = locked(self.settings.state_dir)
        self._scratch = scratch(self.settings.state_dir)
        roll = os.path.join(self.settings.state_dir, "children")
        # What an earlier daemon has left behind must not undo what this one carries.
        end_survivors(roll)
        self._roll = Roll(roll)
        self._connections = SharedConnections(self._scratch)
        try:
            for source in self.settings.sources:
                self._start_source(source)
            self._open_doors()
        except SersyncError:
            self.stop(now=True)
            raise
        self.chronicle.start(self._supervisor)

    def stop(self, *, now: bool = False) -> None:
        """End: running transfers are finished within the grace period, or *now* cancelled."""
        grace_s = 0.0 if now else self.settings.grace_s
        if self._api is not None:
            self._api.close()
        self.verifying.cancel()
        for pipeline in self._pipelines.values():
            pipeline.stop()
            for worker in pipeline.workers.values():
                worker.stop(grace_s=grace_s)
        for name in list(self._pipelines):
            self._join_source(name, grace_s, is_clean=not now)
        self.chronicle.stop(self._supervisor)
        if self._connections is not None:
            self._connections.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _all(self) -> tuple[Pipeline, ...]:
        return tuple(self._pipelines.values())

    def status(self) -> DaemonStatus:
        """Return what can be seen now. For any thread."""
        return DaemonStatus(
            version=__version__,
            pid=os.getpid(),
            uptime_s=time.monotonic() - self._started_at,
            config_file=self.settings.config_file,
            state_dir=self.settings.state_dir,
            listen=self._api.address if self._api is not None else "",
            listen_error=self._api.error if self._api is not None else "",
            sources=tuple(
                pipeline.status(worker.status() for worker in tuple(pipeline.workers.values()))
                for pipeline in tuple(self._pipelines.values())
            ),
        )

    def workers(self) -> list[TargetWorker]:
        """Return the workers of all targets."""
        return [
            worker for pipeline in self._pipelines.values() for worker in pipeline.workers.values()
        ]

    def threads(self) -> list[threading.Thread]:
        """Return the threads that replication needs. For any thread."""
        return self._supervisor.threads()

    def reload(self, settings: Settings) -> None:
        """Change over to *settings*; what did not change keeps all that is pending for it.

        Halted targets are tried again. Raises ``SersyncError`` when a new source cannot be begun;
        the others go on. The state directory stays that of the start.
        """
        settings = without_own_files(self._in_place(settings), os.path.realpath)
        wanted = {source.name: source for source in settings.sources}
        for name in [name for name in self._pipelines if name not in wanted]:
            self._stop_source(name)
        self.settings = settings
        if self._api is not None:
            self._api.change(settings.api)
        for source in settings.sources:
            pipeline = self._pipelines.get(source.name)
            if pipeline is not None and _is_watched_alike(pipeline.source, source):
                self._reload_targets(pipeline, source)
            else:
                if pipeline is not None:
                    self._stop_source(source.name)
                self._start_source(source)
        log.info("the configuration was read again")

    def _in_place(self, settings: Settings) -> Settings:
        """Return *settings* with the state directory of the start: all that is kept is there."""
        ours, wanted = self.settings.state_dir, settings.state_dir
        if wanted != ours:
            log.warning(
                "the state stays in %s: for %s, end this daemon and start it again: %s",
                display(os.fsencode(ours)),
                display(os.fsencode(wanted)),
                restart_command(settings.config_file),
            )
        return replace(settings, state_dir=ours)

    def follow(self) -> None:
        """Go on with each source whose root is there now, or elsewhere, where its symlink leads.

        That is a start of this source: everything is compared, under the same guards.
        """
        for source in self.settings.sources:
            pipeline = self._pipelines.get(source.name)
            place = os.path.realpath(source.root)
            is_left = pipeline is not None and pipeline.is_left_behind(place)
            if not (is_left or source.name in self._following) or not os.path.isdir(place):
                continue
            if pipeline is not None:
                self._stop_source(source.name)
            try:
                self._start_source(source)
            except SersyncError as error:
                # The place may be made this moment: it is tried again.
                self._following.add(source.name)
                log.error("%s: %s. %s", source.name, error.message, error.hint)
                continue
            self._following.discard(source.name)
            log.info("%s: its root is %s now; it is carried", source.name, os.fsdecode(place))

    def _open_doors(self) -> None:
        """Let people and programs ask."""
        path = os.path.join(self.settings.state_dir, "control.sock")
        self._api = ApiServer(path, self._board, self.settings.api)
        self._api.start()

    # Sources and targets.

    def _start_source(self, source: Source) -> None:
        if self._is_absent(source):
            self._start_absent(source)
        else:
            self._start_present(source)

    def _start_present(self, source: Source) -> None:
        lasting = None
        if self._keeps_state:
            lasting = assemble_lasting(source, self.settings, clock=self.pulse)
            pipeline = lasting.pipeline
        else:
            state_dir = self.settings.state_dir
            pipeline = assemble_source(source, clock=self.pulse, state_dir=state_dir)
        for target in source.targets:
            worker = self._add_target(pipeline, target)
            if lasting is not None:
                lasting.recall(worker)
        # Watch first, then compare: what changes meanwhile must not be missed.
        try:
            pipeline.begin()
        except SersyncError:
            if lasting is not None:
                lasting.checkpoints.close()
            raise
        self._pipelines[source.name] = pipeline
        if lasting is not None:
            # Before anything is carried: from here on an end without a stop can be told.
            lasting.checkpoints.commit()
            self._supervisor.start(f"state:{source.name}", lasting.checkpoints.run, awaited=False)
        self._start_hooks(pipeline)
        if lasting is not None:
            # Before anybody can ask whether everything is carried.
            lasting.reconcile()
        self._supervisor.start(f"watch:{source.name}", pipeline.watch)
        if pipeline.reconcile is not None:
            self._supervisor.start(f"rescan:{source.name}", pipeline.reconcile.run)
            if pipeline.following is not None:
                self._supervisor.start(f"links:{source.name}", pipeline.following.run)
        else:
            self._supervisor.start(f"count:{source.name}", pipeline.count, awaited=False)
        for worker in pipeline.workers.values():
            self._start_worker(pipeline, worker)
        if lasting is not None:
            self._audit(pipeline)

    def _is_absent(self, source: Source) -> bool:
        """Tell whether its root is not there, and that of another source is.

        The others are carried meanwhile. Where there is no other, a start had better fail.
        """
        are_there = [os.path.isdir(each.root) for each in self.settings.sources]
        return not os.path.isdir(source.root) and any(are_there)

    def _start_absent(self, source: Source) -> None:
        """Let a source stand halted until its root is there; ``follow`` then starts it."""
        pipeline = assemble_absent(source, clock=self.pulse, state_dir=self.settings.state_dir)
        for target in source.targets:
            self._add_target(pipeline, target)
        self._pipelines[source.name] = pipeline
        self._supervisor.start(f"watch:{source.name}", pipeline.watch)
        for worker in pipeline.workers.values():
            self._start_worker(pipeline, worker)

    def _audit(self, pipeline: Pipeline) -> None:
        name = pipeline.source.name
        auditing = Auditing(pipeline, self.settings.state_dir, is_busy=self.verifying.is_busy)
        self._auditing[name] = auditing
        self._supervisor.start(f"audit:{name}", auditing.run, awaited=False)

    def _start_hooks(self, pipeline: Pipeline) -> None:
        for hook in pipeline.hooks:
            name = f"hook:{pipeline.source.name}/{hook.settings.name}"
            self._supervisor.start(name, hook.run, awaited=False)

    def _add_target(self, pipeline: Pipeline, target: Target) -> TargetWorker:
        if self._connections is None:
            raise AssertionError("start comes first")
        return assemble_target(
            pipeline,
            target,
            connections=self._connections,
            clock=self.pulse,
            on_batch=self.chronicle.note,
            scratch=self._scratch,
            roll=self._roll,
        )

    def _start_worker(self, pipeline: Pipeline, worker: TargetWorker) -> None:
        name = f"work:{pipeline.source.name}/{worker.target.name}"
        self._supervisor.start(name, worker.run)

    def _reload_targets(self, pipeline: Pipeline, source: Source) -> None:
        wanted = {target.name: target for target in source.targets}
        before: dict[str, Record] = {}
        held = {name: worker.record.held() for name, worker in pipeline.workers.items()}
        for name, worker in list(pipeline.workers.items()):
            if wanted.get(name) != worker.target:
                worker.stop(grace_s=self.settings.grace_s)
                self._supervisor.join(f"work:{source.name}/{name}")
                del pipeline.workers[name]
                if name in wanted and basis_of(wanted[name]) == worker.record.basis:
                    before[name] = worker.record
                else:
                    pipeline.mailbox.leave(name)
            else:
                worker.retry()
        pipeline.source = source
        for name, target in wanted.items():
            if name not in pipeline.workers:
                worker = self._add_target(pipeline, target)
                if name in before:
                    worker.record.succeed(before[name], now=self.pulse.monotonic())
                if name in held:
                    worker.recall(held[name], is_same=name in before, at=self.pulse.monotonic())
                self._start_worker(pipeline, worker)

    def _stop_source(self, name: str) -> None:
        pipeline = self._pipelines[name]
        pipeline.stop()
        for worker in pipeline.workers.values():
            worker.stop(grace_s=self.settings.grace_s)
        self._join_source(name, self.settings.grace_s)

    def _join_source(self, name: str, grace_s: float, *, is_clean: bool = True) -> None:
        pipeline = self._pipelines.pop(name)
        self.verifying.cancel(name)
        if name in self._auditing:
            self._auditing.pop(name).stop()
            self._supervisor.join(f"audit:{name}", _JOIN_S)
        self._supervisor.join(f"watch:{name}", _JOIN_S)
        for worker in pipeline.workers:
            self._supervisor.join(f"work:{name}/{worker}", grace_s + _JOIN_S)
        self._supervisor.join(f"rescan:{name}", _JOIN_S)
        self._supervisor.join(f"links:{name}", _JOIN_S)
        for hook in pipeline.hooks:
            hook.stop()
        for hook in pipeline.hooks:
            self._supervisor.join(f"hook:{name}/{hook.settings.name}", _JOIN_S)
        if pipeline.checkpoints is not None:
            pipeline.checkpoints.finish(is_clean=is_clean)
            self._supervisor.join(f"state:{name}", _JOIN_S)


def _is_watched_alike(old: Source, new: Source) -> bool:
    is_same = replace(old, targets=()) == replace(new, targets=())
    return is_same and old.follow == new.follow
