"""From a confxml.xml to a sersync.toml that means the same, with comments on where it is from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from sersync.config.confxml.load import Understood, resolved, understand
from sersync.config.positions import Path
from sersync.config.toml_text import toml_text
from sersync.errors import ConfigError, Mistake

_WIDTH = 94


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The text of a sersync.toml, and what a person should know about it."""

    text: str
    warnings: tuple[Mistake, ...]
    notes: tuple[Mistake, ...]


def convert(content: bytes, file: str) -> Converted:
    """Return *content* as a sersync.toml; ``ConfigError`` with all mistakes in it.

    *file* is what messages call it. What only the disk can tell is not looked at, so a file can
    be converted on another host than its own.
    """
    understood = understand(content, file)
    _, warnings = resolved(understood, file, {})
    comments = {path: [where] for path, where in _origins(understood)}
    try:
        text = toml_text(understood.translated.raw, comments)
    except UnicodeEncodeError as error:
        raise ConfigError(file, [_unspeakable(understood, file)]) from error
    head = "".join(f"# {line}".rstrip() + "\n" for line in _head(understood, file))
    return Converted(text=f"{head}\n{text}", warnings=tuple(warnings), notes=understood.notes)


def _head(understood: Understood, file: str) -> Iterator[str]:
    yield f"From {file}, by `sersync convert`. All settings: docs/configuration.md."
    yield ""
    yield "What is different from sersync 2.5 with the same settings:"
    for note in understood.notes:
        line = note.place.split(":")[1]
        yield from textwrap.wrap(
            f"{note.message} (line {line})", _WIDTH, initial_indent="- ", subsequent_indent="  "
        )


def _origins(understood: Understood) -> Iterator[tuple[Path, str]]:
    """Yield for each setting where it comes from; for a list, the place of its first item."""
    for path, spot in understood.translated.spots.items():
        if isinstance(path[-1], int) and path[-2:-1] not in (("source",), ("target",)):
            if path[-1] == 0:
                yield path[:-1], f"{spot.label}, from line {spot.position[0]} on"
            continue
        if path[-1] != "root":  # its table has the same place
            yield path, f"{spot.label}, line {spot.position[0]}"


def _unspeakable(understood: Understood, file: str) -> Mistake:
    """Return the mistake for a value of which TOML, which is UTF-8, has no form."""
    for path, spot in understood.translated.spots.items():
        value: object = understood.translated.raw
        for step in path:
            if isinstance(value, dict | list):
                value = value[step]  # type: ignore[index]
        if isinstance(value, str) and value.encode(errors="replace").decode() != value:
            where = f"{file}:{spot.position[0]}:{spot.position[1]}: {spot.label}"
            break
    else:
        where = file
    return Mistake(
        place=where,
        message="these bytes are not UTF-8, and a sersync.toml can hold nothing else",
        suggestion="rename the directory, or go on with the confxml.xml",
    )
