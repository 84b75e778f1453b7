"""A status document with every field, whichever version of the daemon wrote it. Pure.

A daemon that was not restarted after an upgrade leaves out what it does not know; what the model
says of a field that nothing is known of stands in for it. Unknown fields stay.
"""

from __future__ import annotations

from typing import Any, Final

from sersync.api.render import status_document
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.dirty import Scope
from sersync.model.path import ROOT
from sersync.model.status import (
    DaemonStatus,
    HookStatus,
    PassProgress,
    PendingPath,
    SourceStatus,
    TargetState,
    TargetStatus,
    TransferStatus,
)

Json = dict[str, Any]

_REASON: Final = Reason(message="")
_MODEL: Final = status_document(
    DaemonStatus(
        version="",
        pid=0,
        uptime_s=0.0,
        config_file="",
        state_dir="",
        sources=(
            SourceStatus(
                name="",
                root="",
                watcher="",
                directories=0,
                halted=_REASON,
                notes=(),
                hooks=(HookStatus(name=""),),
                targets=(
                    TargetStatus(
                        source="",
                        target="",
                        endpoint="",
                        state=TargetState.STARTING,
                        problems=(Problem(path=ROOT, stage=Stage.WRITE, message=""),),
                        pending_paths=(PendingPath(path=ROOT, scope=Scope.ENTRY, since_s=0.0),),
                        transfers=(
                            TransferStatus(
                                kind="", paths=0, bytes=0, bytes_total=0, elapsed_s=0.0,
                                first_path=ROOT,
                            ),
                        ),
                        progress=PassProgress(),
                    ),
                ),
            ),
        ),
    )
)  # fmt: skip
_SOURCE: Final[Json] = _MODEL["sources"][0]
_TARGET: Final[Json] = _SOURCE["targets"][0]
_LISTED: Final = ("problems", "pending_paths", "transfers")
_IN_SOURCE: Final = {**_SOURCE, "halted": None, "hooks": ()}
_IN_TARGET: Final = {**_TARGET, **dict.fromkeys(_LISTED, ()), "progress": None}


def completed(document: Json) -> Json:
    """Return *document* with the fields that an older daemon left out."""
    sources = [_source(each) for each in document.get("sources", ())]
    return {**_MODEL, **document, "sources": sources}


def _source(source: Json) -> Json:
    targets = [_target(each) for each in source.get("targets", ())]
    known = {**_IN_SOURCE, **source, "targets": targets}
    known["halted"] = _reason(known["halted"])
    known["missing"] = [each | {"reason": _reason(each["reason"])} for each in known["missing"]]
    known["hooks"] = [{**_SOURCE["hooks"][0], **each} for each in known["hooks"]]
    if known["state"]:
        known["state"] = {"reason": None, **known["state"]}
        known["state"]["reason"] = _reason(known["state"]["reason"])
    return known


def _target(target: Json) -> Json:
    known = {**_IN_TARGET, "compared": bool(target.get("full_passes")), **target}
    for field in _LISTED:
        known[field] = [{**_TARGET[field][0], **each} for each in known[field]]
    known["reason"] = _reason(known["reason"])
    if known["progress"]:
        known["progress"] = {**_TARGET["progress"], **known["progress"]}
    return known


def _reason(reason: Json | None) -> Json | None:
    return None if reason is None else {**_SOURCE["halted"], **reason}
