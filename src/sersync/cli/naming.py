"""Answers cut down to the sources and targets that were named. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sersync.cli.instances import Answers
from sersync.errors import UsageError

Json = dict[str, Any]


def only(answers: Answers, source: str, target: str, *, strict: bool = True) -> Answers:
    """Return *answers* with just what is named; an empty name is all.

    Raises ``UsageError`` when *strict* and somebody answered, but nobody has that name.
    """
    if not source and not target:
        return answers
    documents = [_only(document, source, target) for document in answers.documents]
    if strict and answers.documents and not any(each["sources"] for each in documents):
        meant = named(source, target)
        raise UsageError(f"there is no {meant}", hint=f"There is: {_there_is(answers.documents)}")
    return replace(answers, documents=tuple(documents))


def named(source: str, target: str) -> str:
    """Return what was asked for, for messages: ``target "web1" of source "www"``."""
    return " of ".join(
        f'{kind} "{name}"' for kind, name in (("target", target), ("source", source)) if name
    )


def _only(document: Json, source: str, target: str) -> Json:
    sources = [
        {**each, "targets": [it for it in each["targets"] if target in ("", it["target"])]}
        for each in document["sources"]
        if source in ("", each["name"])
    ]
    return {**document, "sources": [each for each in sources if each["targets"] or not target]}


def _there_is(documents: Iterable[Json]) -> str:
    return ", ".join(
        f"{source['name']}/{target['target']}"
        for document in documents
        for source in document["sources"]
        for target in source["targets"]
    )
