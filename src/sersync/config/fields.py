"""The kinds of values that settings take: what is accepted, and what editors are told of it."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from sersync.config.values import (
    BadValue,
    Schedule,
    parse_duration,
    parse_interval,
    parse_max_delete,
    parse_rate,
    parse_schedule,
    parse_size,
)


def _options(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return shlex.split(value)
    except ValueError as error:
        raise BadValue(f"cannot be split into words: {error}", "a list of strings") from error


def _number_or(pattern: str, *examples: str | int) -> WithJsonSchema:
    text = {"type": "string", "pattern": pattern}
    return WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, text], "examples": list(examples)}
    )


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    _number_or(r"^\s*\d.*$", 10, "500ms", "5min", "1h 30min"),
]
Interval = Annotated[
    float,
    BeforeValidator(parse_interval),
    _number_or(r"^\s*(\d.*|off)$", 300, "5min", "off"),
]
Size = Annotated[int, BeforeValidator(parse_size), _number_or(r"^\s*\d.*$", 8388608, "8MiB")]
Rate = Annotated[int, BeforeValidator(parse_rate), _number_or(r"^\s*\d.*$", 10000, "10MiB/s")]
MaxDelete = Annotated[int, BeforeValidator(parse_max_delete), _number_or("^off$", 1000, "off")]
FullPass = Annotated[
    Schedule, BeforeValidator(parse_schedule), _number_or(r"\S", "never", "10h", "0 4 * * *")
]
Options = Annotated[
    list[str],
    BeforeValidator(_options),
    WithJsonSchema(
        {
            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}],
            "examples": [["--archive", "--compress"], "-aH --compress"],
        }
    ),
]
Words = Annotated[
    list[str],
    BeforeValidator(_options),
    WithJsonSchema(
        {
            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}],
            "examples": [["/usr/local/bin/purge", "--quiet"], "/bin/sh /opt/purge.sh"],
        }
    ),
]
Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f/]+$", max_length=200)]


class Table(BaseModel):
    """A table of the file: unknown settings are mistakes, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
