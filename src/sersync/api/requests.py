"""Requests as JSON documents, both ways. Pure. ``docs/json-contract.md`` describes them."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from sersync.model.request import Request, Verb

Json = dict[str, Any]

PREFIX: Final = "/v1/"
_KINDS: Final = {"source": str, "target": str, "confirm": bool, "subtree": str}


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
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise ValueError(f"the body is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("the body is no JSON object")
    for key, value in document.items():
        if key not in _KINDS:
            raise ValueError(f"unknown field {json.dumps(key)}; known are {', '.join(_KINDS)}")
        if not isinstance(value, _KINDS[key]):
            kind = "a boolean" if _KINDS[key] is bool else "a string"
            raise ValueError(f"{json.dumps(key)} must be {kind}")
    if document.get("subtree") and verb is not Verb.RESYNC:
        raise ValueError(f'"subtree" means nothing to {verb.value}')
    if document.get("confirm") and verb is not Verb.RESUME:
        raise ValueError(f'"confirm" means nothing to {verb.value}')
    return Request(
        verb=verb,
        source=document.get("source", ""),
        target=document.get("target", ""),
        confirm=document.get("confirm", False),
        subtree=_encoded(document.get("subtree", "")),
    )


def _encoded(path: str) -> bytes:
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise ValueError(f"{json.dumps(path)} is no path") from error
    if b"\0" in encoded:
        raise ValueError(f"{json.dumps(path)} is no path: it holds a zero byte")
    return encoded
