"""Where in a configuration a filter rule is written. Pure."""

from __future__ import annotations

import html
import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

from sersync.config.file import looks_like_xml
from sersync.config.positions import Path, lines_of
from sersync.model.filters import Rule, parse_rule
from sersync.model.rule import parse_pattern_option

_KEYS: Final = ("filters", "include", "exclude", "full_pass_exclude", "exclude_regex")
_EXCLUDE: Final = re.compile(rb"""<exclude\b[^>]*expression\s*=\s*("[^"]*"|'[^']*')""")


def rule_line(content: bytes, source: str, decides: Rule | bytes) -> int | None:
    """Return the line, from 1, on which *content* says *decides* for the source called *source*.

    *decides*: a rule, or the text of a regular expression. None: it is not found there.
    """
    try:
        if looks_like_xml(content):
            return _line_in_xml(content, decides)
        text = content.decode()
        document = tomllib.loads(text)
        lines = lines_of(text)
    except ValueError:
        return None
    for place, key, written in _written(document, source):
        if _says(key, written, decides):
            return lines.get(place)
    return None


def _written(document: dict[str, Any], source: str) -> Iterator[tuple[Path, str, str]]:
    """Yield all that filters *source*, with its key and its place; that of its targets too."""
    tables: list[tuple[Path, Any]] = []
    for index, table in enumerate(_tables(document.get("source"))):
        if table.get("name", source) == source or len(_tables(document.get("source"))) == 1:
            here: Path = ("source", index)
            tables += [(here, table), ((*here, "defaults"), table.get("defaults"))]
            targets = _tables(table.get("target"))
            tables += [((*here, "target", number), each) for number, each in enumerate(targets)]
    tables += [(("defaults",), document.get("defaults")), ((), document)]
    for place, table in tables:
        if isinstance(table, dict):
            for key in _KEYS:
                values = table.get(key)
                for number, written in enumerate(values if isinstance(values, list) else ()):
                    if isinstance(written, str):
                        yield (*place, key, number), key, written


def _tables(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _says(key: str, written: str, decides: Rule | bytes) -> bool:
    text = os.fsencode(written)
    if isinstance(decides, bytes):
        return key == "exclude_regex" and text == decides
    try:
        if key == "filters":
            return parse_rule(text) == decides
        return parse_pattern_option(text, include=key == "include") == decides
    except ValueError:
        return False


def _line_in_xml(content: bytes, decides: Rule | bytes) -> int | None:
    wanted = decides if isinstance(decides, bytes) else decides.pattern
    for match in _EXCLUDE.finditer(content):
        written = html.unescape(match[1][1:-1].decode("utf-8", "surrogateescape"))
        if os.fsencode(written) == wanted:
            return content.count(b"\n", 0, match.start(1)) + 1
    return None
