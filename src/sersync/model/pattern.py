"""One filter pattern of rsync, compiled to a regular expression over bytes.

The rules are those of rsync(1), section "PATTERN MATCHING RULES", together with what rsync does
where that page is silent (a property test holds both against the real rsync):

- a backslash escapes only in a pattern that holds one of ``*``, ``?`` or ``[``;
- ``**`` anywhere, even inside brackets, makes the pattern match against the whole path;
- a bracket never matches a slash; one that is never closed, or names an unknown class, makes a
  pattern that matches nothing;
- named classes hold ASCII characters only, which is so in rsync too for the C and UTF-8 locales.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise, zip_longest
from typing import Final

_NOTHING: Final = b"(?!)"
_SLASH: Final = ord("/")
_WITHOUT_SLASH: Final = frozenset(range(256)) - {_SLASH}

NAMED_CLASSES: Final = {
    b"alnum": (string.ascii_letters + string.digits).encode(),
    b"alpha": string.ascii_letters.encode(),
    b"blank": b" \t",
    b"cntrl": bytes([*range(32), 127]),
    b"digit": string.digits.encode(),
    b"graph": bytes(range(33, 127)),
    b"lower": string.ascii_lowercase.encode(),
    b"print": bytes(range(32, 127)),
    b"punct": string.punctuation.encode(),
    b"space": b" \t\n\r\v\f",
    b"upper": string.ascii_uppercase.encode(),
    b"xdigit": string.hexdigits.encode(),
}


class Subject(Enum):
    """What a compiled pattern is matched against."""

    NAME = "name"
    """The last component."""
    PATH = "path"
    """``/`` and the whole path, and for a directory another ``/`` at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPattern:
    """A pattern as sources of regular expressions, to be matched in full, with DOTALL.

    *for_file* is None when the pattern matches directories only.
    """

    subject: Subject
    for_file: bytes | None
    for_directory: bytes


def compile_pattern(pattern: bytes) -> CompiledPattern:
    """Translate one rsync pattern (without any ``- `` before it); every pattern has a meaning."""
    directories_only = len(pattern) > 1 and pattern.endswith(b"/")
    if directories_only:
        pattern = pattern[:-1]
    slashes = pattern.count(b"/")
    crosses_slashes = b"**" in pattern
    is_wild = any(wildcard in pattern for wildcard in (b"*", b"[", b"?"))
    is_anchored = pattern.startswith(b"/")
    body = pattern[1:] if is_anchored else pattern
    expression, matched_slashes = _translate(body) if is_wild else (re.escape(body), slashes)

    if not slashes and not crosses_slashes:
        return CompiledPattern(
            subject=Subject.NAME,
            for_file=None if directories_only else expression,
            for_directory=expression,
        )
    if is_anchored:
        expression = b"/" + expression
    elif not crosses_slashes:
        # rsync looks at as many trailing components as the pattern has slashes, counting those
        # in brackets, which match nothing.
        expression = b".*/" + expression if matched_slashes == slashes else _NOTHING
    elif not pattern.startswith(b"**"):
        expression = b".*/" + expression
    # "dir/***" matches the directory itself: there the slash at the end belongs to the pattern.
    end = b"" if pattern.endswith(b"***") else b"/"
    return CompiledPattern(
        subject=Subject.PATH,
        for_file=None if directories_only else expression,
        for_directory=expression + end,
    )


@dataclass(frozen=True, slots=True)
class _Star:
    """``*``, or ``**`` when it crosses slashes."""

    crosses_slashes: bool


def _translate(pattern: bytes) -> tuple[bytes, int]:
    """Return a pattern with wildcards as an expression, and how many slashes it matches itself."""
    parts: list[_Star] = []
    fixed = [b""]
    slashes = 0
    try:
        for token in _tokens(pattern):
            if isinstance(token, _Star):
                parts.append(token)
                fixed.append(b"")
            else:
                fixed[-1] += token
                slashes += token == b"/"
    except _Malformed:
        return _NOTHING, 0
    return fixed[0] + _starred(parts, fixed[1:]), slashes


def _starred(stars: list[_Star], fixed: list[bytes]) -> bytes:
    """Join stars and the fixed texts after them so that no name takes long to be matched.

    Where a shortest match can only be right, an atomic group forbids to look for others: without
    it ``*a*a*a*a*b`` would need time in the fifth power of a name's length.
    """
    expression = b""
    block = b""
    for star, text, following in zip_longest(stars, fixed, stars[1:]):
        if star.crosses_slashes:
            block = b".*?" + text
        elif following is None:
            block += b"[^/]*" + text
        else:
            block += b"(?>[^/]*?" + text + b")"
        if following is None or following.crosses_slashes:
            atomic = following is not None
            expression += b"(?>" + block + b")" if atomic else block
            block = b""
    return expression


class _Malformed(Exception):
    """The pattern can match nothing."""


def _tokens(pattern: bytes) -> Iterator[_Star | bytes]:
    """Yield stars, and expressions that match one byte each."""
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        if char == b"*":
            end = at
            while pattern[end : end + 1] == b"*":
                end += 1
            yield _Star(crosses_slashes=end - at > 1)
            at = end
            continue
        if char == b"[":
            members, at = _bracket(pattern, at + 1)
            yield _one_of(members)
            continue
        if char == b"?":
            yield b"[^/]"
        elif char == b"\\":
            at += 1
            if at == len(pattern):
                raise _Malformed
            yield re.escape(pattern[at : at + 1])
        else:
            yield re.escape(char)
        at += 1


def _bracket(pattern: bytes, at: int) -> tuple[frozenset[int], int]:
    """Read a bracket from behind its ``[``; return the bytes it matches and where it ends."""
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    members: set[int] = set()
    previous: int | None = None  # where a range could begin
    first = True
    while first or pattern[at : at + 1] != b"]":
        first = False
        rest = pattern[at:]
        if rest.startswith(b"-") and previous is not None and rest[1:2] not in (b"", b"]"):
            last, at = _member(pattern, at + 1)
            members.update(range(previous, last + 1))
            previous = None
        elif named := _named_class(rest):
            members.update(NAMED_CLASSES[named])
            at += len(named) + 4
            previous = None
        else:
            previous, at = _member(pattern, at)
            members.add(previous)
    chosen = _WITHOUT_SLASH - members if negated else members - {_SLASH}
    return frozenset(chosen), at + 1


def _member(pattern: bytes, at: int) -> tuple[int, int]:
    """Read one byte inside a bracket, which may be escaped."""
    if pattern[at : at + 1] == b"\\":
        at += 1
    if at >= len(pattern):
        raise _Malformed
    return pattern[at], at + 1


def _named_class(rest: bytes) -> bytes:
    """Return the name in ``[:name:]`` at the beginning of *rest*, empty if there is none."""
    if not rest.startswith(b"[:"):
        return b""
    end = rest.find(b"]", 2)
    if end < 0:
        raise _Malformed
    if end == 2 or rest[end - 1 : end] != b":":
        return b""
    named = rest[2 : end - 1]
    if named not in NAMED_CLASSES:
        raise _Malformed
    return named


def _one_of(members: frozenset[int]) -> bytes:
    """Return an expression that matches exactly one byte of *members*."""
    if not members:
        return _NOTHING
    codes = sorted(members)
    starts = [codes[0], *(b for a, b in pairwise(codes) if b != a + 1)]
    ends = [*(a for a, b in pairwise(codes) if b != a + 1), codes[-1]]
    ranges = (b"\\x%02x-\\x%02x" % bounds for bounds in zip(starts, ends, strict=True))
    return b"[" + b"".join(ranges) + b"]"
