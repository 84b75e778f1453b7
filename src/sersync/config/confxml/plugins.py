"""Reads the ``<plugin name="…">`` elements of a confxml.xml."""

from __future__ import annotations

from collections.abc import Callable

from sersync.config.confxml.nouns import (
    CommandPlugin,
    HttpPlugin,
    Plugin,
    RefreshPlugin,
    SocketPlugin,
)
from sersync.config.confxml.tree import Element
from sersync.config.confxml.values import Values

Expressions = Callable[[Element | None, str, str], tuple[str, ...] | None]
"""Reads the expressions of a filter: its element, the name of its children, a key for places."""


def read_plugin(name: str, element: Element, values: Values, expressions: Expressions) -> Plugin:
    """Return the plugin *name* as *element* sets it up. What is not used is not complained of."""
    if name == "command":
        return _command(element, values, expressions)
    localpath = values.child(element, "localpath")
    watch = values.text(localpath, "watch")
    if name == "refreshCDN":
        return _refresh(localpath, watch, values)
    deshost = values.child(localpath, "deshost")
    if name == "socket":
        ip = values.text(deshost, "ip")
        return SocketPlugin(watch=watch, ip=ip, port=values.number(deshost, "port", 8009))
    url = values.text(deshost, "url") or values.text(deshost, "ip")
    return HttpPlugin(watch=watch, url=url, port=values.number(deshost, "port", 80))


def _command(element: Element, values: Values, expressions: Expressions) -> CommandPlugin:
    param = values.child(element, "param")
    return CommandPlugin(
        prefix=values.text(param, "prefix"),
        suffix=values.text(param, "suffix"),
        ignore_error=values.flag(param, "ignoreError", default=True),
        include=expressions(values.child(element, "filter"), "include", "command"),
    )


def _refresh(localpath: Element | None, watch: str, values: Values) -> RefreshPlugin:
    cdninfo = values.child(localpath, "cdninfo")
    regexurl = values.child(localpath, "regexurl")
    is_matched = values.flag(regexurl, "regex")
    return RefreshPlugin(
        watch=watch,
        domainname=values.text(cdninfo, "domainname"),
        port=values.number(cdninfo, "port", 80),
        username=values.text(cdninfo, "username"),
        passwd=values.text(cdninfo, "passwd"),
        base=values.text(values.child(localpath, "sendurl"), "base"),
        match=values.text(regexurl, "match") if is_matched else "",
    )
