"""The endpoints of the past: transfers, samples, metrics. Functions of a board."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from sersync.api.board import Board
from sersync.api.call import Answer, Call, Endpoint, failure
from sersync.api.render import document
from sersync.api.schema import schema_of
from sersync.model.history import Sample, Transfer

Json = dict[str, Any]

_MOST: Final = 10_000
_USUALLY: Final = 100
_DAY_S: Final = 86_400.0
_LONGEST_S: Final = 1e9


def transfers(board: Board, call: Call) -> Answer:
    """Answer which transfers have ended, the newest first."""
    try:
        since_s = _number(call, "since_s", None, most=_LONGEST_S)
        limit = _whole(call, "limit", _USUALLY, most=_MOST)
    except ValueError as error:
        return failure(HTTPStatus.BAD_REQUEST, str(error))
    found = board.transfers(
        call.query.get("source", ""),
        call.query.get("target", ""),
        limit,
        since_s=since_s,
    )
    return Answer(document={"transfers": document(tuple(found))})


def samples(board: Board, call: Call) -> Answer:
    """Answer how one target stood from time to time, the oldest first."""
    source, target = call.query.get("source", ""), call.query.get("target", "")
    if not source or not target:
        return failure(HTTPStatus.BAD_REQUEST, "source and target must both be given")
    try:
        since_s = _number(call, "since_s", _DAY_S, most=_LONGEST_S)
    except ValueError as error:
        return failure(HTTPStatus.BAD_REQUEST, str(error))
    found = board.samples(source, target, since_s or 0.0)
    return Answer(document={"samples": document(tuple(found[-_MOST:]))})


def metrics(board: Board, _: Call) -> Answer:
    """Answer everything that can be measured, as Prometheus reads it."""
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

    from sersync.api.metrics import exposition

    text = exposition(
        board.status(), board.tallies(), starts=board.starts(), requests=board.requests.counts()
    )
    return Answer(text=text, media=CONTENT_TYPE_PLAIN_0_0_4)


def _number(call: Call, name: str, usual: float | None, *, most: float) -> float | None:
    """Return a number of the query. Raises ``ValueError`` with a sentence for people."""
    if name not in call.query:
        return usual
    text = call.query[name]
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, not {text[:40]!r}") from None
    if not 0 <= value <= most:
        raise ValueError(f"{name} must be from 0 to {most:g}")
    return value


def _whole(call: Call, name: str, usual: int, *, most: int) -> int:
    """Return a whole number of the query. Raises ``ValueError`` with a sentence for people."""
    if name not in call.query:
        return usual
    text = call.query[name]
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise ValueError(f"{name} must be a whole number from 0 to {most}, not {text[:40]!r}")
    return int(text)


_SECONDS: Final = {"type": "number", "minimum": 0, "maximum": _LONGEST_S}
_NAME: Final = {"type": "string", "minLength": 1}
_SINCE: Final = {"since_s": "Only what happened within so many seconds."}

PAST: Final = (
    Endpoint(
        method="GET",
        path="/v1/history",
        summary="Transfers that have ended, the newest first",
        answer=transfers,
        parameters={
            "source": "Name of a source; empty for all of them.",
            "target": "Name of a target; empty for all of them.",
            **_SINCE,
            "limit": f"How many, at most; {_USUALLY} unless given.",
        },
        kinds={"since_s": _SECONDS, "limit": {"type": "integer", "minimum": 0, "maximum": _MOST}},
        returns={
            "type": "object",
            "required": ["transfers"],
            "properties": {"transfers": {"type": "array", "items": schema_of(Transfer)}},
        },
    ),
    Endpoint(
        method="GET",
        path="/v1/samples",
        summary="How a target stood from time to time, the oldest first",
        answer=samples,
        parameters={
            "source": "Name of the source.",
            "target": "Name of the target.",
            **_SINCE,
        },
        needs=("source", "target"),
        kinds={"since_s": _SECONDS, "source": _NAME, "target": _NAME},
        returns={
            "type": "object",
            "required": ["samples"],
            "properties": {"samples": {"type": "array", "items": schema_of(Sample)}},
        },
    ),
    Endpoint(
        method="GET",
        path="/metrics",
        summary="Metrics in the text format of Prometheus",
        answer=metrics,
        media="text/plain",
        returns={"type": "string"},
    ),
)
