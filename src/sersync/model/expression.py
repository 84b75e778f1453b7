r"""Regular expressions as sersync 2 knew them (Boost's Perl syntax), matched by Python's ``re``.

Translated are the words that the two spell differently: named classes (``[[:alnum:]]``), word
boundaries (``\<``, ``\>``), ends of the text (``\z``, ``\```, ``\'``), ``\h``, ``\e``, ``\Q…\E``. A
dot matches a newline, as in Boost. What only one of the two knows is refused, with its place.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sersync.model.path import display
from sersync.model.pattern import NAMED_CLASSES

_OUTSIDE: Final = {
    b"<": rb"\b(?=\w)",
    b">": rb"\b(?<=\w)",
    b"`": rb"\A",
    b"'": rb"\Z",
    b"z": rb"\Z",
    b"Z": rb"(?=\n*\Z)",
    b"e": rb"\x1b",
    b"h": rb"[ \t]",
    b"H": rb"[^ \t]",
}
"""Escapes that Python spells differently, outside of brackets."""
_ALIKE: Final = frozenset(b"AbBdDsSwWafnrtv0123456789")
_ALIKE_IN_BRACKETS: Final = frozenset(b"dDsSwWafnrtvb")
_DASH, _CARET = b"-", b"^"


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression over bytes; made by ``parse_expression``, so it can be used."""

    text: bytes

    def matches(self, whole: bytes) -> bool:
        """Tell whether it matches all of *whole*."""
        return _compiled(self.text).fullmatch(whole) is not None

    def search(self, text: bytes) -> re.Match[bytes] | None:
        """Return the first place in *text* that it matches."""
        return _compiled(self.text).search(text)

    def __str__(self) -> str:
        return display(self.text)


def parse_expression(text: bytes) -> Expression:
    """Return *text* as an expression; raise ``ValueError`` with a sentence that names the place."""
    _compiled(text)
    return Expression(text)


def python_source(text: bytes) -> bytes:
    """Return *text* as Python's ``re`` spells it. Raises ``ValueError``."""
    return b"".join(_translated(text))


@functools.lru_cache(maxsize=1024)
def _compiled(text: bytes) -> re.Pattern[bytes]:
    source = python_source(text)
    try:
        return re.compile(source, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        at = getattr(error, "pos", None)
        # Places are told only where the translation has not moved them.
        where = f" at character {at + 1}" if at is not None and source == text else ""
        said = getattr(error, "msg", str(error))
        raise ValueError(f"`{display(text)}` is no regular expression{where}: {said}") from error


def _translated(text: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(text):
        char = text[at : at + 1]
        if char == b"\\":
            piece, at = _escape(text, at)
            yield piece
        elif char == b"[":
            piece, at = _bracket(text, at)
            yield piece
        elif text.startswith((b"(?|", b"(?R", b"(?&"), at) or re.match(
            rb"\(\?[0-9+]|\(\?<[A-Za-z_]|\(\?'", text[at:]
        ):
            raise _unknown(text, at, text[at : at + 3])
        else:
            yield char
            at += 1


def _escape(text: bytes, at: int) -> tuple[bytes, int]:
    """Return the escape at *at* as Python spells it, and where the text goes on."""
    char = text[at + 1 : at + 2]
    if not char:
        raise ValueError(f"`{display(text)}` ends with a backslash that escapes nothing")
    if char == b"Q":
        end = text.find(b"\\E", at)
        end = len(text) if end < 0 else end
        return re.escape(text[at + 2 : end]), end + 2
    if char == b"x":
        return _hexadecimal(text, at)
    if char in _OUTSIDE:
        return _OUTSIDE[char], at + 2
    if char.isalnum() and char[0] not in _ALIKE:
        raise _unknown(text, at, b"\\" + char)
    return (b"\\" + char if char.isalnum() else re.escape(char)), at + 2


def _hexadecimal(text: bytes, at: int) -> tuple[bytes, int]:
    match = re.compile(rb"\\x(?:\{0*([0-9A-Fa-f]{1,2})\}|([0-9A-Fa-f]{1,2}))").match(text, at)
    if match is None:
        raise _unknown(text, at, text[at : at + 4])
    return b"\\x%02x" % int(match[1] or match[2], 16), match.end()


def _bracket(text: bytes, start: int) -> tuple[bytes, int]:
    """Return the bracket that begins at *start* as Python spells it, and where the text goes on."""
    at = start + 1
    negated = text[at : at + 1] == _CARET
    at += negated
    pieces: list[bytes] = []
    while text[at : at + 1] != b"]" or not pieces:
        if at >= len(text):
            raise ValueError(
                f"`{display(text)}`: the bracket at character {start + 1} is never closed"
            )
        piece, at = _member(text, at)
        if (
            text[at : at + 1] == _DASH
            and text[at + 1 : at + 2] not in (b"", b"]")
            and len(piece) > 0
            and not _is_class(piece)
        ):
            last, at = _member(text, at + 1)
            if _is_class(last) or _code(last) < _code(piece):
                raise _unknown(text, start, b"a range that ends before it begins")
            piece += _DASH + last
        pieces.append(piece)
    return b"[" + (_CARET if negated else b"") + b"".join(pieces) + b"]", at + 1


def _member(text: bytes, at: int) -> tuple[bytes, int]:
    """Return one member of a bracket: a byte in hexadecimal, or a class."""
    rest = text[at : at + 2]
    if rest == b"[:":
        end = text.find(b":]", at)
        members = NAMED_CLASSES.get(text[at + 2 : end]) if end > 0 else None
        if members is None:
            raise _unknown(text, at, text[at : end + 2] if end > 0 else rest)
        return b"".join(map(_byte, members)), end + 2
    if rest in (b"[.", b"[="):
        raise _unknown(text, at, rest)
    if rest[:1] == b"\\":
        char = rest[1:]
        if char == b"x":
            return _hexadecimal(text, at)
        if char and char[0] in _ALIKE_IN_BRACKETS:
            return (rest, at + 2) if char in b"dDsSwW" else (_byte(_control(char)), at + 2)
        if not char or char.isalnum():
            raise _unknown(text, at, rest)
        return _byte(char[0]), at + 2
    return _byte(text[at]), at + 1


def _control(char: bytes) -> int:
    return b"\a\f\n\r\t\v\b"[b"afnrtvb".index(char)]


def _is_class(piece: bytes) -> bool:
    return not re.fullmatch(rb"\\x[0-9a-f]{2}", piece)


def _code(piece: bytes) -> int:
    return int(piece[-2:], 16)


def _byte(code: int) -> bytes:
    return b"\\x%02x" % code


def _unknown(text: bytes, at: int, what: bytes) -> ValueError:
    return ValueError(
        f"`{display(text)}`: `{display(what)}` at character {at + 1} is not understood here;"
        " what works is in docs/configuration.md"
    )
