"""From a source of the settings to its state file, and from that to a source that goes on."""

from __future__ import annotations

import logging
import os
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from sersync.changelog.log import Changelog
from sersync.changelog.restoring import restored
from sersync.config.places import digest
from sersync.daemon.assembly import assemble_source
from sersync.daemon.hook_record import HookRecord
from sersync.linux.identity import birth_ns, boot_id, file_system_of
from sersync.model.basis import basis_of
from sersync.model.checkpoint import Kept, Moment, RootIdentity
from sersync.model.path import ROOT
from sersync.model.target import Settings, Source
from sersync.replication.checkpoints import Checkpoints
from sersync.replication.following import Following
from sersync.replication.keeping import Keeping
from sersync.replication.pipeline import Pipeline
from sersync.replication.ports import Clock
from sersync.replication.reconcile import Reconcile, Request
from sersync.replication.worker import TargetWorker
from sersync.state.store import SqliteStore
from sersync.watch.followed import LinkWatch
from sersync.watch.level import Levels
from sersync.watch.rescan import Rescan

log = logging.getLogger("sersync.state")

_TROUBLESOME: Final = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """A source with its checkpoints. *kept* is what an earlier daemon stored of it."""

    pipeline: Pipeline
    checkpoints: Checkpoints
    kept: Kept | None
    was_lost: bool = False
    """There was something, and it cannot be used."""

    def recall(self, worker: TargetWorker) -> None:
        """Let *worker*, whose thread has not started, go on from where it was, if it was.

        A baseline takes a target as it is once: if it was kept before, by other terms perhaps,
        changes may be due to it of which nothing is known any more.
        """
        kept = self.kept.targets.get(worker.target.name) if self.kept is not None else None
        is_same = kept is not None and kept.basis == worker.record.basis
        if worker.target.baseline and not is_same and (kept is not None or self.was_lost):
            worker.resync(ROOT)
        if self.kept is None or kept is None:
            return
        if is_same:
            worker.record.recall(self.kept, kept, now=time.monotonic())
        worker.recall(kept.held, is_same=is_same, at=self.kept.stored_at)

    def reconcile(self) -> None:
        """Have found what changed while nobody watched. After the workers and the watch.

        After an end without a stop, a directory may have been moved in the moment before. If the
        machine ended with us, neither what stands in the source need be what we saw there, nor
        what we stored last.
        """
        pipeline, kept = self.pipeline, self.kept
        if pipeline.keeping is None or pipeline.reconcile is None:
            return
        was_clean = kept is not None and kept.was_clean
        if kept is None or not (was_clean or kept.same_boot):
            pipeline.keeping.void([ROOT])
        workers = pipeline.workers.values()
        is_trusted = any(worker.record.is_trusted for worker in workers)
        if pipeline.following is not None:
            pipeline.following.tells_at_first = any(
                worker.record.is_trusted or not worker.target.baseline for worker in workers
            )
        since = None if kept is None else kept.stored_at
        pipeline.reconcile.ask(
            Request(subtree=ROOT, tells=is_trusted, doubts_moves=not was_clean, since=since)
        )


def state_file(state_dir: str, source: str) -> str:
    """Return the place of the state of the source called *source*."""
    name = _TROUBLESOME.sub("_", source)[:_LONGEST_NAME]
    if name != source or source.startswith("."):
        name = f"{name.lstrip('.')}-{digest(source)[:8]}"
    return os.path.join(state_dir, f"{name}.sqlite")


def assemble_lasting(source: Source, settings: Settings, *, clock: Clock) -> Lasting:
    """Return the pipeline of *source* with all that was stored of it. Raises ``SourceError``."""
    root = os.path.realpath(source.root)
    try:
        identity = identity_of(root)
    except OSError:
        # It says why, and the state stays untouched: a file system may not be mounted yet.
        assemble_source(source, clock=clock)
        raise
    file, given = state_file(settings.state_dir, source.name), os.path.abspath(source.root)
    store = SqliteStore(file, identity, boot=boot_id(), given=given)
    now = clock.monotonic()
    found = store.recover(Moment(monotonic_s=now, wall_s=clock.wall()))
    if found.reason is not None:
        log.warning("%s: %s. %s", source.name, found.reason.message, found.reason.remedy)
    with ExitStack() as undo:
        undo.callback(store.close)
        pipeline = assemble_source(
            source,
            _restored(source, found.kept, now),
            clock=clock,
            state_dir=settings.state_dir,
        )
        undo.pop_all()
    if found.root_was_lost:
        # It halted for that, and nobody has said since that this root is meant.
        pipeline.guard.distrust()
    checkpoints = _checkpoints(pipeline, store, settings, clock)
    pipeline.checkpoints = checkpoints
    _find_by_manifest(pipeline, store, checkpoints, clock)
    return Lasting(
        pipeline=pipeline,
        checkpoints=checkpoints,
        kept=found.kept,
        was_lost=found.reason is not None,
    )


def _checkpoints(
    pipeline: Pipeline, store: SqliteStore, settings: Settings, clock: Clock
) -> Checkpoints:
    """Return what stores *pipeline* again and again, its hooks restored to what they were."""
    source = pipeline.source
    hook_record = HookRecord(settings.state_dir, source.name, pipeline.root)
    untold = hook_record.load()
    for hook in pipeline.hooks:
        hook.restore(untold.get(hook.settings.name, ()))
    return Checkpoints(
        source.name,
        store,
        mailbox=pipeline.mailbox,
        records=lambda: [worker.record for worker in tuple(pipeline.workers.values())],
        clock=clock,
        every_s=settings.checkpoint_every_s,
        store_first=lambda: hook_record.save(pipeline.untold()),
        root_is_lost=lambda: _is_in_doubt(pipeline),
    )


def _is_in_doubt(pipeline: Pipeline) -> bool:
    """Tell whether a person has to say that the root is the right one.

    Right after a start too, before anybody else has looked.
    """
    reason = pipeline.lost or pipeline.guard.check()
    return reason is not None and reason.needs_confirm


def _find_by_manifest(
    pipeline: Pipeline, store: SqliteStore, checkpoints: Checkpoints, clock: Clock
) -> None:
    """Let *pipeline* find by the manifest in *store* what nobody told it of."""
    source, root = pipeline.source, pipeline.root
    pipeline.keeping = Keeping(
        store,
        checkpoints.commit,
        clock=clock,
        missing=lambda: [each.path for each in pipeline.guard.missing],
    )
    pipeline.reconcile = Reconcile(
        source.name,
        pipeline.keeping,
        Rescan(Levels(root, source.filters), source.filters),
        put=pipeline.found,
        changed=pipeline.mailbox.wake,
        clock=clock,
    )
    if follow := source.follow:
        pipeline.following = Following(
            source.name,
            LinkWatch(root, source.filters, follow),
            put=pipeline.found,
            is_lost=lambda: pipeline.lost is not None,
            clock=clock,
            every_s=source.poll_every_s,
        )


def identity_of(root: bytes) -> RootIdentity:
    """Return which directory *root* is. Raises ``OSError``."""
    return RootIdentity(
        path=root,
        file_system=file_system_of(root),
        inode=os.stat(root).st_ino,
        birth_ns=birth_ns(root),
    )


def _restored(source: Source, kept: Kept | None, now: float) -> Changelog | None:
    """Return the log as it was kept for those of the targets that it still holds for."""
    if kept is None:
        return None
    bases = {target.name: basis_of(target) for target in source.targets}
    known = [each for each in kept.targets.values() if bases.get(each.name) == each.basis]
    return restored(kept.log, kept.sequence, known, now=now)
