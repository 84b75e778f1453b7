"""From a plugin of a confxml.xml to a table of ``[[hooks]]``. Pure."""

from __future__ import annotations

import shlex
from typing import Any

from sersync.config.confxml.nouns import (
    CommandPlugin,
    Confxml,
    HttpPlugin,
    Plugin,
    RefreshPlugin,
    SocketPlugin,
)
from sersync.config.confxml.values import Values


def hook_table(confxml: Confxml, values: Values) -> dict[str, Any]:
    """Return the plugin that *confxml* switches on as a table of ``[[hooks]]``.

    What is wrong with it, or odd, goes to *values*.
    """
    plugin = confxml.plugins[confxml.plugin]
    table: dict[str, Any] = {"name": confxml.plugin}
    match plugin:
        case CommandPlugin():
            table |= _command(plugin, confxml, values)
        case SocketPlugin():
            table |= {"type": "socket", "host": plugin.ip, "port": plugin.port}
        case RefreshPlugin():
            table |= _refresh(plugin)
        case HttpPlugin():
            host, _, path = plugin.url.removeprefix("http://").partition("/")
            table |= {"type": "form", "host": host, "port": plugin.port, "path": f"/{path}"}
    if watch := watched_by(plugin):
        table["below"] = watch
        _compare(watch, confxml, values)
    return table


def watched_by(plugin: Plugin) -> str:
    """Return the plugin's own directory; empty if it has none."""
    watch = "" if isinstance(plugin, CommandPlugin) else plugin.watch
    return watch if watch == "/" else watch.rstrip("/")


def _command(plugin: CommandPlugin, confxml: Confxml, values: Values) -> dict[str, Any]:
    spot = confxml.spots["plugin.command"]
    table: dict[str, Any] = {"type": "command"}
    for key, text in (("command", plugin.prefix), ("after", plugin.suffix)):
        try:
            table[key] = shlex.split(text)
        except ValueError as error:
            values.mistake(spot, f"{text} cannot be split into words: {error}")
            table[key] = ["true"]
    if not table["command"]:
        values.mistake(
            spot, "there is no prefix, so each changed file would be run", 'prefix="/bin/sh"'
        )
    if not table["after"]:
        del table["after"]
    if plugin.ignore_error:
        table["ignore_errors"] = True
    if plugin.include is not None:
        table["include_regex"] = list(plugin.include)
    return table


def _refresh(plugin: RefreshPlugin) -> dict[str, Any]:
    table = {
        "type": "chinacache",
        "host": plugin.domainname,
        "port": plugin.port,
        "user": plugin.username,
        "password": plugin.passwd,
        "base": plugin.base,
    }
    return table | ({"match": plugin.match} if plugin.match else {})


def _compare(watch: str, confxml: Confxml, values: Values) -> None:
    """Warn of a directory of the plugin's own that has nothing to do with what is watched."""
    for path in confxml.localpaths:
        one, other = f"{path.watch.rstrip('/')}/", f"{watch.rstrip('/')}/"
        if one.startswith(other) or other.startswith(one):
            return
    values.warning(
        confxml.spots[f"plugin.{confxml.plugin}"],
        f"nothing below {watch} is watched, so the plugin never runs",
        "let its watch be that of a <localpath>",
    )
