"""From the tables ``[[hooks]]`` to the hooks of each source."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from sersync.config.findings import Findings
from sersync.config.positions import Path
from sersync.config.schema_hooks import HookTable
from sersync.model.expression import Expression, parse_expression
from sersync.model.hooks import (
    CallPlugin,
    HookAction,
    HookSettings,
    PostForm,
    PostJson,
    RefreshChinaCache,
    RunCommand,
    SendPath,
)

_OWN: Final = {
    "command": {"command", "after", "each", "ignore_errors"},
    "socket": {"host", "port"},
    "webhook": {"url", "headers"},
    "chinacache": {"host", "port", "user", "password", "password_file", "base", "match"},
    "form": {"host", "port", "path"},
    "plugin": {"plugin", "options"},
}
"""Which settings mean something for which type, besides those that hold for all."""
_NEEDED: Final = {
    "command": ("command",),
    "socket": ("host", "port"),
    "webhook": ("url",),
    "chinacache": ("host", "base"),
    "form": ("host",),
    "plugin": ("plugin",),
}
_ATTEMPTS: Final = {"webhook": 5, "chinacache": 3}


def resolve_hooks(
    tables: Iterable[HookTable],
    sources: Iterable[str],
    findings: Findings,
    read_file: Callable[[str], bytes] | None,
) -> dict[str, tuple[HookSettings, ...]]:
    """Return the hooks of each of *sources*; what cannot be used is left out and noted."""
    hooks: dict[str, list[HookSettings]] = {name: [] for name in sources}
    for index, table in enumerate(tables):
        path: Path = ("hooks", index)
        hook = _hook(table, path, findings, read_file)
        for number, name in enumerate(table.sources):
            if name not in hooks:
                findings.mistake((*path, "sources", number), f'no source is named "{name}"')
        for name in table.sources or list(hooks):
            if hook is None or name not in hooks:
                continue
            if any(each.name == hook.name for each in hooks[name]):
                findings.mistake(
                    (*path, "name"), f'a hook named "{hook.name}" is already there', "name them"
                )
            hooks[name].append(hook)
    return {name: tuple(own) for name, own in hooks.items()}


def expressions(texts: Iterable[str], path: Path, findings: Findings) -> tuple[Expression, ...]:
    """Return *texts*, the list at *path*, as expressions; those that cannot be read are noted."""
    found = []
    for index, text in enumerate(texts):
        try:
            found.append(parse_expression(os.fsencode(text)))
        except ValueError as error:
            findings.mistake((*path, index), str(error))
    return tuple(found)


def _hook(
    table: HookTable,
    path: Path,
    findings: Findings,
    read_file: Callable[[str], bytes] | None,
) -> HookSettings | None:
    before = len(findings.mistakes)
    for key in _NEEDED[table.type]:
        if not getattr(table, key):
            findings.mistake(path, f"a hook of type {table.type} needs `{key}`")
    own = set().union(*_OWN.values())
    for key in sorted(table.model_fields_set & own - _OWN[table.type]):
        findings.mistake((*path, key), f"means nothing for type {table.type}", "remove it")
    if table.below and not table.below.startswith("/"):
        findings.mistake((*path, "below"), f'"{table.below}" is not an absolute path')
    action = _action(table, path, findings, read_file)
    include = expressions(table.include_regex, (*path, "include_regex"), findings)
    exclude = expressions(table.exclude_regex, (*path, "exclude_regex"), findings)
    if table.timeout <= 0:
        findings.mistake((*path, "timeout"), "must be more than nothing")
    if action is None or len(findings.mistakes) > before:
        return None
    return HookSettings(
        name=table.name or table.type,
        action=action,
        below=os.fsencode(table.below).rstrip(b"/") or (b"/" if table.below else b""),
        include=include,
        exclude=exclude,
        wait_s=table.wait,
        timeout_s=table.timeout,
        attempts=table.attempts or _ATTEMPTS.get(table.type, 1),
        most_waiting=table.queue,
        most_per_batch=table.batch,
    )


def _action(
    table: HookTable,
    path: Path,
    findings: Findings,
    read_file: Callable[[str], bytes] | None,
) -> HookAction | None:
    match table.type:
        case "command":
            return RunCommand(
                before=tuple(table.command),
                after=tuple(table.after),
                per_batch=table.each == "batch",
                ignore_errors=table.ignore_errors,
            )
        case "socket":
            return SendPath(host=table.host, port=table.port or 0)
        case "webhook":
            return _webhook(table, path, findings)
        case "chinacache":
            return _chinacache(table, path, findings, read_file)
        case "form":
            if not table.path.startswith("/"):
                findings.mistake((*path, "path"), "must begin with a slash")
            return PostForm(host=table.host, port=table.port or 80, path=table.path)
        case "plugin":
            return CallPlugin(name=table.plugin, options=dict(table.options))


def _webhook(table: HookTable, path: Path, findings: Findings) -> PostJson | None:
    try:
        parts = urlsplit(table.url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if table.url and not is_usable:
        findings.mistake((*path, "url"), "must be an http:// or https:// address")
        return None
    return PostJson(url=table.url, headers=tuple(sorted(table.headers.items())))


def _chinacache(
    table: HookTable,
    path: Path,
    findings: Findings,
    read_file: Callable[[str], bytes] | None,
) -> RefreshChinaCache | None:
    password = table.password
    if table.password_file:
        if password:
            findings.mistake((*path, "password"), "there is a password_file too", "keep one")
        password = _password(table.password_file, path, findings, read_file)
    found = expressions([table.match], (*path, "match"), findings) if table.match else (None,)
    return RefreshChinaCache(
        host=table.host,
        port=table.port or 80,
        user=table.user,
        password=password,
        base=table.base,
        match=found[0] if found else None,
    )


def _password(
    file: str, path: Path, findings: Findings, read_file: Callable[[str], bytes] | None
) -> str:
    if read_file is None:
        findings.mistake((*path, "password_file"), "no files are read here")
        return ""
    try:
        content = read_file(file)
    except OSError as error:
        findings.mistake((*path, "password_file"), f"{file}: {error.strerror or error}")
        return ""
    return os.fsdecode(content.split(b"\n")[0].strip())
