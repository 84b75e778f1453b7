"""Mistakes in a document, found by pydantic, put into words with their places. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sersync.config.positions import Path, nearest_line
from sersync.config.schema import Document, SourceTable, SshSettings, TargetSettings, TargetTable
from sersync.config.values import BadValue
from sersync.errors import Mistake
from sersync.model.address import without_password

PlaceOf = Callable[[Path], str]
"""Tells people where a setting stands, from its path in the document."""


def places_in_file(file: str, lines: Mapping[Path, int], document: object) -> PlaceOf:
    """Return a function that says ``sersync.toml:14: source "www": target 2: settle_idle``."""

    def place_of(path: Path) -> str:
        words = [f"{file}:{nearest_line(lines, path)}"]
        inside: Any = document
        for index, key in enumerate(path):
            inside = step_into(inside, key)
            if not isinstance(key, int):
                if key not in ("source", "target") or index == len(path) - 1:
                    words.append(key)
                continue
            noun = str(path[index - 1])
            name = inside.get("name") if isinstance(inside, dict) else None
            if noun in ("source", "target"):
                words.append(
                    f'{noun} "{without_password(name)}"'
                    if isinstance(name, str)
                    else f"{noun} {key + 1}"
                )
            else:
                words[-1] += f"[{key + 1}]"
        return ": ".join(words)

    return place_of


def step_into(inside: Any, key: str | int) -> Any:
    """Return what stands under *key* in a table or a list; None if there is no such thing."""
    if isinstance(inside, dict):
        return inside.get(key)
    if isinstance(inside, list) and isinstance(key, int) and key < len(inside):
        return inside[key]
    return None


def mistakes_of(error: ValidationError, place_of: PlaceOf) -> list[Mistake]:
    """Return every mistake in *error*, in the order of the file's tables."""
    return [_mistake(details, place_of) for details in error.errors()]


def _mistake(details: ErrorDetails, place_of: PlaceOf) -> Mistake:
    path: Path = details["loc"]
    kind = details["type"]
    if kind == "missing":
        return Mistake(
            place=place_of(path[:-1]) if path[:-1] else place_of(path),
            message=f'"{path[-1]}" is missing',
            suggestion=_example(str(path[-1])),
        )
    if kind == "extra_forbidden":
        return Mistake(place=place_of(path), message="unknown setting", suggestion=_suggest(path))
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, BadValue):
        return Mistake(place=place_of(path), message=str(cause), suggestion=cause.suggestion)
    return Mistake(place=place_of(path), message=_in_words(details))


def _example(key: str) -> str:
    return {
        "root": 'root = "/srv/www"',
        "to": 'to = "host::module"',
        "source": "begin one with [[source]]",
        "target": "begin one with [[source.target]]",
    }.get(key, "")


def _in_words(details: ErrorDetails) -> str:
    wanted = {
        "string_type": "must be a string",
        "int_type": "must be a whole number",
        "bool_type": "must be true or false",
        "list_type": "must be a list",
        "model_type": "must be a table",
        "model_attributes_type": "must be a table",
        "too_short": "must not be empty",
        "string_pattern_mismatch": "must not be empty, nor hold slashes or control characters",
        "string_too_long": "is too long",
    }.get(details["type"])
    limits = details.get("ctx", {})
    if details["type"] == "greater_than_equal":
        wanted = f"must be at least {limits['ge']}"
    elif details["type"] == "less_than_equal":
        wanted = f"must be at most {limits['le']}"
    elif details["type"] == "literal_error":
        wanted = f"must be one of {limits['expected']}"
    if wanted is None:
        return details["msg"]
    given = details["input"]
    if isinstance(given, str):
        given = without_password(given)
    return f"{wanted}, not {given!r}" if isinstance(given, str | int | float) else wanted


def _suggest(path: Path) -> str:
    """Return what was probably meant by the unknown setting at *path*."""
    word = str(path[-1])
    if word in ("sources", "targets"):
        own = "[[source]]" if word == "sources" else "[[source.target]]"
        return f"each one is a table of its own: {own}"
    here = _table_at(path[:-1])
    close = difflib.get_close_matches(word, here.model_fields, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    homes: dict[str, type[BaseModel]] = {
        "[[source.target]] or [defaults]": TargetTable,
        "[[source]]": SourceTable,
        "the top of the file": Document,
        "the ssh table of a target": SshSettings,
    }
    for home, table in homes.items():
        if table is not here and word in table.model_fields:
            return f"it belongs in {home}"
    anywhere = {*TargetTable.model_fields, *SourceTable.model_fields, *Document.model_fields}
    close = difflib.get_close_matches(word, anywhere, n=1, cutoff=0.75)
    return f'did you mean "{close[0]}"?' if close else ""


def _table_at(path: Path) -> type[BaseModel]:
    names = [key for key in path if isinstance(key, str)]
    match names:
        case [*_, "ssh"]:
            return SshSettings
        case [*_, "defaults"]:
            return TargetSettings
        case [*_, "target"]:
            return TargetTable
        case ["source"]:
            return SourceTable
    return Document
