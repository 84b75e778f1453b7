"""Answers to questions as JSON documents. Pure. ``docs/json-contract.md`` describes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from sersync.api.render import document
from sersync.api.sentences import sentences
from sersync.model.explanation import Explanation, OfTarget
from sersync.model.pending import Ending, Flushed, Waited
from sersync.model.verification import Verification

Json = dict[str, Any]

VERIFICATION_NAMES: Final = {"subtree": "path", "repairs": "repair", "is_running": "running"}
"""Fields whose documents call them otherwise."""


def waited_document(waited: Iterable[Waited]) -> Json:
    """Return what ``POST /v1/wait`` answers with."""
    targets = tuple(waited)
    return {
        "stands": all(each.ending is Ending.STANDS for each in targets),
        "targets": document(targets),
    }


def flushed_document(flushed: Iterable[Flushed]) -> Json:
    """Return what ``POST /v1/flush`` answers with."""
    return {"targets": document(tuple(flushed))}


def explanations_document(explanations: Iterable[Explanation], *, state_dir: str) -> Json:
    """Return what ``GET /v1/explain`` answers with; *state_dir* is that of the daemon."""
    return {
        "sources": [
            {
                **document(each),
                "targets": [_of_target(target) for target in each.targets],
                "sentences": sentences(each, state_dir=state_dir),
            }
            for each in explanations
        ]
    }


def verifications_document(verifications: Iterable[Verification], *, most: int) -> Json:
    """Return what ``/v1/verify`` answers with; at most *most* paths of each comparison."""
    return {"verifications": [_verification(each, most) for each in verifications]}


def _of_target(target: OfTarget) -> Json:
    shown: Json = document(target)
    if (asked := target.on_target) is not None:
        is_same = None if asked.unknown is not None else asked.difference is None
        shown["on_target"] = {"same": is_same, **shown["on_target"]}
    return shown


def _verification(each: Verification, most: int) -> Json:
    # There may be many, of which few are asked for.
    shown: Json = document(replace(each, found=()))
    named = {VERIFICATION_NAMES.get(name, name): it for name, it in shown.items()}
    return {
        **named,
        "entries_total": max(each.entries, each.entries_total) if each.entries_total else 0,
        "found": [
            {**document(found.difference), "cause": document(found.cause)}
            for found in each.found[:most]
        ],
        "omitted": each.omitted + max(0, len(each.found) - most),
    }
