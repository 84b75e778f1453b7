"""What can be asked for, and how it is answered. Functions of a board, free of any framework.

To add one: write a function, and add its row to ``ENDPOINTS``. Answers are documents, or text
with a type of its own; ``docs/json-contract.md`` describes each.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from sersync.api.board import Board
from sersync.api.call import Answer, Call, Endpoint, failure
from sersync.api.history import PAST
from sersync.api.questions import QUESTIONS
from sersync.api.render import deeds_document, pending_document, status_document
from sersync.api.requests import PATH, PREFIX, parse_request
from sersync.api.schema import schema_of
from sersync.model.request import Deed, NobodyMeant, Verb
from sersync.model.status import DaemonStatus, PendingStatus

Json = dict[str, Any]


def status(board: Board, _: Call) -> Answer:
    """Answer how everything stands."""
    return Answer(document=status_document(board.status()))


def pending(board: Board, call: Call) -> Answer:
    """Answer what each target lacks, by directory."""
    names = {name: call.query.get(name, "") for name in ("source", "target")}
    try:
        return Answer(document=pending_document(board.pending(**names)))
    except NobodyMeant as error:
        return failure(HTTPStatus.NOT_FOUND, str(error))


def deeds(board: Board, call: Call) -> Answer:
    """Do what a verb says, and answer what came of it."""
    try:
        request = parse_request(call.path, call.body)
    except ValueError as error:
        return failure(HTTPStatus.BAD_REQUEST, str(error))
    if request is None:
        return failure(HTTPStatus.NOT_FOUND, f"there is no {call.path}")
    try:
        return Answer(document=deeds_document(board.act(request)))
    except NobodyMeant as error:
        return failure(HTTPStatus.NOT_FOUND, str(error))


_NAMED: Final = {
    "source": "Name of a source; empty for all of them.",
    "target": "Name of a target; empty for all of them.",
}
_NAMES: Final[Json] = {
    name: {"type": "string", "description": what} for name, what in _NAMED.items()
}


def _for_targets(kind: type) -> Json:
    """Return the schema of ``{"targets": […]}`` with a *kind* for each target."""
    return {
        "type": "object",
        "required": ["targets"],
        "properties": {"targets": {"type": "array", "items": schema_of(kind)}},
    }


def _verb(verb: Verb, summary: str, **more: Json) -> Endpoint:
    return Endpoint(
        method="POST",
        path=PREFIX + verb.value,
        summary=summary,
        answer=deeds,
        accepts={
            "type": "object",
            "additionalProperties": False,
            "properties": _NAMES | more,
        },
        returns=_for_targets(Deed),
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/v1/status",
        summary="How every source and target stands",
        answer=status,
        returns=schema_of(DaemonStatus),
    ),
    Endpoint(
        method="GET",
        path="/v1/pending",
        summary="What the targets lack: how many paths in which directories, and some by name",
        answer=pending,
        parameters=_NAMED,
        returns=_for_targets(PendingStatus),
    ),
    _verb(Verb.PAUSE, "Start nothing more, go on collecting changes"),
    _verb(
        Verb.RESUME,
        "Go on: after a pause, after a halt, and without waiting for the next attempt",
        confirm={"type": "boolean", "description": "What a guard warned of is meant."},
    ),
    _verb(
        Verb.RESYNC,
        "Compare everything, or one subtree, again",
        subtree={**PATH, "description": "Absolute, or relative to the root."},
    ),
    *QUESTIONS,
    *PAST,
)
