r"""The lines of an rsyncd.conf, as the daemon reads them. Pure.

rsyncd.conf(5), "FILE FORMAT" and "CONFIG DIRECTIVES", and what the daemon does where they are
silent: a comment begins with ``#`` or ``;``; a line goes on where the last character before its
white space is a backslash, in values, names and headers, but not in comments; a header ends at its
``]``, whatever follows; ``\r`` is dropped from values; a zero byte ends the file. A file is text
here, with bytes that are not UTF-8 as surrogate escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_BLANKS: Final = " \t\r\v\f"
_WHITE: Final = re.compile(r"[ \t\n\r\v\f]+")
"""What isspace(3) takes for white space: not the other spaces that Unicode has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """``[name]``: a module, or the global part again."""

    line: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """``name = value``."""

    line: int
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """``&include path`` or ``&merge path``; *name* has its ``&``."""

    line: int
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A line without ``=``, which the daemon ignores."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Something that keeps the daemon from starting; nothing is read after it."""

    line: int
    message: str


Item = Header | Setting | Directive | Ignored | Broken


def parse(text: str) -> Iterator[Item]:
    """Yield what stands in *text*, in order; ``Broken`` is always the last one."""
    return _Reader(text.partition("\0")[0]).items()


class _Reader:
    """Walks through the lines of one file."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._at = 0

    def items(self) -> Iterator[Item]:
        while self._at < len(self._lines):
            line = self._at + 1
            # A lone backslash before anything else is skipped by the daemon.
            text = self._lines[self._at].lstrip(_BLANKS + "\\")
            self._at += 1
            if not text or text[0] in "#;":
                continue
            if text[0] == "[":
                item = self._header(text[1:], line)
            elif text[0] == "&":
                item = self._directive(text, line)
            else:
                item = self._setting(text, line)
            yield item
            if isinstance(item, Broken):
                return

    def _header(self, text: str, line: int) -> Item:
        while "]" not in text:
            before = _continued(text)
            if before is None or self._is_over:
                return Broken(line=line, message="the name of the module is not closed by a ]")
            text = before + self._next()
        name = squeezed(text.partition("]")[0])
        if not name:
            return Broken(line=line, message="there is no name between [ and ]")
        return Header(line=line, name=name)

    def _directive(self, text: str, line: int) -> Item:
        ends = [at for at, letter in enumerate(text) if letter in " \t="]
        if not ends:
            return Ignored(line=line, text=text)
        value = text[ends[0] :].lstrip(_BLANKS).removeprefix("=").lstrip(_BLANKS)
        return Directive(line=line, name=text[: ends[0]].rstrip(_BLANKS), value=self._value(value))

    def _setting(self, text: str, line: int) -> Item:
        while "=" not in text:
            before = _continued(text)
            if before is None or self._is_over:
                return Ignored(line=line, text=text.strip())
            text = before + self._next()
        name, _, value = text.partition("=")
        name = squeezed(name)
        if not name:
            return Broken(line=line, message="there is no name before the =")
        return Setting(line=line, name=name, value=self._value(value.lstrip(_BLANKS)))

    def _value(self, text: str) -> str:
        text = text.replace("\r", "")
        kept = 0
        while (before := _continued(text)) is not None and not self._is_over:
            kept = len(before)
            text = before + self._next().replace("\r", "")
        return text[: max(kept, len(text.rstrip(_BLANKS)))]

    @property
    def _is_over(self) -> bool:
        return self._at >= len(self._lines)

    def _next(self) -> str:
        self._at += 1
        return self._lines[self._at - 1]


def squeezed(text: str) -> str:
    """Return *text* with one space for each white space of C's, and none around it."""
    return _WHITE.sub(" ", text).strip(" ")


def _continued(text: str) -> str | None:
    """Return *text* up to the backslash that lets it go on in the next line, None without one."""
    bare = text.rstrip(_BLANKS)
    return bare[:-1] if bare.endswith("\\") else None
