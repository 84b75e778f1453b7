"""A status in which nothing is missing, so that every field of its document is there."""

from __future__ import annotations

from sersync.model.batch import Problem, Reason, Stage
from sersync.model.dirty import Scope
from sersync.model.mount import MissingMount
from sersync.model.path import RelPath
from sersync.model.request import Deed, Did
from sersync.model.status import (
    AuditStatus,
    DaemonStatus,
    DirectoryCount,
    HookStatus,
    PassProgress,
    PendingPath,
    PendingStatus,
    SourceStatus,
    StateStatus,
    TargetState,
    TargetStatus,
    TransferStatus,
    WitnessStatus,
)
from tests.support.status import daemon_status, target_status

_REASON = Reason(message="Permission denied", remedy="Let it be read.", command="chmod a+r f")
_PATH = RelPath(b"caf\xe9")
_PENDING = PendingPath(path=_PATH, scope=Scope.LEVEL, since_s=2.0, due_in_s=1.0)


def a_full_target() -> TargetStatus:
    """Return a target with something in every field."""
    problem = Problem(path=_PATH, stage=Stage.READ, message="Permission denied", retry_in_s=3.0)
    return target_status(
        state=TargetState.HALTED,
        retry_in_s=1.0,
        last_success_s_ago=2.0,
        reason=_REASON,
        problems=(problem,),
        notes=("an old rsync",),
        witness=WitnessStatus(looked_s_ago=1.0),
        audit=AuditStatus(every_s=60.0),
        progress=PassProgress(entries=1),
        pending_paths=(_PENDING,),
        transfers=(
            TransferStatus(
                kind="entries", paths=1, bytes=2, bytes_total=3, elapsed_s=0.5, first_path=_PATH
            ),
        ),
    )


def a_full_status() -> DaemonStatus:
    """Return a daemon with something in every field."""
    source = SourceStatus(
        name="www",
        root="/srv/www",
        watcher="inotify",
        directories=12,
        halted=_REASON,
        missing=(MissingMount(path=_PATH, reason=_REASON),),
        notes=("a note",),
        targets=(a_full_target(),),
        outdated=3,
        state=StateStatus(stored_s_ago=1.0, reason=_REASON),
        hooks=(HookStatus(name="cdn"),),
    )
    return daemon_status(sources=(source,))


def a_full_backlog() -> PendingStatus:
    """Return what a target lacks, with something in every field."""
    return PendingStatus(
        source="www",
        target="web1",
        pending=1,
        in_flight=0,
        directories=(DirectoryCount(directory=_PATH, paths=1),),
        directories_omitted=0,
        paths=(_PENDING,),
        omitted=0,
    )


def a_full_deed() -> Deed:
    """Return a deed with its reason."""
    return Deed(source="www", target="web1", did=Did.REFUSED, reason=_REASON)
