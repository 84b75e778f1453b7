"""Takes a simple regular expression apart into the sequences of tokens that it stands for."""

from __future__ import annotations

import re
from enum import Enum
from itertools import product
from typing import Final

from sersync.model.expression import python_source


class Wild(Enum):
    """What a token may match besides one of some bytes."""

    ANY = "any bytes, slashes too"
    SEGMENT = "any bytes but slashes"
    ONE = "one byte that is no slash"


ANY: Final = Wild.ANY
SEGMENT: Final = Wild.SEGMENT
ONE: Final = Wild.ONE
SLASH: Final = b"/"

Token = Wild | bytes
"""A wild one, one byte, or a bracket of rsync's patterns (longer than one byte)."""
Sequence = tuple[Token, ...]
_Alternatives = list[Sequence]

_MOST_SEQUENCES: Final = 64
_EVERY: Final = frozenset(range(256))
_NO_SLASH: Final = _EVERY - {ord("/")}
_ONE_BYTE: Final = re.compile(
    rb"\.|\\x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]+\})|\\[dDsSwWafnrtvehH]|\\[^A-Za-z0-9<>`']"
    rb"|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|[^\\\[\](){}.*+?|^$]",
    re.DOTALL,
)


class _TooHard(Exception):
    """The expression says something that no sequence of tokens says."""


def sequences(text: bytes) -> list[Sequence] | None:
    """Return sequences of tokens of which one matches just where *text* does; None if too hard."""
    reading = _Reading(text)
    try:
        found = reading.alternatives(is_first=True, depth=0)
    except _TooHard:
        return None
    return found if reading.at == len(text) else None


class _Reading:
    """One expression, read from the left."""

    def __init__(self, text: bytes) -> None:
        self.at = 0
        self._text = text

    def alternatives(self, *, is_first: bool, depth: int) -> _Alternatives:
        """Read up to the end of the group."""
        found: _Alternatives = []
        while True:
            found += self._sequence(is_first=is_first, depth=depth)
            if self._next() != b"|":
                return found
            self.at += 1

    def _sequence(self, *, is_first: bool, depth: int) -> _Alternatives:
        found: _Alternatives = [()]
        start = True
        while (char := self._next()) not in (b"", b"|", b")"):
            if char == b"^" and is_first and start:
                self.at += 1
                continue
            if char == b"$" and depth == 0 and self._text[self.at + 1 : self.at + 2] in b"|":
                self.at += 1
                continue
            atom = self._atom(is_first=is_first and start, depth=depth)
            found = [(*before, *after) for before, after in product(found, atom)]
            start = False
            if len(found) > _MOST_SEQUENCES:
                raise _TooHard
        return found

    def _atom(self, *, is_first: bool, depth: int) -> _Alternatives:
        if self._next() == b"(":
            return self._group(is_first=is_first, depth=depth)
        match = _ONE_BYTE.match(self._text, self.at)
        if match is None:
            raise _TooHard
        self.at = match.end()
        return _repeated(_members(match[0]), self._quantifier())

    def _group(self, *, is_first: bool, depth: int) -> _Alternatives:
        self.at += 3 if self._text.startswith(b"(?:", self.at) else 1
        if self._next() == b"?":
            raise _TooHard
        found = self.alternatives(is_first=is_first, depth=depth + 1)
        if self._next() != b")":
            raise _TooHard
        self.at += 1
        quantifier = self._quantifier()
        if quantifier == b"?":
            return [(), *found]
        if quantifier and found != [(ANY,)]:
            raise _TooHard
        return found

    def _quantifier(self) -> bytes:
        """Read ``*``, ``+`` or ``?``; being lazy makes no difference to a match in full."""
        found = self._next()
        if found == b"{":
            raise _TooHard
        if found not in (b"*", b"+", b"?"):
            return b""
        self.at += 1
        if self._next() in (b"+", b"*", b"{"):
            raise _TooHard
        self.at += self._next() == b"?"
        return found

    def _next(self) -> bytes:
        return self._text[self.at : self.at + 1]


def _members(atom: bytes) -> frozenset[int]:
    pattern = re.compile(python_source(atom), re.DOTALL)
    return frozenset(code for code in range(256) if pattern.fullmatch(bytes((code,))))


def _repeated(members: frozenset[int], quantifier: bytes) -> _Alternatives:
    """Return what so many bytes of *members* are as tokens."""
    once = _once(members)
    if not quantifier:
        return once
    if quantifier == b"?":
        return [(), *once]
    if members == {ord("/")}:
        # No path holds two slashes in a row.
        return [(SLASH,)] if quantifier == b"+" else [(), (SLASH,)]
    if members == _EVERY:
        many: Wild = ANY
    elif members == _NO_SLASH:
        many = SEGMENT
    else:
        raise _TooHard
    return [(many,)] if quantifier == b"*" else [(*each, many) for each in once]


def _once(members: frozenset[int]) -> _Alternatives:
    others = members & _NO_SLASH
    found: _Alternatives = [(SLASH,)] if len(others) < len(members) else []
    if others == _NO_SLASH:
        found.append((ONE,))
    elif len(others) == 1:
        found.append((bytes(others),))
    elif others:
        found.append((_bracket(sorted(others - {0})),))
    return found


def _bracket(codes: list[int]) -> bytes:
    """Return a bracket of rsync's patterns for *codes*."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    parts = [
        _escaped(first) if first == last else _escaped(first) + b"-" + _escaped(last)
        for first, last in runs
    ]
    return b"[" + b"".join(parts) + b"]"


def _escaped(code: int) -> bytes:
    char = bytes((code,))
    return char if char.isalnum() or code > 127 else b"\\" + char
