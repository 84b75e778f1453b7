"""The endpoints as an ASGI application: what a request may be, who may ask, who is told news.

Heavy to import (Starlette), so that is left until somebody asks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sersync.api.access import READING, Asked, Refusal, refusal
from sersync.api.board import Board
from sersync.api.call import Answer, AnsweredLater, Call, Endpoint, failure
from sersync.api.counting import RequestTally
from sersync.api.lack import Lack
from sersync.api.news import News
from sersync.api.openapi import openapi_document
from sersync.model.api import ApiSettings

_LONGEST_BODY_BYTES: Final = 64 << 10
_BODY_WITHIN_S: Final = 5.0
_HEARTBEAT_S: Final = 15.0
_SAFETY: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

EVENTS: Final = Endpoint(
    method="GET",
    path="/v1/events",
    summary="The status as server-sent events, whenever it changed",
    answer=lambda _board, _call: Answer(),
    media="text/event-stream",
    returns={"type": "string"},
)
_OPENAPI: Final = "/openapi.json"


def make_app(
    board: Board,
    endpoints: Sequence[Endpoint],
    news: News,
    *,
    door: ApiSettings | None,
) -> ASGIApp:
    """Return the application. *door*: what guards a TCP listener; None is the control socket."""
    openapi = Endpoint(
        method="GET",
        path=_OPENAPI,
        summary="This description",
        answer=lambda _board, _call: Answer(
            document=openapi_document([*endpoints, EVENTS, openapi])
        ),
    )
    routes = [_route(board, each) for each in (*endpoints, openapi)]
    routes.append(Route(EVENTS.path, _events(news), methods=["GET"]))
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _refused_by_the_framework,
            ImportError: _incomplete(door),
            Exception: _broken,
        },
    )
    known = frozenset((each.method, each.path) for each in (*endpoints, openapi, EVENTS))
    return _Guarded(app, door, board.requests, known)


class _Guarded:
    """Lets through what may pass, and counts what was answered."""

    def __init__(
        self,
        app: ASGIApp,
        door: ApiSettings | None,
        tally: RequestTally,
        known: frozenset[tuple[str, str]],
    ) -> None:
        """*known*: methods and addresses that there are; all others are counted as one."""
        self._app = app
        self._door = door
        self._tally = tally
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        send = self._counting(request, send)
        refused = refusal(_asked(request), self._door) if self._door is not None else None
        if refused is not None:
            await _refused(refused)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _counting(self, request: Request, send: Send) -> Send:
        method = "GET" if request.method == "HEAD" else request.method
        key = (method, request.url.path)
        method, path = key if key in self._known else ("other", "other")

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._tally.add(method, path, message["status"])
            await send(message)

        return counted


def _asked(request: Request) -> Asked:
    headers = request.headers
    return Asked(
        method=request.method,
        host=headers.get("host", ""),
        authorization=headers.get("authorization", ""),
        content_type=headers.get("content-type", ""),
        fetch_site=headers.get("sec-fetch-site", ""),
        fetch_mode=headers.get("sec-fetch-mode", ""),
    )


def _refused(refused: Refusal) -> Response:
    headers = {"Connection": "close"}
    if refused.challenge:
        headers["WWW-Authenticate"] = refused.challenge
    return _response(
        Answer(document={"error": refused.message}, status=refused.status, headers=headers)
    )


def _route(board: Board, endpoint: Endpoint) -> Route:
    async def answer(request: Request) -> Response:
        body = b""
        if request.method not in READING:
            try:
                body = await _body(request)
            except _BadBody as error:
                return _response(failure(error.status, error.message))
        call = Call(path=request.url.path, query=_query(request), body=body)
        if endpoint.begin is not None:
            begun = await run_in_threadpool(endpoint.begin, board, call)
            return _response(begun if isinstance(begun, Answer) else await _later(request, begun))
        if endpoint.answer is None:
            raise AssertionError("an endpoint answers, at once or later")
        return _response(await run_in_threadpool(endpoint.answer, board, call))

    return Route(endpoint.path, answer, methods=[endpoint.method])


def _query(request: Request) -> dict[str, str]:
    """Return the query, the last of each name; bytes that are no UTF-8 survive in it."""
    text = request.scope["query_string"].decode("latin-1")
    return dict(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))


async def _later(request: Request, begun: AnsweredLater) -> Answer:
    """Return the answer once there is one, or time is over, or nobody listens any more."""
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # The loop is closed: the daemon goes down.
            loop.call_soon_threadsafe(is_over.set)

    begun.later.when_over(wake)
    waiting = {
        asyncio.ensure_future(is_over.wait()),
        asyncio.ensure_future(_hung_up(request)),
    }
    try:
        await asyncio.wait(waiting, timeout=begun.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return await run_in_threadpool(begun.answer)
    finally:
        for each in waiting:
            each.cancel()
        begun.later.give_up()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _BadBody(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def _body(request: Request) -> bytes:
    """Return the body. A length must be given: what is too long is not even begun."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise _BadBody(HTTPStatus.LENGTH_REQUIRED, "a body of known length is needed")
    if int(length) > _LONGEST_BODY_BYTES:
        message = f"the body is longer than {_LONGEST_BODY_BYTES} bytes"
        raise _BadBody(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            return await request.body()
    except TimeoutError:
        raise _BadBody(HTTPStatus.REQUEST_TIMEOUT, "the body did not come") from None
    except ClientDisconnect:
        raise _BadBody(HTTPStatus.BAD_REQUEST, "the body was cut off") from None


def _response(answer: Answer) -> Response:
    # Surrogates, which stand for bytes of file names, are no UTF-8: JSON escapes them.
    text = answer.text if answer.document is None else json.dumps(answer.document).encode()
    return Response(
        text,
        status_code=answer.status,
        media_type=answer.media if answer.document is None else "application/json",
        headers={**_SAFETY, **answer.headers},
    )


def _events(news: News) -> Callable[[Request], Awaitable[Response]]:
    async def events(request: Request) -> Response:
        if request.method == "HEAD":
            return _response(Answer(media=EVENTS.media))
        if news.is_full:
            return _response(failure(HTTPStatus.SERVICE_UNAVAILABLE, "too many follow already"))
        return StreamingResponse(_stream(news), media_type="text/event-stream", headers={**_SAFETY})

    return events


async def _stream(news: News) -> AsyncIterator[bytes]:
    """Yield the newest status whenever there is one; who is slow misses some, never the last."""
    async with news.listening() as listener:
        yield b"retry: 2000\n\n"
        while not news.is_over:
            document = b""
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT_S):
                    document = await listener.next()
            if document:
                yield b"event: status\ndata: " + document + b"\n\n"
            else:
                yield b": still there\n\n"


async def _refused_by_the_framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    message = status.phrase.lower()
    if status is HTTPStatus.NOT_FOUND:
        message = f"there is no {request.url.path[:200]}"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.method[:20]} means nothing to {request.url.path[:200]}"
    answer = Answer(document={"error": message}, status=status, headers=dict(error.headers or {}))
    return _response(answer)


def _incomplete(door: ApiSettings | None) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what answers where a library of just that address is not installed."""
    lack = Lack()

    async def incomplete(_request: Request, error: Exception) -> Response:
        if not isinstance(error, ImportError):
            raise error
        message = lack.told(error)
        if door is not None:
            message = "a library is missing here; the log of sersync says which"
        return _response(failure(HTTPStatus.SERVICE_UNAVAILABLE, message))

    return incomplete


async def _broken(_request: Request, _error: Exception) -> Response:
    """Answer in spite of a defect, which is logged with its traceback then."""
    message = "this is a defect of sersync; its log says more"
    return _response(failure(HTTPStatus.INTERNAL_SERVER_ERROR, message))
