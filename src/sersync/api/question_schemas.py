"""The answers to questions as JSON Schema: what ``render_questions`` makes of each. Pure."""

from __future__ import annotations

from typing import Any, Final

from sersync.api.render_questions import VERIFICATION_NAMES
from sersync.api.schema import schema_of
from sersync.model.difference import Difference
from sersync.model.explanation import Explanation
from sersync.model.pending import Flushed, Waited
from sersync.model.verification import Found, Verification

Json = dict[str, Any]


def _with(schema: Json, **more: Json) -> Json:
    return {
        **schema,
        "required": [*schema["required"], *more],
        "properties": {**schema["properties"], **more},
    }


def _renamed(schema: Json, **names: str) -> Json:
    return {
        **schema,
        "required": [names.get(each, each) for each in schema["required"]],
        "properties": {names.get(each, each): it for each, it in schema["properties"].items()},
    }


def _listed(name: str, items: Json, **more: Json) -> Json:
    properties = {**more, name: {"type": "array", "items": items}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _explanation() -> Json:
    schema = _with(schema_of(Explanation), sentences={"type": "array", "items": {"type": "string"}})
    of_target = schema["properties"]["targets"]["items"]["properties"]
    of_target["on_target"] = _with(of_target["on_target"], same={"type": ["boolean", "null"]})
    return schema


def _verification() -> Json:
    schema = _renamed(schema_of(Verification), **VERIFICATION_NAMES)
    cause = schema_of(Found)["properties"]["cause"]
    schema["properties"]["found"]["items"] = _with(schema_of(Difference), cause=cause)
    return schema


WAITED: Final = _listed("targets", schema_of(Waited), stands={"type": "boolean"})
FLUSHED: Final = _listed("targets", schema_of(Flushed))
EXPLAINED: Final = _listed("sources", _explanation())
VERIFIED: Final = _listed("verifications", _verification())
