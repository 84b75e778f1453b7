"""From a regular expression of sersync 2 to the rsync rules that exclude exactly the same.

Understood are expressions of literals, sets of bytes, ``.``, ``.*``, ``[^/]*``, groups, ``|`` and
``?``. Each is multiplied out into sequences of tokens, and each sequence is asked three things:
which entries of the root does it match by their bare name, which deeper ones as ``/dir/name``,
and which directories as ``dir/``. What has no exact answer in rsync's patterns has none here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sersync.model.expression import Expression
from sersync.model.expression_words import ANY, ONE, SEGMENT, SLASH, Sequence, Token, sequences
from sersync.model.rule import Rule

_WILD: Final = re.compile(rb"[\\*?\[]")
_LONGEST: Final = 2000


def rules_of(expression: Expression) -> tuple[Rule, ...] | None:
    """Return exclude rules that together match what *expression* does; None if there are none."""
    found: dict[bytes, None] = {}
    alternatives = sequences(expression.text)
    if alternatives is None:
        return None
    for tokens in alternatives:
        for form in _tidied(tokens):
            deep = _deep(form)
            if deep is None:
                return None
            found |= dict.fromkeys([*deep, *_top(form), *_directories(form)])
    if any(len(pattern) > _LONGEST for pattern in found):
        return None
    return tuple(Rule(False, pattern) for pattern in found)


def _tidied(tokens: Sequence) -> Iterator[Sequence]:
    """Yield *tokens* without what cannot match, or what says the same twice.

    A leading run without a slash that may be empty becomes two sequences: it is empty, or not.
    """
    tidy: list[Token] = []
    for token in tokens:
        last = tidy[-1] if tidy else None
        if token == last == SLASH:
            return
        if token is ANY and last in (ANY, SEGMENT):
            tidy[-1] = ANY
        elif not (token is SEGMENT and last in (ANY, SEGMENT)):
            tidy.append(token)
    if tidy and tidy[0] is SEGMENT:
        yield from _tidied(tuple(tidy[1:]))
        tidy = [ONE, *tidy]
    if tidy:
        yield tuple(tidy)


def _top(tokens: Sequence) -> Iterator[bytes]:
    """Yield patterns for what *tokens* match among the bare names of the root's entries."""
    if SLASH not in tokens:
        yield b"/" + _spelled(tokens, any_as=b"*")


def _deep(tokens: Sequence) -> list[bytes] | None:
    """Return patterns for what *tokens* match among ``/dir/name``; None if none are exact."""
    first, rest = tokens[0], tokens[1:]
    if tokens[-1] == SLASH or first not in (SLASH, ANY):
        return []
    slashes = rest.count(SLASH)
    if first == SLASH:
        if slashes:
            return [_spelled(tokens, any_as=b"**")]
        if ANY not in rest:
            return []
        # The one ANY must hold the second slash.
        return [_spelled(tokens, any_as=b"*/**")] if rest.count(ANY) == 1 else None
    if not slashes:
        # The last component alone decides, unless something earlier may match, too.
        stars = b"**" if ANY in rest or not rest else b"*"
        return [_spelled(tokens, any_as=stars)]
    if rest[0] != SLASH or slashes > 1:
        return [_spelled(tokens, any_as=b"**")]
    # "**/name" would match /name, which is an entry of the root and not asked for in this form.
    return None if ANY in rest else [b"/" + _spelled(tokens, any_as=b"**")]


def _directories(tokens: Sequence) -> Iterator[bytes]:
    """Yield patterns for what *tokens* match among directories as ``dir/`` or ``dir/dir/``."""
    if tokens[0] == SLASH:
        return
    last, before = tokens[-1], tokens[:-1]
    if last == SLASH:
        if before:
            yield b"/" + _spelled(before, any_as=b"**") + SLASH
    elif last is ANY:
        yield b"/" + _spelled(tokens, any_as=b"**") + SLASH
        if before:
            yield from _directories(before)
    elif last is SEGMENT and before:
        yield from _directories(before)


def _spelled(tokens: Sequence, *, any_as: bytes) -> bytes:
    """Return *tokens* as rsync spells them; a backslash escapes only beside a wildcard."""
    wild = {ANY: any_as, SEGMENT: b"*", ONE: b"?"}
    literal = b"".join(token for token in tokens if isinstance(token, bytes) and len(token) == 1)
    is_wild = any(not isinstance(token, bytes) or len(token) > 1 for token in tokens) or (
        any(each in literal for each in b"*?[")
    )

    def spell(token: Token) -> bytes:
        if not isinstance(token, bytes):
            return wild[token]
        return _WILD.sub(rb"\\\g<0>", token) if is_wild and len(token) == 1 else token

    return b"".join(map(spell, tokens))
