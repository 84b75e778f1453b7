"""The elements of a confxml.xml, each with its line and column.

The old daemon's parser (TinyXML) took the bytes of the file as they are, whatever encoding its
first line declared, and the paths in it are bytes. So every byte is kept: text that is not UTF-8
comes out as surrogate escapes, as in ``os.fsdecode``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden
from defusedxml.ElementTree import DefusedXMLParser

from sersync.config.confxml.spelling import Slip, probable_slips, wrong_dashes
from sersync.errors import ConfigError, Mistake

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BYTES: Final = "iso-8859-1"
"""Maps every byte to one character, and back."""
_TAG: Final = re.compile(rb"<\s*[^\s/>=\"']+")
_ATTRIBUTE: Final = re.compile(rb"\s*([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")

Position = tuple[int, int]
"""Line and column, counted from 1; the column counts characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute: its name as written, its value, and where it stands."""

    written: str
    value: str
    position: Position


@dataclass(slots=True, kw_only=True)
class Element:
    """One element. Names are matched without regard to case, so *name* is in lower case."""

    name: str
    written: str
    position: Position
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    stray: list[tuple[Position, str]] = field(default_factory=list)
    """Text that stands in it, where none belongs."""

    def named(self, name: str) -> list[Element]:
        """Return the children called *name*."""
        return [child for child in self.children if child.name == name.lower()]


def parse_tree(content: bytes, file: str) -> Element:
    """Return the topmost element of *content*; ``ConfigError`` with the place if it is no XML.

    Declarations of entities and references to other files are refused.
    """
    content = _as_ascii_superset(content)
    target = _Builder(content)
    parser = DefusedXMLParser(
        target=target, encoding=_BYTES, forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    target.expat = parser.parser
    try:
        parser.feed(content)
        parser.close()
    except ParseError as error:
        raise _not_well_formed(content, file, error) from error
    except (DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden) as error:
        mistake = Mistake(
            place=_place(file, target.position()),
            message="a document type, entities and references to other files are not read",
            suggestion="remove everything from <!DOCTYPE to its end",
        )
        raise ConfigError(file, [mistake]) from error
    if target.top is None:
        raise AssertionError("expat accepts no document without an element")
    return target.top


class _Builder:
    """What the parser calls. For one document, on one thread."""

    def __init__(self, content: bytes) -> None:
        self.expat: Any = None
        self.top: Element | None = None
        self._content = content
        self._lines = content.split(b"\n")
        self._open: list[Element] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        written = _text(tag)
        element = Element(name=written.lower(), written=written, position=self.position())
        places = self._attribute_places(self.expat.CurrentByteIndex)
        for name, value in attributes.items():
            key = _text(name)
            element.attributes[key.lower()] = Attribute(
                written=key, value=_text(value), position=places.get(name, element.position)
            )
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.top = element
        self._open.append(element)

    def end(self, _tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        """Note text that stands where none belongs; expat tells of it when it is over."""
        if not self._open or not text.strip():
            return
        start = self.expat.CurrentByteIndex - len(text)
        for line in text.splitlines(keepends=True):
            if line.strip():
                indent = len(line) - len(line.lstrip())
                place = self._position_of(max(0, start + indent))
                self._open[-1].stray.append((place, _text(line.strip())))
            start += len(line)

    def comment(self, _text: str) -> None:
        """Leave comments out."""

    def pi(self, _target: str, _text: str) -> None:
        """Leave processing instructions out."""

    def close(self) -> None:
        """There is nothing to conclude."""

    def position(self) -> Position:
        line, byte = self.expat.CurrentLineNumber, self.expat.CurrentColumnNumber
        return line, _column(self._lines, line, byte)

    def _attribute_places(self, start: int) -> dict[str, Position]:
        """Return where the attributes of the tag at byte *start* stand."""
        places: dict[str, Position] = {}
        tag = _TAG.match(self._content, start)
        at = tag.end() if tag else start
        while match := _ATTRIBUTE.match(self._content, at):
            places[match[1].decode(_BYTES)] = self._position_of(match.start(1))
            at = match.end()
        return places

    def _position_of(self, byte: int) -> Position:
        line = self._content.count(b"\n", 0, byte) + 1
        return line, _column(self._lines, line, byte - (self._content.rfind(b"\n", 0, byte) + 1))


def _column(lines: list[bytes], line: int, byte: int) -> int:
    """Return the column, in characters from 1, of a byte of a line."""
    before = lines[line - 1][:byte] if line <= len(lines) else b""
    return len(before.decode("utf-8", "replace")) + 1


def _text(text: str) -> str:
    """Return *text*, of which each character was a byte, as the bytes that it stood for."""
    # A character reference such as &#20013; may stand for more than a byte holds.
    whole = b"".join(
        character.encode(_BYTES) if ord(character) < 256 else character.encode()
        for character in text
    )
    return whole.decode("utf-8", "surrogateescape")


def _as_ascii_superset(content: bytes) -> bytes:
    """Return *content* without a byte order mark, and in UTF-8 if it was in UTF-16."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace").encode()
    return content.removeprefix(_BYTE_ORDER_MARK)


def _not_well_formed(content: bytes, file: str, error: ParseError) -> ConfigError:
    """Return everything that is probably misspelled, or else what the parser stumbled on."""
    text = content.decode("utf-8", "replace")
    slips = probable_slips(text)
    line, byte = error.position
    place = line, _column(content.split(b"\n"), line, byte)
    what = str(error).partition(":")[0]
    if not slips:
        slips = [Slip(position=place, message=f"this is not XML: {what}", suggestion="")]
    found = sorted([*slips, *wrong_dashes(text)], key=lambda slip: slip.position)
    return ConfigError(
        file,
        [
            Mistake(
                place=_place(file, slip.position),
                message=slip.message,
                suggestion=slip.suggestion,
            )
            for slip in found
        ],
    )


def _place(file: str, position: Position) -> str:
    return f"{file}:{position[0]}:{position[1]}"
