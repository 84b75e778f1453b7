"""The addresses of the page."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Final

from sersync.api.board import Board
from sersync.api.call import Answer, Call, Endpoint, failure
from sersync.api.page.view import AnswerView, PageView, Past, page_view
from sersync.api.requests import encoded
from sersync.api.sentences import sentences
from sersync.model.path import display
from sersync.model.request import NobodyMeant

_HTML: Final = "text/html; charset=utf-8"
_MOST_TRANSFERS: Final = 8
_MOST_DIRECTORIES: Final = 8


def _view(board: Board, *, with_plots: bool = True) -> PageView:
    past = Past(
        samples=board.samples,
        transfers=lambda source, target: board.transfers(source, target, _MOST_TRANSFERS),
        pending=lambda source, target: _directories(board, source, target),
    )
    return page_view(board.status(), past, now=time.time(), with_plots=with_plots)


def _directories(board: Board, source: str, target: str) -> list[tuple[str, int]]:
    return [
        (display(where.directory) or ".", where.paths)
        for each in board.pending(source=source, target=target)
        for where in each.directories[:_MOST_DIRECTORIES]
    ]


def _page(board: Board, call: Call) -> Answer:
    from sersync.api.page.render import page

    asked = call.query.get("path", "")
    answer = _explained(board, asked) if asked else None
    return Answer(text=page(_view(board), asked=asked, answer=answer), media=_HTML)


def _explained(board: Board, asked: str) -> AnswerView:
    """Return what ``sersync explain`` says of the path *asked* for."""
    try:
        found = board.questions.explain(encoded(asked), source="", target="", asks=True)
    except (NobodyMeant, ValueError) as error:
        return AnswerView(title=asked, error=str(error))
    return AnswerView(title=asked, lines=tuple(line for each in found for line in sentences(each)))


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
        parameters={"path": "A path to explain, absolute or relative to a source."},
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
