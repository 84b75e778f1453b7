"""The settings of ``[[notify]]``: who is told when nobody looks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sersync.config.fields import Duration, Name, Table, Words

OccasionName = Literal["halt", "lag", "recovered"]


class NotifyTable(Table):
    """A way to tell people of halts, of long lags, and when they are over."""

    name: Name = Field(default="", description="How it is called in messages; `type`, if unset.")
    type: Literal["command", "webhook"] = Field(
        description="`command` runs a program with the message on its standard input, `webhook`"
        " posts it as JSON."
    )
    command: Words = Field(
        default=[],
        description="`command`: the program and its words, such as `mail -s sersync root`; there"
        " is no shell. `SERSYNC_EVENT`, `SERSYNC_SOURCE`, `SERSYNC_TARGET` and `SERSYNC_MESSAGE`"
        " are in its environment.",
    )
    url: str = Field(default="", description="`webhook`: where the JSON document goes.")
    headers: dict[str, str] = Field(
        default={}, description="`webhook`: headers for the request, such as a token."
    )
    on: list[OccasionName] = Field(
        default=["halt", "lag", "recovered"],
        min_length=1,
        description="What is told: `halt`, something waits for a person; `lag`, a target is behind"
        " for long; `recovered`, one of these is over.",
    )
    lag: Duration = Field(
        default=600.0, description="How far behind a target must be to be worth a message."
    )
    most_per_hour: int = Field(
        default=20,
        ge=1,
        le=3600,
        description="More messages than this are not sent; the next one tells how many.",
    )
    timeout: Duration = Field(
        default=30.0,
        description="How long a program or a request may take; what fails is tried three times"
        " more.",
    )
