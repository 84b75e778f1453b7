"""The endpoints of questions: wait, flush, explain, verify. Functions of a board."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from sersync.api.board import Board, Later
from sersync.api.call import Answer, Call, Endpoint, failure
from sersync.api.question_schemas import EXPLAINED, FLUSHED, VERIFIED, WAITED
from sersync.api.render_questions import (
    explanations_document,
    flushed_document,
    verifications_document,
    waited_document,
)
from sersync.api.requests import PATH, encoded, read_fields
from sersync.model.request import NobodyMeant, Request, Verb
from sersync.replication.barrier import TooMany

Json = dict[str, Any]

LONGEST_WAIT_S: Final = 86_400.0
USUAL_WAIT_S: Final = 60.0
_MOST_FOUND: Final = 10_000
_USUALLY_FOUND: Final = 100


class _Waiting:
    """An answer that comes later, and what it is in the end."""

    def __init__(self, later: Later, timeout_s: float) -> None:
        self.later = later
        self.timeout_s = timeout_s

    def answer(self) -> Answer:
        """Return how it stands now; that is the end of it."""
        waited = self.later.answer()
        self.later.give_up()
        return Answer(document=waited_document(waited))


def begin_wait(board: Board, call: Call) -> Answer | _Waiting:
    """Begin to wait; an answer at once is why not."""
    try:
        document = read_fields(
            call.body, {"source": str, "target": str, "path": str, "timeout_s": float}
        )
        timeout_s = float(document.get("timeout_s", USUAL_WAIT_S))
        if not 0.0 <= timeout_s <= LONGEST_WAIT_S:
            return _bad(f'"timeout_s" must be between 0 and {LONGEST_WAIT_S:.0f}')
        later = board.questions.wait(
            source=document.get("source", ""),
            target=document.get("target", ""),
            path=encoded(document.get("path", "")),
        )
    except ValueError as error:
        return _bad(str(error))
    except NobodyMeant as error:
        return failure(HTTPStatus.NOT_FOUND, str(error))
    except TooMany:
        return failure(HTTPStatus.SERVICE_UNAVAILABLE, "too many wait at the same time")
    return _Waiting(later, timeout_s)


def flush(board: Board, call: Call) -> Answer:
    """Let go what is held back, and answer how much that was."""
    try:
        document = read_fields(call.body, {"source": str, "target": str, "path": str})
        request = Request(
            verb=Verb.RESUME,
            source=document.get("source", ""),
            target=document.get("target", ""),
            subtree=encoded(document.get("path", "")),
        )
        return Answer(document=flushed_document(board.questions.flush(request)))
    except ValueError as error:
        return _bad(str(error))
    except NobodyMeant as error:
        return failure(HTTPStatus.NOT_FOUND, str(error))


def explain(board: Board, call: Call) -> Answer:
    """Answer everything that is known about a path."""
    query = call.query
    if not query.get("path"):
        return _bad('"path" is missing')
    try:
        found = board.questions.explain(
            encoded(query["path"]),
            source=query.get("source", ""),
            target=query.get("target", ""),
            asks=query.get("ask", "1") != "0",
        )
        own = board.status().state_dir
        return Answer(document=explanations_document(found, state_dir=own))
    except ValueError as error:
        return _bad(str(error))
    except NobodyMeant as error:
        return failure(HTTPStatus.NOT_FOUND, str(error))


def begin_verify(board: Board, call: Call) -> Answer:
    """Begin to compare, or end that, and answer how it stands."""
    kinds = {"source": str, "target": str, "path": str}
    flags = {"checksum": bool, "repair": bool, "cancel": bool}
    try:
        document = read_fields(call.body, {**kinds, **flags})
        source, target = document.get("source", ""), document.get("target", "")
        if document.get("cancel"):
            found = board.questions.cancel(source, target)
        else:
            found = board.questions.verify(
                source=source,
                target=target,
                path=encoded(document.get("path", "")),
                checksum=document.get("checksum", False),
                repairs=document.get("repair", False),
            )
        return Answer(document=verifications_document(found, most=_USUALLY_FOUND))
    except ValueError as error:
        return _bad(str(error))
    except NobodyMeant as error:
        return failure(HTTPStatus.NOT_FOUND, str(error))


def verifications(board: Board, call: Call) -> Answer:
    """Answer how the comparisons stand that were asked for."""
    limit = call.query.get("limit", str(_USUALLY_FOUND))
    if not (limit.isascii() and limit.isdigit() and int(limit) <= _MOST_FOUND):
        return _bad(f'"limit" must be a number up to {_MOST_FOUND}')
    query = call.query
    found = board.questions.verifications(query.get("source", ""), query.get("target", ""))
    return Answer(document=verifications_document(found, most=int(limit)))


def _bad(message: str) -> Answer:
    return failure(HTTPStatus.BAD_REQUEST, message)


_TEXT: Final[Json] = {"type": "string"}
_FLAG: Final[Json] = {"type": "boolean"}
_PATH: Final[Json] = {
    **PATH,
    "description": "Absolute, or relative to the root; empty for everything.",
}
_NAMES: Final = {
    "source": "Name of a source; empty for all of them.",
    "target": "Name of a target; empty for all of them.",
}


def _accepts(**properties: Json) -> Json:
    names = {name: {**_TEXT, "description": what} for name, what in _NAMES.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**names, "path": _PATH, **properties},
    }


QUESTIONS: Final = (
    Endpoint(
        method="POST",
        path="/v1/wait",
        summary="Answer when everything that was changed before the call stands on the targets",
        begin=begin_wait,
        accepts=_accepts(timeout_s={"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_S}),
        returns=WAITED,
    ),
    Endpoint(
        method="POST",
        path="/v1/flush",
        summary="Carry at once what is held back, and try again what failed",
        answer=flush,
        accepts=_accepts(),
        returns=FLUSHED,
    ),
    Endpoint(
        method="GET",
        path="/v1/explain",
        summary="Everything that is known about one path",
        answer=explain,
        parameters={
            "path": "Absolute, or relative to a root.",
            **_NAMES,
            "ask": "0: the targets are not asked.",
        },
        needs=("path",),
        kinds={"path": {**PATH, "minLength": 1}},
        returns=EXPLAINED,
    ),
    Endpoint(
        method="POST",
        path="/v1/verify",
        summary="Begin to compare a source with its targets, or end that",
        answer=begin_verify,
        accepts=_accepts(checksum=_FLAG, repair=_FLAG, cancel=_FLAG),
        returns=VERIFIED,
    ),
    Endpoint(
        method="GET",
        path="/v1/verify",
        summary="How the comparisons stand that were asked for",
        answer=verifications,
        parameters={**_NAMES, "limit": "How many of the differing paths are told one by one."},
        kinds={"limit": {"type": "integer", "minimum": 0, "maximum": _MOST_FOUND}},
        returns=VERIFIED,
    ),
)
