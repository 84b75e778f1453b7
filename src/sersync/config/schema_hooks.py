"""The settings of ``[[hooks]]``: what runs after a change stands on all targets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sersync.config.fields import Duration, Name, Table, Words

HookType = Literal["command", "socket", "webhook", "chinacache", "form", "plugin"]


class HookTable(Table):
    """Something that runs for each changed path, once it stands on all targets."""

    name: Name = Field(default="", description="How it is called in messages; `type`, if unset.")
    type: HookType = Field(
        description="`command` runs a program, `socket` sends the path by TCP, `webhook` posts"
        " JSON, `chinacache` has a CDN fetch anew, `form` posts a form as sersync 2 did, `plugin`"
        " calls a Python package."
    )
    sources: list[str] = Field(
        default=[], description="Names of the sources that it belongs to; all, if unset."
    )
    below: str = Field(
        default="",
        description="Only for paths at or below this absolute directory; all of the source, if"
        " unset.",
    )
    include_regex: list[str] = Field(
        default=[],
        description="Only for paths of which one of these matches the whole absolute path.",
    )
    exclude_regex: list[str] = Field(
        default=[], description="Not for paths of which one of these does."
    )
    wait: Duration = Field(
        default=60.0,
        description="How long a target that does not have the path yet holds it back, at most.",
    )
    timeout: Duration = Field(
        default=30.0, description="How long one command, connection or request may take."
    )
    attempts: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="How often a path is tried, with growing pauses, before it counts as failed."
        " Unset: 5 for `webhook`, 3 for `chinacache`, else 1.",
    )
    queue: int = Field(
        default=100_000,
        ge=1,
        le=10_000_000,
        description="More paths than this are not kept waiting; they are counted and shown.",
    )
    batch: int = Field(
        default=1_000, ge=1, le=100_000, description="Paths that are handed over at once, at most."
    )
    command: Words = Field(
        default=[],
        description="`command`: the program and its words, as a list or as one string; there is no"
        " shell. The absolute path follows.",
    )
    after: Words = Field(default=[], description="`command`: words that follow the path.")
    each: Literal["path", "batch"] = Field(
        default="path",
        description="`command`: run once for each path, or once for a batch, with the paths on its"
        " standard input, each ended by a zero byte.",
    )
    ignore_errors: bool = Field(
        default=False, description="`command`: a program that fails is not counted as a failure."
    )
    host: str = Field(default="", description="`socket`, `chinacache`, `form`: the peer.")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="The peer's port; 80, if unset, but for `socket`."
    )
    url: str = Field(default="", description="`webhook`: where the JSON document goes.")
    headers: dict[str, str] = Field(
        default={}, description="`webhook`: headers for the request, such as a token."
    )
    path: str = Field(default="/", description="`form`: the path of the request.")
    user: str = Field(default="", description="`chinacache`: the name to log in with.")
    password: str = Field(default="", description="`chinacache`: its password.")
    password_file: str = Field(
        default="", description="`chinacache`: a file that holds the password instead."
    )
    base: str = Field(
        default="", description="`chinacache`: what each URL begins with; the path follows."
    )
    match: str = Field(
        default="",
        description="`chinacache`: a regular expression; each URL is `base`, its group 1, and what"
        " follows the match in the absolute path. Paths without a match are left alone.",
    )
    plugin: str = Field(
        default="", description="`plugin`: name of an entry point of the group `sersync.hooks`."
    )
    options: dict[str, Any] = Field(
        default={}, description="`plugin`: a table that is handed to it."
    )
