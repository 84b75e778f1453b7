"""The schema as documents: JSON Schema for editors, a table of all settings for people. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from sersync.config.schema import (
    ApiTable,
    Document,
    SourceTable,
    SshSettings,
    TargetSettings,
    TargetTable,
)
from sersync.config.schema_hooks import HookTable
from sersync.config.schema_notify import NotifyTable
from sersync.config.values import Schedule

_TABLES: Final[tuple[tuple[str, str, type[BaseModel]], ...]] = (
    ("Top of the file", "", Document),
    ("`[[source]]`", "One tree that is watched.", SourceTable),
    (
        "`[[source.target]]`",
        (
            "One copy of the source above it. All but `name` and `to` may stand in"
            " `[source.defaults]` or `[defaults]` as well; the nearest one holds."
        ),
        TargetTable,
    ),
    (
        "`[[hooks]]`",
        "Something that runs for each changed path, once it stands on all targets.",
        HookTable,
    ),
    ("`[[notify]]`", "A way to tell people who are not looking.", NotifyTable),
    ("`[api]`", "Who may ask how it stands, besides the owner of the control socket.", ApiTable),
    ("`ssh`", "For targets of the form `[user@]host:/path`.", SshSettings),
)
_KINDS: Final = {
    "rsync_options": "list of strings, or one string",
    "max_delete": 'number or `"off"`',
    "bandwidth": "rate",
    "settle_idle": "duration",
    "settle_busy": "duration",
    "timeout": "duration",
    "connect_timeout": "duration",
    "max_delay": "duration",
    "poll_every": "duration",
    "root_symlink": '`"halt"`, `"follow"`',
    "grace": "duration",
    "retry_failed": "duration",
    "checkpoint_every": "duration",
    "full_pass": "schedule",
    "witness": 'duration or `"off"`',
    "audit": 'duration or `"off"`',
    "large_file": "size",
    "triggers": 'list of `"delete"`, `"create-directory"`, `"create-file"`, `"close"`,'
    ' `"move-from"`, `"move-to"`, `"attributes"`, `"modify"`',
    "trash": "duration",
    "wait": "duration",
    "on": 'list of `"halt"`, `"lag"`, `"recovered"`',
    "lag": "duration",
    "command": "list of strings, or one string",
    "after": "list of strings, or one string",
    "type": "one of those",
    "each": '`"path"`, `"batch"`',
    "headers": "table of strings",
    "options": "table",
    "log_format": '`"text"`, `"json"`',
    "log_level": '`"error"`, `"warning"`, `"info"`, `"debug"`',
}
_DEFAULTS: Final = {
    "large_file": '`"8MiB"`',
    "full_pass": '`"never"`',
    "witness": '`"5min"`',
    "audit": '`"7d"`',
    "settle_busy": '`"10ms"`',
    "rsync_options": '`["--archive"]`',
    "triggers": "all of them",
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``sersync.toml``."""
    schema = Document.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "sersync.toml",
    }


def settings_tables() -> str:
    """Return all settings as Markdown tables, in the order of the schema."""
    return "\n".join(
        line for title, prose, table in _TABLES for line in _lines(title, prose, table)
    )


def _lines(title: str, prose: str, table: type[BaseModel]) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    if prose:
        yield prose
        yield ""
    yield "| setting | value | default | what it does |"
    yield "|---|---|---|---|"
    for name, field in _own_fields(table):
        kind = _KINDS.get(name) or _kind(field.annotation)
        default = "**required**" if field.is_required() else _default(name, field)
        yield f"| `{name}` | {kind} | {default} | {field.description} |"
    yield ""


def _own_fields(table: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of *table*, those that its name promises first."""
    first = ("name", "to", "root", "max_delay")
    fields = table.model_fields
    for name in sorted(fields, key=lambda name: name not in first):
        if name not in ("source", "target", "hooks", "notify"):
            yield name, fields[name]


def _kind(annotation: Any) -> str:
    if annotation in (TargetSettings, SshSettings, ApiTable):
        return "table"
    return {
        "str": "string",
        "bool": "`true` or `false`",
        "int": "number",
        "int | None": "number",
        "list[str]": "list of strings",
    }.get(
        getattr(annotation, "__name__", "") if isinstance(annotation, type) else str(annotation),
        "list of strings",
    )


def _default(name: str, field: Any) -> str:
    if name in _DEFAULTS:
        return _DEFAULTS[name]
    value = field.default
    if value in ("", None) or isinstance(value, BaseModel | Schedule):
        return ""
    if isinstance(value, float):
        return f'`"{value:g}s"`' if value else "`0`"
    return f"`{json.dumps(value)}`"
