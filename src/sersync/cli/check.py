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
) -> int:
    """Say what FILE will do, or every mistake in it. Exit: 0 fine, 1 warnings, 2 mistakes."""
    if schema:
        from sersync.config.reference import json_schema

        print(json.dumps(json_schema(), indent=2))
        return CheckCode.FINE
    if not config:
        raise UsageError("there is nothing to check", hint="sersync check -c sersync.toml")
    return _check(config)


def _check(config: str) -> int:
    from sersync.cli.messages import complain, warn
    from sersync.config.summary import summary
    from sersync.config.toml import load

    try:
        loaded = load(config)
    except ConfigError as error:
        complain(error)
        return CheckCode.MISTAKES
    for line in summary(loaded.settings):
        print(line)
    warn(loaded.warnings)
    if loaded.warnings:
        return CheckCode.WARNINGS
    typer.echo("No mistakes found.")
    return CheckCode.FINE
