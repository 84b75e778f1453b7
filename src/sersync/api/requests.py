"""Requests as JSON documents, both ways. Pure. ``docs/json-contract.md`` describes them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from sersync.model.request import Request, Verb

Json = dict[str, Any]

PREFIX: Final = "/v1/"
PATH: Final = {"type": "string", "pattern": r"^[^\x00]*$"}
"""The schema of a path: any text without a zero byte."""
_KIND_WORDS: Final = {str: "a string", bool: "a boolean", float: "a number"}
_KINDS: Final[Mapping[str, type]] = {"source": str, "target": str, "confirm": bool, "subtree": str}


def request_document(request: Request) -> Json:
    """Return the body that ``parse_request`` reads; bytes that are no UTF-8 survive."""
    return {
        "source": request.source,
        "target": request.target,
        "confirm": request.confirm,
        "subtree": os.fsdecode(request.subtree),
    }


def parse_request(path: str, body: bytes) -> Request | None:
    """Return what is asked for by a POST to *path*; None when nothing can be asked for there.

    Raises ``ValueError``, with a sentence for people, for a body that is wrong.
    """
    verb = next((each for each in Verb if path == PREFIX + each.value), None)
    if verb is None:
        return None
    document = read_fields(body, _KINDS)
    if document.get("subtree") and verb is not Verb.RESYNC:
        raise ValueError(f'"subtree" means nothing to {verb.value}')
    if document.get("confirm") and verb is not Verb.RESUME:
        raise ValueError(f'"confirm" means nothing to {verb.value}')
    return Request(
        verb=verb,
        source=document.get("source", ""),
        target=document.get("target", ""),
        confirm=document.get("confirm", False),
        subtree=encoded(document.get("subtree", "")),
    )


def read_fields(body: bytes, kinds: Mapping[str, type]) -> Json:
    """Return the JSON object *body*, whose fields are of *kinds*; each may be missing.

    Raises ``ValueError``, with a sentence for people, for a body that is wrong.
    """
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise ValueError(f"the body is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("the body is no JSON object")
    for key, value in document.items():
        if key not in kinds:
            raise ValueError(f"unknown field {json.dumps(key)}; known are {', '.join(kinds)}")
        kind = kinds[key]
        is_number = kind is float and isinstance(value, int | float) and value is not True
        if not (is_number and value is not False) and not isinstance(value, kind):
            raise ValueError(f"{json.dumps(key)} must be {_KIND_WORDS[kind]}")
    return document


def encoded(path: str) -> bytes:
    """Return the path that stands in a document; raise ``ValueError`` for what is none."""
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise ValueError(f"{json.dumps(path)} is no path") from error
    if b"\0" in encoded:
        raise ValueError(f"{json.dumps(path)} is no path: it holds a zero byte")
    return encoded
