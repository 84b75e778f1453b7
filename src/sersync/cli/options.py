"""Options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from typer import Option

Once = Annotated[
    bool, Option("--once", help="Make one full pass to every target, then exit (for cron).")
]
Quiet = Annotated[bool, Option("--quiet", "-q", help="Say only what went wrong.")]
Json = Annotated[bool, Option("--json", help="Print one line of JSON for every batch.")]


class Form(StrEnum):
    """What a line of the log is."""

    TEXT = "text"
    JSON = "json"


LogFormat = Annotated[
    Form | None,
    Option("--log-format", help="Write the log for people, or as one JSON object a line."),
]
Config = Annotated[
    str, Option("--config", "-c", metavar="FILE", help="The sersync.toml, or a confxml.xml.")
]
