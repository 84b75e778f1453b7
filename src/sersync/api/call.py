"""A request, an answer, and what answers at an address: free of any framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from sersync.api.board import Board, Later

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: its *query* (the last of each name counts) and its *body*."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back: a *document* as JSON, or else *text* of the type *media*."""

    document: Json | None = None
    text: bytes = b""
    media: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class AnsweredLater(Protocol):
    """An answer that has to be waited for."""

    @property
    def later(self) -> Later:
        """What is waited for."""
        ...

    @property
    def timeout_s(self) -> float:
        """How long, at most."""
        ...

    def answer(self) -> Answer:
        """Return how it stands now; that is the end of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address. *answer* may take its time: it runs in a thread of its own.

    *parameters* are those of its query, each with a sentence; *accepts* and *returns* are schemas
    of JSON bodies. *needs* names the parameters that must be there, *kinds* has the schemas of
    those that are not just any text.
    """

    method: str
    path: str
    summary: str
    answer: Callable[[Board, Call], Answer] | None = None
    begin: Callable[[Board, Call], Answer | AnsweredLater] | None = None
    """In place of *answer*, where one has to be waited for: nobody's thread is held meanwhile."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    kinds: Mapping[str, Json] = field(default_factory=dict)
    accepts: Json | None = None
    returns: Json = field(default_factory=lambda: {"type": "object"})
    media: str = "application/json"


def failure(status: HTTPStatus, message: str) -> Answer:
    """Return an answer that says why there is none."""
    return Answer(document={"error": message}, status=status)
