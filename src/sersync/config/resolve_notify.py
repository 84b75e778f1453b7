"""From the tables ``[[notify]]`` to their settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from sersync.config.findings import Findings
from sersync.config.positions import Path
from sersync.config.schema_notify import NotifyTable
from sersync.model.notification import NotifySettings, Occasion, PostNotification, RunNotifier

_OWN: Final = {"command": {"command"}, "webhook": {"url", "headers"}}


def resolve_notify(tables: Iterable[NotifyTable], findings: Findings) -> tuple[NotifySettings, ...]:
    """Return the settings that *tables* mean; what cannot be used is left out and noted."""
    found = []
    for index, table in enumerate(tables):
        settings = _settings(table, ("notify", index), findings)
        if settings is not None:
            found.append(settings)
    return tuple(found)


def _settings(table: NotifyTable, path: Path, findings: Findings) -> NotifySettings | None:
    before = len(findings.mistakes)
    strange = set().union(*_OWN.values()) - _OWN[table.type]
    for key in sorted(table.model_fields_set & strange):
        findings.mistake((*path, key), f"means nothing for type {table.type}", "remove it")
    if table.timeout <= 0:
        findings.mistake((*path, "timeout"), "must be more than nothing")
    if table.type == "command":
        action: RunNotifier | PostNotification = RunNotifier(argv=tuple(table.command))
        if not table.command:
            findings.mistake(path, "type command needs `command`")
    else:
        action = PostNotification(url=table.url, headers=tuple(table.headers.items()))
        if not table.url:
            findings.mistake(path, "type webhook needs `url`")
        elif not _is_address(table.url):
            findings.mistake((*path, "url"), f'"{table.url}" is no address of the web')
    if len(findings.mistakes) > before:
        return None
    return NotifySettings(
        name=table.name or table.type,
        action=action,
        occasions=frozenset(map(Occasion, table.on)),
        lag_s=table.lag,
        most_per_hour=table.most_per_hour,
        timeout_s=table.timeout,
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
