"""Reads ``sersync.toml``: every mistake at once, each with its line."""

from __future__ import annotations

import contextlib
import copy
import errno
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import ValidationError

from sersync.config.across import check_across
from sersync.config.findings import Findings
from sersync.config.lenient import to_look_at
from sersync.config.mistakes import PlaceOf, mistakes_of, places_in_file, step_into
from sersync.config.positions import Path, lines_of
from sersync.config.resolve import Placed, Resolved, resolve
from sersync.config.resolve_target import Surroundings
from sersync.config.schema import Document
from sersync.errors import ConfigError, Mistake
from sersync.model.target import Settings

_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
_MOST_IGNORED_BYTES = 1 << 20
_STAND_IN = {"root": "/", "to": "/"}
"""Takes the place of a required value that is missing, so that the rest can be checked too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration that can be used, and what looks wrong about it."""

    settings: Settings
    warnings: tuple[Mistake, ...] = ()
    notes: tuple[Mistake, ...] = ()
    """What this program does differently from the one that the file was written for."""
    mistakes: tuple[Mistake, ...] = ()
    """What keeps it from being used; empty unless it was read only to be looked at."""


def parse(
    text: str, file: str, environ: Mapping[str, str], *, only_to_look: bool = False
) -> Loaded:
    """Return what *text* says; *file* is what messages call it.

    *only_to_look*: a mistake is raised only where it keeps the text from meaning anything.
    """
    raw = document_of(text, file)
    place_of = places_in_file(file, lines_of(text), raw)
    mistakes: list[Mistake] = []
    broken: set[Path] = set()
    document = validated_in_part(raw, Document.model_validate, place_of, mistakes, broken)
    if document is None:
        raise ConfigError(file, mistakes)
    findings = Findings(place_of)
    resolved = resolve(document, surroundings=surroundings(environ), findings=findings)
    if resolved.settings.state_dir and not os.path.isabs(resolved.settings.state_dir):
        findings.mistake(("state_dir",), "must be an absolute path")
    check_across(without(resolved, broken), findings)
    if only_to_look and not mistakes:
        resolved = to_look_at(resolved, findings)
    elif mistakes := sorted([*mistakes, *findings.mistakes], key=_line):
        raise ConfigError(file, mistakes, warnings=findings.warnings)
    return Loaded(
        settings=resolved.settings,
        warnings=tuple(findings.warnings),
        mistakes=resolved.mistakes,
    )


def surroundings(environ: Mapping[str, str]) -> Surroundings:
    """Return what this host offers to a configuration that is read with *environ*."""
    return Surroundings(
        password=environ.get("RSYNC_PASSWORD", ""),
        read_file=_patterns,
        own_ignored=partial(_own_ignored, environ),
    )


def _own_ignored(environ: Mapping[str, str]) -> bytes:
    """Return the words of ``$HOME/.cvsignore``, then those of ``CVSIGNORE``: rsync(1), ``-C``."""
    words = os.fsencode(environ.get("CVSIGNORE", ""))
    if home := environ.get("HOME"):
        with contextlib.suppress(OSError), open(os.path.join(home, ".cvsignore"), "rb") as file:
            return file.read(_MOST_IGNORED_BYTES) + b"\n" + words
    return words


def _patterns(file: str) -> bytes:
    if not os.path.isabs(file):
        raise OSError(errno.EINVAL, "the path must be absolute")
    with open(file, "rb") as patterns:
        return patterns.read()


def decoded_text(content: bytes, path: str) -> str:
    """Return *content* as text; ``ConfigError`` with the line where it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mistake = Mistake(place=f"{path}:{line}", message="this is not UTF-8 text")
        raise ConfigError(path, [mistake]) from error


def document_of(text: str, file: str) -> dict[str, Any]:
    """Return the tables of a TOML *text*; ``ConfigError`` with line and column if it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        match = _AT_LINE.search(said)
        line, column = (match[1], match[2]) if match and match[1] else _end(text)
        mistake = Mistake(place=f"{file}:{line}:{column}", message=_AT_LINE.sub("", said))
        raise ConfigError(file, [mistake]) from error


def _end(text: str) -> tuple[int, int]:
    lines = text.rstrip("\n").split("\n")
    return len(lines), len(lines[-1]) + 1


def validated_in_part(
    raw: dict[str, Any],
    validate: Callable[[dict[str, Any]], Document],
    place_of: PlaceOf,
    mistakes: list[Mistake],
    broken: set[Path],
) -> Document | None:
    """Return the document without its mistakes, which are noted; None if too little is left.

    *broken* are the tables that miss a required value: what they mean together is not checked.
    """
    try:
        return validate(raw)
    except ValidationError as error:
        mistakes += mistakes_of(error, place_of)
        repaired = copy.deepcopy(raw)
        for details in error.errors():
            _repair(repaired, details["loc"], broken)
    try:
        return validate(repaired)
    except ValidationError:
        return None


def _repair(raw: Any, loc: Path, broken: set[Path]) -> None:
    """Take the value at *loc* out of *raw*; put a stand-in where one is required."""
    while isinstance(loc[-1], int) and len(loc) > 1:
        loc = loc[:-1]
    table, key = raw, loc[-1]
    for step in loc[:-1]:
        table = step_into(table, step)
    if not isinstance(table, dict):
        return
    table.pop(key, None)
    if isinstance(key, str) and key in _STAND_IN and "defaults" not in loc:
        table[key] = _STAND_IN[key]
        broken.add(loc[:-1])


def without(resolved: Resolved, broken: set[Path]) -> Resolved:
    """Return *resolved* without the targets in the tables that are *broken*."""

    def is_whole(placed: Placed) -> bool:
        return placed.path not in broken and placed.path[:2] not in broken

    return replace(resolved, placed=tuple(filter(is_whole, resolved.placed)))


def _line(mistake: Mistake) -> int:
    parts = mistake.place.split(":")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
