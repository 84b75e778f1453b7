"""The nouns that are shown, as JSON Schema: what ``render`` makes of each. Pure."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

from sersync.model.dirty import Scope

Json = dict[str, Any]

_PLAIN: Final[dict[Any, str]] = {
    str: "string",
    bytes: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
}


def schema_of(kind: Any) -> Json:
    """Return the schema of a dataclass: an object with all of its fields, more may follow."""
    hints = get_type_hints(kind)
    return {
        "type": "object",
        "required": [each.name for each in fields(kind)],
        "properties": {each.name: _value(hints[each.name]) for each in fields(kind)},
    }


def _value(kind: Any) -> Json:
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _value(get_args(kind)[0])}
    if NoneType in get_args(kind):
        [some] = [each for each in get_args(kind) if each is not NoneType]
        return _or_null(_value(some))
    if kind is Scope:
        return {"type": "string", "enum": [each.name.lower() for each in Scope]}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [each.value for each in kind]}
    if is_dataclass(kind):
        return schema_of(kind)
    return {"type": _PLAIN[kind]}


def _or_null(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def names_of(schema: Json, prefix: str = "") -> list[str]:
    """Return the path of every field in *schema*, such as ``sources[].name``."""
    if schema.get("items"):
        return names_of(schema["items"], f"{prefix}[]")
    names = []
    for name, inner in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        names += [path, *names_of(inner, path)]
    return names
