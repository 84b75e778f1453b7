"""The addresses of the page."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Final

from sersync.api.board import Board
from sersync.api.call import Answer, Call, Endpoint, failure
from sersync.api.page.shapes import AnswerView, PageView
from sersync.api.page.view import Past, page_view
from sersync.api.requests import encoded
from sersync.api.sentences import sentences
from sersync.model.path import display
from sersync.model.request import NobodyMeant

_HTML: Final = "text/html; charset=utf-8"
_MOST_TRANSFERS: Final = 8


def _view(board: Board, *, with_plots: bool = True) -> PageView:
    past = Past(
        samples=board.samples,
        transfers=lambda source, target: board.transfers(source, target, _MOST_TRANSFERS),
        pending=lambda source, target: board.pending(source=source, target=target),
    )
    return page_view(board.status(), past, now=time.time(), with_plots=with_plots)


def _page(board: Board, call: Call) -> Answer:
    from sersync.api.page.render import page

    asked = call.query.get("path", "")
    answer = _explained(board, asked, call.query.get("source", "")) if asked else None
    return Answer(text=page(_view(board), answer=answer), media=_HTML)


def _explained(board: Board, asked: str, source: str) -> AnswerView:
    """Return what ``sersync explain`` says of the path *asked* for."""
    try:
        path = encoded(asked)
    except ValueError as error:
        return AnswerView(title="Not a path", error=str(error))
    title = display(path)
    try:
        found = board.questions.explain(path, source=source, target="", asks=True)
    except (NobodyMeant, ValueError) as error:
        return AnswerView(title=title, error=str(error))
    own = board.status().state_dir
    lines = tuple(line for each in found for line in sentences(each, state_dir=own))
    return AnswerView(title=title, lines=lines)


def _live(board: Board, call: Call) -> Answer:
    from sersync.api.page.render import live

    return Answer(text=live(_view(board, with_plots=bool(call.query.get("plots")))), media=_HTML)


def _static(_: Board, call: Call) -> Answer:
    from sersync.api.page.render import STATIC, static

    name = call.path.rpartition("/")[2]
    if name not in STATIC:
        return failure(HTTPStatus.NOT_FOUND, f"there is no {call.path[:200]}")
    return Answer(text=static(name), media=STATIC[name])


PAGE: Final = (
    Endpoint(
        method="GET",
        path="/",
        summary="The page",
        answer=_page,
        parameters={
            "path": "A path to explain, absolute or relative to a source.",
            "source": "The source that it is relative to; empty: to any.",
        },
        media="text/html",
        returns={"type": "string"},
    ),
    Endpoint(
        method="GET",
        path="/live",
        summary="The part of the page that changes",
        answer=_live,
        parameters={"plots": "With the plots, if it is anything but empty."},
        media="text/html",
        returns={"type": "string"},
    ),
    *(
        Endpoint(
            method="GET",
            path=f"/static/{name}",
            summary=f"A part of the page: {name}",
            answer=_static,
            media=media,
            returns={"type": "string"},
        )
        for name, media in {
            "page.css": "text/css",
            "page.js": "text/javascript",
            "icon.svg": "image/svg+xml",
        }.items()
    ),
)
