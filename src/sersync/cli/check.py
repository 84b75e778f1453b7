"""``sersync check``: everything that is wrong with a configuration, before it is used."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Annotated

import typer
from typer import Option

from sersync.cli.options import Config
from sersync.errors import ConfigError, UsageError


class CheckCode(IntEnum):
    """Exit codes as monitoring plugins have them."""

    FINE = 0
    WARNINGS = 1
    MISTAKES = 2


def check(
    config: Config = "",
    schema: Annotated[
        bool, Option("--schema", help="Print the JSON Schema of sersync.toml, for editors.")
    ] = False,
    strict: Annotated[bool, Option("--strict", help="Take every warning for a mistake.")] = False,
) -> int:
    """Say what FILE will do, or every mistake in it. Exit: 0 fine, 1 warnings, 2 mistakes."""
    if schema:
        from sersync.config.reference import json_schema

        print(json.dumps(json_schema(), indent=2))
        return CheckCode.FINE
    if not config:
        raise UsageError("there is nothing to check", hint="sersync check -c sersync.toml")
    return _check(config, strict=strict)


def _check(config: str, *, strict: bool) -> int:
    from sersync.cli.messages import complain, note, warn
    from sersync.config.file import load
    from sersync.config.summary import summary

    try:
        loaded = load(config)
    except ConfigError as error:
        complain(error)
        return CheckCode.MISTAKES
    if strict and loaded.warnings:
        complain(ConfigError(config, loaded.warnings))
        return CheckCode.MISTAKES
    for line in summary(loaded.settings):
        print(line)
    warn(loaded.warnings)
    note(loaded.notes)
    if loaded.warnings:
        return CheckCode.WARNINGS
    typer.echo("No mistakes found.")
    return CheckCode.FINE
