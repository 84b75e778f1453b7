"""From one source of the settings to its objects: where implementations meet their ports."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from functools import partial

from sersync.changelog.log import Changelog
from sersync.daemon.hooks import assemble_hooks
from sersync.daemon.mount_record import MountRecord
from sersync.daemon.schedule import Cron, Every, Never
from sersync.errors import SourceError
from sersync.linux.identity import is_empty, place_of
from sersync.linux.roll import Roll
from sersync.model.filters import Filter
from sersync.model.pasting import resume_command, word
from sersync.model.slices import Extent
from sersync.model.status import BatchReport, PassProgress
from sersync.model.target import RemoteShell, RsyncModule, Source, Target
from sersync.model.trigger import EVERY_TRIGGER
from sersync.replication.mailbox import Mailbox
from sersync.replication.pipeline import Pipeline
from sersync.replication.ports import Clock, RootGuard, Schedule
from sersync.replication.surroundings import Surroundings
from sersync.replication.worker import TargetWorker
from sersync.transfer.compare import RsyncComparer
from sersync.transfer.remote_shell import SharedConnections
from sersync.transfer.rsync import RsyncTransport
from sersync.transfer.tls import tls_rsh
from sersync.watch.inotify import InotifyWatcher
from sersync.watch.mounts import MountWatch
from sersync.watch.root import AbsentRoot, RootWatch
from sersync.watch.sample import Sample
from sersync.watch.walk import Walk


def assemble_source(
    source: Source, log: Changelog | None = None, *, clock: Clock, state_dir: str = ""
) -> Pipeline:
    """Return the pipeline of *source*, without its workers. Raises ``SourceError``.

    *log* is one that was restored; else it begins empty.
    """
    root = os.path.realpath(source.root)
    try:
        guard = RootWatch(
            root,
            source.root,
            mounts=_mounts(source, root, state_dir),
            confirm=_confirm(source, state_dir),
        )
    except OSError as error:
        where = os.fsdecode(source.root)
        raise SourceError(
            f"the source {where} cannot be read: {error.strerror}",
            hint=f"ls -ld {word(source.root)}",
        ) from error
    log = Changelog() if log is None else log
    return _pipeline(source, root, guard, log, clock=clock, state_dir=state_dir)


def assemble_absent(source: Source, *, clock: Clock, state_dir: str) -> Pipeline:
    """Return what stands for *source*, halted, while its root is not there."""
    root = os.path.realpath(source.root)
    guard = AbsentRoot(source.root)
    pipeline = _pipeline(source, root, guard, Changelog(), clock=clock, state_dir=state_dir)
    pipeline.is_absent = True
    return pipeline


def _pipeline(
    source: Source,
    root: bytes,
    guard: RootGuard,
    log: Changelog,
    *,
    clock: Clock,
    state_dir: str,
) -> Pipeline:
    mailbox = Mailbox(log, max_delay_s=source.max_delay_s)
    pipeline = Pipeline(
        source,
        mailbox=mailbox,
        guard=guard,
        new_watcher=lambda: InotifyWatcher(root, source.filters, triggers=source.triggers),
        measure=Walk(root, source.filters).measure,
        clock=clock,
    )
    pipeline.root = root
    pipeline.state_dir = state_dir
    pipeline.hooks = assemble_hooks(pipeline, root, clock)
    return pipeline


def assemble_target(
    pipeline: Pipeline,
    target: Target,
    *,
    connections: SharedConnections,
    clock: Clock,
    on_batch: Callable[[BatchReport], None] | None,
    scratch: str,
    roll: Roll | None = None,
) -> TargetWorker:
    """Return a worker for *target*, joined to the mailbox of *pipeline*.

    *scratch*: a directory for what is there for a moment only. *roll*: where its children are
    written down.
    """
    root = pipeline.root
    rsh, connect = _way(target, connections)
    transport = RsyncTransport(
        target,
        root,
        rsh=rsh,
        connect=connect,
        protected=pipeline.guard.protected,
        scratch=scratch,
        roll=roll,
    )
    pipeline.comparers[target.name] = RsyncComparer(
        target,
        root,
        rsh=rsh,
        capabilities=lambda: transport.capabilities,
        protected=pipeline.guard.protected,
    )
    around = _surroundings(pipeline, target, clock=clock, on_batch=on_batch)
    pipeline.mailbox.join(target.name, transport.wake, now=time.monotonic())
    worker = TargetWorker(target, transport, around)
    pipeline.workers[target.name] = worker
    return worker


def _surroundings(
    pipeline: Pipeline,
    target: Target,
    *,
    clock: Clock,
    on_batch: Callable[[BatchReport], None] | None,
) -> Surroundings:
    root = pipeline.root
    return Surroundings(
        source=pipeline.source.name,
        state_dir=pipeline.state_dir,
        written=pipeline.source.written,
        mailbox=pipeline.mailbox,
        guard=pipeline.guard,
        scanner=_walk(root, target, target.filters),
        scheduled_scanner=_walk(root, target, target.full_pass_filters),
        sample=Sample(root, target.full_pass_filters),
        is_all_carried=pipeline.source.triggers == EVERY_TRIGGER,
        schedule=_schedule(target),
        clock=clock,
        jitter=random.random,
        root_lost=pipeline.lose_root,
        place_of=place_of,
        is_empty=is_empty,
        extent=lambda: _extent(pipeline),
        rescan=lambda: _rescan(pipeline),
        store_soon=lambda: _store_soon(pipeline),
        on_batch=on_batch,
    )


def _way(target: Target, connections: SharedConnections) -> tuple[str, Callable[[], None]]:
    """Return the remote shell of *target*, empty without one, and what opens the way to it."""
    if isinstance(endpoint := target.endpoint, RemoteShell):
        timeout_s = target.connect_timeout_s
        return (
            connections.rsh(endpoint, connect_timeout_s=timeout_s),
            partial(connections.connect, endpoint, connect_timeout_s=timeout_s),
        )
    if isinstance(endpoint, RsyncModule) and endpoint.tls:
        return tls_rsh(endpoint), _nothing
    return "", _nothing


def _walk(root: bytes, target: Target, filters: Filter) -> Walk:
    options = target.options
    return Walk(
        root,
        filters,
        one_file_system=options.one_file_system,
        follow=options.follow,
        ignore_files=options.ignore_files,
        large_file_bytes=target.large_file_bytes,
    )


def _nothing() -> None:
    """Nothing prepares the way to a target that is reached without a shell of ours."""


def _mounts(source: Source, root: bytes, state_dir: str) -> MountWatch:
    record = MountRecord(state_dir, source.name, root) if state_dir else None
    return MountWatch(
        root,
        remembered=record.load() if record else (),
        record=record.save if record else lambda _: None,
        is_excluded=partial(source.filters.excludes, is_dir=True),
        confirm=_confirm(source, state_dir),
    )


def _confirm(source: Source, state_dir: str) -> str:
    """Return the command by which people say that what became of *source* is meant."""
    return resume_command(state_dir, source.name, confirm=True)


def _extent(pipeline: Pipeline) -> Extent:
    return pipeline.extent


def _store_soon(pipeline: Pipeline) -> None:
    if pipeline.checkpoints is not None:
        pipeline.checkpoints.soon()


def _rescan(pipeline: Pipeline) -> PassProgress | None:
    return None if pipeline.reconcile is None else pipeline.reconcile.progress()


def _schedule(target: Target) -> Schedule:
    if target.full_pass_cron:
        return Cron(target.full_pass_cron)
    if target.full_pass_every_s:
        return Every(target.full_pass_every_s)
    return Never()
