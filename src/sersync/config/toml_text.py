"""Writes a document as TOML, with comments (toml.io, v1.0.0). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sersync.config.positions import Path

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WIDTH = 96


def toml_text(document: Mapping[str, Any], comments: Mapping[Path, Sequence[str]]) -> str:
    """Return *document* as TOML. *comments* stand above the setting or table of their path.

    Values are strings, numbers, booleans, lists of those, tables, and lists of tables. Raises
    ``UnicodeEncodeError`` for text that has no UTF-8 form.
    """
    text = "\n".join(_table(document, (), (), comments)).strip("\n") + "\n"
    text.encode()
    return text


def _table(
    table: Mapping[str, Any],
    header: tuple[str, ...],
    path: Path,
    comments: Mapping[Path, Sequence[str]],
) -> Iterator[str]:
    """Yield the settings of *table*, then the tables in it; *header* leads to it in TOML."""
    inner = {key: value for key, value in table.items() if _is_table(value)}
    for key, value in table.items():
        if key not in inner:
            yield from _commented((*path, key), comments)
            yield from _setting(_key(key), value)
    for key, value in inner.items():
        below = (*header, _key(key))
        if isinstance(value, Mapping):
            if value:
                yield ""
                yield from _commented((*path, key), comments)
                yield f"[{'.'.join(below)}]"
                yield from _table(value, below, (*path, key), comments)
            continue
        for index, item in enumerate(value):
            yield ""
            yield from _commented((*path, key, index), comments)
            yield f"[[{'.'.join(below)}]]"
            yield from _table(item, below, (*path, key, index), comments)


def _is_table(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _commented(path: Path, comments: Mapping[Path, Sequence[str]]) -> Iterator[str]:
    for line in comments.get(path, ()):
        yield f"# {_CONTROL.sub(' ', line)}".rstrip()


def _setting(key: str, value: object) -> Iterator[str]:
    line = f"{key} = {_value(value)}"
    if isinstance(value, list) and len(line) > _WIDTH:
        yield f"{key} = ["
        yield from (f"    {_value(item)}," for item in value)
        yield "]"
    else:
        yield line


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return _string(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            raise TypeError(f"TOML has no form for {value!r}")


def _string(text: str) -> str:
    if "\\" in text and "'" not in text and not _CONTROL.search(text):
        return f"'{text}'"
    # JSON's escapes are all TOML's too; only DEL may stand bare in JSON.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)
