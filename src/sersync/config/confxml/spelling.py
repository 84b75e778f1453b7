"""What was probably meant where a confxml.xml is no XML: copies lose their spaces. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sersync.config.confxml.grammar import spellings
from sersync.config.rsync_words import LONG_DASHES, given_options
from sersync.errors import Mistake

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_KNOWN: Final = spellings()
_RUN_TOGETHER: Final = re.compile(
    r"<(?P<name>{names})(?P<attribute>{attributes})\s*=".format(
        names="|".join(sorted(_KNOWN, key=len, reverse=True)),
        attributes="|".join(sorted(set().union(*_KNOWN.values()), key=len, reverse=True)),
    ),
    re.IGNORECASE,
)
_TOUCHING: Final = re.compile(
    r"=\s*(?:\"[^\"<>]*\"|'[^'<>]*')(?P<next>[A-Za-z_]\w*)(?=\s*=\s*[\"'])"
)
_OPENING: Final = re.compile(r"<[A-Za-z_][\w.-]*")
_QUOTED: Final = re.compile(
    r"\s*(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<quote>[\"'])(?P<value>.*?)(?P<end>(?P=quote))", re.DOTALL
)
_GOES_ON: Final = re.compile(r"\s*(?:[/>?<]|\Z|[A-Za-z_]\w*\s*=)")
"""What may follow a value: the end of the tag, another attribute, another tag."""
_RUN_OVER: Final = re.compile(r"\s\w+\s*=\s*\Z")
_CURLY: Final = re.compile(r"=\s*(?P<quote>[\u201c\u201d\u2018\u2019\u00ab\u300c\uff02])")
_NO_QUOTES: Final = re.compile(
    r"\s(?P<name>\w+)=(?P<value>[^\s\"'<>/=\u2018-\u201d\u00ab\u300c\uff02]+)(?=[\s/>])"
)
_AMPERSAND: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)")
_LESS_THAN: Final = re.compile(r"=\s*\"[^\"<>\n]*(?P<sign><)[^\"\n]*\"")
_PARAMS: Final = re.compile(r"params\s*=\s*[\"'](?P<words>[^\"'<>]*)", re.IGNORECASE)
_TAG: Final = re.compile(r"<(?P<close>/)?(?P<name>[A-Za-z_][\w.-]*)(?P<rest>[^<>]*?)(?P<empty>/)?>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One place that is probably misspelled."""

    position: tuple[int, int]
    message: str
    suggestion: str


def probable_slips(text: str) -> list[Slip]:
    """Return the likely reasons why *text* is no XML, in its order; none if nothing is known."""
    bare = _without_comments(text)
    found = sorted({(at, message, meant) for at, message, meant in _slips(bare)})
    if not found:
        found = sorted(_unbalanced(bare))
    return [
        Slip(position=_position(text, at), message=message, suggestion=meant)
        for at, message, meant in found
    ]


def wrong_dashes(text: str) -> list[Slip]:
    """Return the options that begin with a dash of a text processor. XML does not mind those."""
    return [
        Slip(
            position=_position(text, params.start("words") + word.start()),
            message=said.message,
            suggestion=said.suggestion,
        )
        for params in _PARAMS.finditer(_without_comments(text))
        for word in re.finditer(r"\S+", params["words"])
        if word[0][0] in LONG_DASHES
        for said in given_options([word[0]])
        if isinstance(said, Mistake)
    ]


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)


def _slips(text: str) -> Iterator[tuple[int, str, str]]:
    for match in _RUN_TOGETHER.finditer(text):
        name, attribute = match["name"], match["attribute"]
        if attribute.lower() in {known.lower() for known in _attributes(name)}:
            yield match.start(), "a space is missing", f"write <{name} {attribute}="
    for match in _TOUCHING.finditer(text):
        after = match["next"]
        yield match.start("next"), "a space is missing", f'write a space before {after}="'
    for match in _CURLY.finditer(text):
        yield match.start("quote"), f"{match['quote']} is no quotation mark of XML", 'write "'
    for match in _NO_QUOTES.finditer(text):
        name, value = match["name"], match["value"]
        if name.lower() in {known.lower() for known in set().union(*_KNOWN.values())}:
            yield (
                match.start("name"),
                "the value stands without quotation marks",
                f'write {name}="{value}"',
            )
    for match in _AMPERSAND.finditer(text):
        yield match.start(), "& begins an entity in XML", "write &amp;"
    yield from _wrong_quotes(text)
    for match in _LESS_THAN.finditer(text):
        yield match.start("sign"), "< begins an element in XML", "write &lt;"


def _wrong_quotes(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the values that a quotation mark in them ends too early, or that none ends."""
    for tag in _OPENING.finditer(text):
        at = tag.end()
        while quoted := _QUOTED.match(text, at):
            at = quoted.end()
            name, quote = quoted["name"], quoted["quote"]
            if _RUN_OVER.search(quoted["value"]) and not _GOES_ON.match(text, at):
                yield quoted.start("name"), f"the value of {name} is not closed", f"write {quote}"
                break
            if not _is_at_an_end(text, at):
                entity = "&quot;" if quote == '"' else "&apos;"
                yield (
                    quoted.start("end"),
                    f"{quote} ends the value of {name} here, but it goes on",
                    f"write {entity} for each {quote} that belongs to the value",
                )
                break


def _is_at_an_end(text: str, at: int) -> bool:
    """Tell whether what follows at *at* is none of a value."""
    after = _GOES_ON.match(text, at)
    # An attribute's name is followed by a value in marks; what looks like one else belongs here.
    is_attribute = after is not None and after[0].endswith("=") and not text[at].isspace()
    return after is not None and (not is_attribute or text[after.end() :].lstrip()[:1] in "\"'")


def _attributes(name: str) -> set[str]:
    return next(known for element, known in _KNOWN.items() if element.lower() == name.lower())


def _unbalanced(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the first element that is not closed, or is closed without having been opened."""
    opened: list[tuple[int, str]] = []
    for tag in _TAG.finditer(text):
        name = tag["name"]
        if tag["empty"]:
            continue
        if not tag["close"]:
            opened.append((tag.start(), name))
        elif opened and opened[-1][1] == name:
            opened.pop()
        elif name in (names := [each for _, each in opened]):
            at, unclosed = opened[len(names) - 1]
            yield at, f"<{unclosed}> is not closed", f"write </{unclosed}>, or end it with />"
            return
        else:
            yield tag.start(), f"</{name}> closes nothing", "remove it, or open it before"
            return
    if opened:
        at, unclosed = opened[-1]
        yield at, f"<{unclosed}> is not closed", f"write </{unclosed}> where it ends"


def _position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
