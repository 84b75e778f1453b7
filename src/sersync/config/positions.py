"""On which line of a TOML text each key stands. Pure.

``tomllib`` has accepted the text already and does not tell lines, so this reads only as much
of the grammar (toml.io, v1.0.0) as it takes to know where keys and values begin and end.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Key = str | int
Path = tuple[Key, ...]
"""Keys and list positions (from 0) that lead to a value."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r'[ \t]*("(?:\\.|[^"\\])*"|\'[^\']*\'|[A-Za-z0-9_-]+)[ \t]*')
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")"{0,2}'
    r"|'''.*?'''(?!')'{0,2}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def lines_of(text: str) -> Mapping[Path, int]:
    """Return the line, counted from 1, of every table, key and list item of a valid TOML text."""
    return _Reader(text).read()


def nearest_line(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of *path*, or of the closest thing above it that has one; at least 1."""
    for end in range(len(path), 0, -1):
        if line := lines.get(path[:end]):
            return line
    return 1


class _Reader:
    """Walks the text once. For one call, on one thread."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_blank():
            line = self._line()
            if self._take("[["):
                table = self._item(self._key())
                self._take("]]")
            elif self._take("["):
                table = self._inside(self._key())
                self._take("]")
            else:
                self._assignment(table)
                continue
            self._lines.setdefault(table[:-1] if isinstance(table[-1], int) else table, line)
            self._lines[table] = line
        return self._lines

    def _inside(self, key: Path) -> Path:
        """Return *key* with the number of the current item behind every list of tables."""
        full: Path = ()
        for part in key:
            full += (part,)
            if full in self._counts:
                full += (self._counts[full] - 1,)
        return full

    def _item(self, key: Path) -> Path:
        place = (*self._inside(key[:-1]), key[-1])
        number = self._counts.get(place, 0)
        self._counts[place] = number + 1
        return (*place, number)

    def _assignment(self, table: Path) -> None:
        line = self._line()
        place = table + self._key()
        self._take("=")
        for end in range(len(table) + 1, len(place) + 1):
            self._lines.setdefault(place[:end], line)
        self._value(place)

    def _value(self, place: Path) -> None:
        self._skip_blank()
        if self._take("["):
            number = 0
            while self._skip_blank() and not self._take("]"):
                self._lines[(*place, number)] = self._line()
                self._value((*place, number))
                number += 1
                self._skip_blank()
                self._take(",")
        elif self._take("{"):
            while self._skip_blank() and not self._take("}"):
                self._assignment(place)
                self._skip_blank()
                self._take(",")
        else:
            match = _STRING.match(self._text, self._at) or _SCALAR.match(self._text, self._at)
            end = match.end() if match else self._at
            self._at = end if end > self._at else len(self._text)

    def _key(self) -> Path:
        parts: list[str] = []
        while match := _KEY_PART.match(self._text, self._at):
            self._at = match.end()
            parts.append(_unquoted(match[1]))
            if not self._take("."):
                break
        return tuple(parts)

    def _skip_blank(self) -> bool:
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at < len(self._text)

    def _take(self, token: str) -> bool:
        if not self._text.startswith(token, self._at):
            return False
        self._at += len(token)
        return True

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1


def _unquoted(part: str) -> str:
    if part[0] in "\"'":
        return str(tomllib.loads(f"key = {part}")["key"])
    return part
