"""Takes a list of words apart into the rsync options that they spell."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sersync.config.rsync_table import BY_LETTER, BY_NAME, Option
from sersync.errors import Mistake
from sersync.model.address import without_password

LONG_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""What word processors and web pages make of ``-`` and ``--``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An option as a user gave it. *written* is the word that it was found in."""

    option: Option
    value: str = ""
    negated: bool = False
    written: str

    @property
    def canonical(self) -> str:
        """The option as one word, in its long form if it has one."""
        if self.negated:
            return f"--no-{self.option.name}"
        return self.option.spelling + (f"={self.value}" if self.option.takes_value else "")


def given_options(words: Sequence[str]) -> Iterator[Given | Mistake]:
    """Yield the options in *words* in order: short, combined and long ones, or what is wrong."""
    remaining = iter(words)
    for word in remaining:
        if word[:1] in LONG_DASHES and word:
            straight = "--" + word.lstrip(LONG_DASHES + "-")
            yield _mistake(
                word, "begins with a dash that is not the plain `-`", f"write `{straight}`"
            )
        elif word.startswith("--"):
            yield _long(word, remaining)
        elif word.startswith("-") and word != "-":
            yield from _short(word, remaining)
        else:
            yield _mistake(word, "is not an option; an option begins with `-`", _nearest(word))


def _long(word: str, remaining: Iterator[str]) -> Given | Mistake:
    name, has_value, value = word[2:].partition("=")
    option, negated = BY_NAME.get(name), False
    if option is None and name.startswith("no-"):
        option, negated = BY_NAME.get(name[3:]) or BY_LETTER.get(name[3:]), True
    if option is None:
        if name.strip() != name or " " in name:
            return _mistake(word, "holds several words", _apart(word))
        return _mistake(word, "is not an option of rsync", _nearest(name))
    if negated and not option.can_be_negated:
        return _mistake(word, f"is not an option of rsync: {option.spelling} cannot be negated")
    if negated or not option.takes_value:
        if has_value:
            return _mistake(word, "takes no value", f"write `--{name}`")
        return Given(option=option, negated=negated, written=word)
    if not has_value:
        following = next(remaining, None)
        if following is None:
            return _mistake(word, "needs a value")
        return Given(option=option, value=following, written=f"{word} {following}")
    return Given(option=option, value=value, written=word)


def _short(word: str, remaining: Iterator[str]) -> Iterator[Given | Mistake]:
    letters = word[1:]
    for at, letter in enumerate(letters):
        option = BY_LETTER.get(letter)
        if option is None:
            if letter == " ":
                yield _mistake(word, "holds several words", _apart(word))
            else:
                yield _mistake(
                    word, f"holds -{letter}, which rsync does not know", _nearest(letters)
                )
            return
        if not option.takes_value:
            yield Given(option=option, written=word)
            continue
        if rest := letters[at + 1 :]:
            value = rest[1:] if rest[0] in "= " else rest
            yield Given(option=option, value=value, written=word)
        elif (following := next(remaining, None)) is not None:
            yield Given(option=option, value=following, written=f"{word} {following}")
        else:
            yield _mistake(word, f"ends with -{letter}, which needs a value")
        return


def _apart(word: str) -> str:
    strings = ", ".join(f'"{part}"' for part in word.split())
    return f"give each option as a string of its own: {strings}"


def _nearest(name: str) -> str:
    known = [*BY_NAME, *(f"no-{o}" for o, option in BY_NAME.items() if option.can_be_negated)]
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    return f"did you mean `--{near[0]}`?" if near else ""


def _mistake(word: str, message: str, suggestion: str = "") -> Mistake:
    shown = without_password(word)
    return Mistake(place=shown, message=f"{shown} {message}", suggestion=suggestion)
