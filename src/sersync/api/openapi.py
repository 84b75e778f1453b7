"""The OpenAPI document of the endpoints. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sersync import __version__
from sersync.api.call import Endpoint

Json = dict[str, Any]

_ERROR: Final[Json] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What is wrong, for people."}},
}
_REFUSALS: Final = {
    "400": "The query or the body is wrong.",
    "401": "The token is missing or wrong.",
    "403": "This listener only reads.",
    "404": "There is no such name.",
    "411": "A body of known length is needed.",
    "413": "The body is too long.",
    "415": "The body must be JSON.",
    "421": "The Host header names another host.",
    "503": "Too many ask at the same time.",
}


def openapi_document(endpoints: Iterable[Endpoint]) -> Json:
    """Return what *endpoints* are, as OpenAPI 3.1."""
    paths: dict[str, Json] = {}
    for each in endpoints:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "sersync", "version": __version__},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(endpoint: Endpoint) -> Json:
    operation: Json = {
        "summary": endpoint.summary,
        "responses": {
            "200": {
                "description": "What was asked for.",
                "content": {endpoint.media: {"schema": endpoint.returns}},
            },
            **{
                code: {
                    "description": why,
                    "content": {"application/json": {"schema": _ERROR}},
                }
                for code, why in _REFUSALS.items()
            },
        },
    }
    if endpoint.parameters:
        operation["parameters"] = [
            {
                "name": name,
                "in": "query",
                "description": what,
                "required": name in endpoint.needs,
                "schema": endpoint.kinds.get(name, {"type": "string"}),
            }
            for name, what in endpoint.parameters.items()
        ]
    if endpoint.accepts is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": endpoint.accepts}},
        }
    if endpoint.method != "GET":
        operation["security"] = [{"token": []}]
    return operation
