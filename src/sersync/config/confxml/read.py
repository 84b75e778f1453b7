"""From the elements of a confxml.xml to what it says, every mistake noted."""

from __future__ import annotations

import re
from typing import Final

from sersync.config.confxml.grammar import HEAD, PLUGINS, SWITCHES
from sersync.config.confxml.nouns import (
    SHIPPED_SWITCHES,
    Auth,
    Confxml,
    Crontab,
    LocalPath,
    Plugin,
    Remote,
    Spot,
    Ssh,
)
from sersync.config.confxml.plugins import read_plugin
from sersync.config.confxml.tree import Element
from sersync.config.confxml.values import Values
from sersync.errors import ConfigError

_MINUTES: Final = range(1, 1 << 31)
_SECONDS: Final = range(1, 1 << 31)
_SHIPPED_PASSWORD_FILE: Final = "/etc/rsync.pas"  # noqa: S105 - a path
_SHIPPED_FAIL_LOG: Final = "/tmp/rsync_fail_log.sh"  # noqa: S108


def read(top: Element, values: Values, file: str) -> Confxml:
    """Return what *top* says; what is wrong with it goes to *values*.

    Raises ``ConfigError`` if it is the file of some other program.
    """
    if top.name != "head":
        values.mistake(
            values.spot(top), "this is no confxml.xml", "its topmost element is called <head>"
        )
        raise ConfigError(file, values.mistakes)
    values.check(top, HEAD)
    return _Reader(top, values).read()


class _Reader:
    """Reads one file. For one call, on one thread."""

    def __init__(self, top: Element, values: Values) -> None:
        self._top = top
        self._values = values
        self._spots: dict[str, Spot] = {}

    def read(self) -> Confxml:
        values, top = self._values, self._top
        sersync = values.child(top, "sersync")
        rsync = values.child(sersync, "rsync")
        host = values.child(top, "host")
        debug, file_system = values.child(top, "debug"), values.child(top, "fileSystem")
        fail_log = values.child(sersync, "failLog")
        self._at("host", host, "hostip")
        self._at("debug", debug, "start")
        self._at("xfs", file_system, "xfs")
        self._at("params", params := values.child(rsync, "commonParams"), "params")
        self._at("fail_log", fail_log, "path")
        crontab, crontab_excludes = self._crontab(values.child(sersync, "crontab"))
        plugins = self._plugins()
        return Confxml(
            localpaths=self._localpaths(sersync),
            spots=self._spots,
            is_debug=values.flag(debug),
            is_xfs=values.flag(file_system, "xfs"),
            host=values.text(host, "hostip", "localhost"),
            host_port=values.number(host, "port", 8008, is_used=False),
            excludes=self._expressions(values.child(top, "filter"), "exclude", "filter") or (),
            switches=self._switches(values.child(top, "inotify")),
            params=values.text(params, "params", "-artuz"),
            auth=self._auth(rsync),
            port=self._port(rsync),
            timeout_s=self._timeout(rsync),
            ssh=self._ssh(rsync),
            fail_log=values.text(fail_log, "path", _SHIPPED_FAIL_LOG),
            fail_log_minutes=values.number(fail_log, "timeToExecute", 60, allowed=_MINUTES),
            crontab=crontab,
            crontab_excludes=crontab_excludes,
            plugin=self._enabled_plugin(sersync, {*plugins}),
            plugins=plugins,
        )

    def _at(self, key: str, element: Element | None, attribute: str = "") -> None:
        """Remember under *key* where a value stands."""
        if element is not None:
            self._spots[key] = self._values.spot(element, attribute)

    # What is watched, and where it goes.

    def _localpaths(self, sersync: Element | None) -> tuple[LocalPath, ...]:
        values = self._values
        elements = sersync.named("localpath") if sersync is not None else []
        if not elements:
            where = values.spot(sersync if sersync is not None else self._top)
            values.mistake(
                where,
                "nothing to watch: there is no <localpath>",
                '<localpath watch="/data"><remote ip="192.168.0.10" name="backup"/></localpath>',
            )
        return tuple(found for each in elements if (found := self._localpath(each)) is not None)

    def _localpath(self, element: Element) -> LocalPath | None:
        values = self._values
        spot = values.spot(element, "watch")
        watch = values.text(element, "watch")
        remotes = tuple(filter(None, map(self._remote, element.named("remote"))))
        if not watch:
            values.mistake(spot, "no directory is named", 'watch="/data"')
            return None
        if not element.named("remote"):
            values.mistake(
                spot, f"{watch} goes nowhere", '<remote ip="192.168.0.10" name="backup"/>'
            )
        return LocalPath(watch=watch, remotes=remotes, spot=spot)

    def _remote(self, element: Element) -> Remote | None:
        values = self._values
        ip, name = values.text(element, "ip").strip(), values.text(element, "name")
        for attribute, value, example in (("ip", ip, "192.168.0.10"), ("name", name, "backup")):
            if not value:
                values.mistake(
                    values.spot(element, attribute),
                    f"the {'host' if attribute == 'ip' else 'module'} is missing",
                    f'{attribute}="{example}"',
                )
        if not ip or not name:
            return None
        return Remote(ip=ip, name=name, spot=values.spot(element, "ip"))

    def _expressions(self, element: Element | None, child: str, key: str) -> tuple[str, ...] | None:
        """Return the expressions of a filter; None when it is off. Empty ones are left out."""
        values = self._values
        if not values.flag(element) or element is None:
            return None
        found: list[str] = []
        for each in element.named(child):
            expression = values.text(each, "expression")
            if not expression:
                values.warning(values.spot(each, "expression"), "empty, so it matches nothing")
                continue
            self._at(f"{key}.{len(found)}", each, "expression")
            found.append(expression)
        return tuple(found)

    def _switches(self, element: Element | None) -> frozenset[str]:
        values = self._values
        on = set()
        for name in SWITCHES:
            switch = values.child(element, name)
            self._at(f"inotify.{name}", switch, "start")
            if values.flag(switch, default=name in SHIPPED_SWITCHES):
                on.add(name)
        return frozenset(on)

    # How it gets there.

    def _auth(self, rsync: Element | None) -> Auth | None:
        values = self._values
        element = values.child(rsync, "auth")
        self._at("users", element, "users")
        self._at("passwordfile", element, "passwordfile")
        if not values.flag(element):
            return None
        return Auth(
            users=values.text(element, "users", "root"),
            passwordfile=values.text(element, "passwordfile", _SHIPPED_PASSWORD_FILE),
        )

    def _port(self, rsync: Element | None) -> int | None:
        values = self._values
        element = values.child(rsync, "userDefinedPort")
        self._at("port", element, "port")
        is_on = values.flag(element)
        port = values.number(element, "port", 874, is_used=is_on)
        return port if is_on else None

    def _timeout(self, rsync: Element | None) -> int | None:
        values = self._values
        element = values.child(rsync, "timeout")
        self._at("timeout", element, "time")
        is_on = values.flag(element)
        seconds = values.number(element, "time", 100, allowed=_SECONDS, is_used=is_on)
        return seconds if is_on else None

    def _ssh(self, rsync: Element | None) -> Ssh | None:
        values = self._values
        element = values.child(rsync, "ssh")
        self._at("ssh", element)
        self._at("ssh.port", element, "port")
        self._at("ssh.identity", element, "identity")
        if not values.flag(element):
            return None
        port = values.number(element, "port", 0)
        return Ssh(
            user=values.text(element, "user"),
            port=port or None,
            identity=values.text(element, "identity"),
        )

    def _crontab(self, element: Element | None) -> tuple[Crontab | None, tuple[str, ...]]:
        values = self._values
        self._at("crontab", element, "schedule")
        is_on = values.flag(element)
        text = values.text(element, "schedule").strip()
        if element is not None and re.fullmatch(r"\S+( +\S+){4}", text) and is_on:
            values.mistake(
                values.spot(element, "schedule"),
                f'"{text}" looks like a line of crontab(5), but a number of minutes belongs here',
                "sersync.toml has full_pass for such schedules: sersync convert",
            )
            return None, ()
        minutes = values.number(element, "schedule", 600, allowed=_MINUTES, is_used=is_on)
        excludes = self._expressions(values.child(element, "crontabfilter"), "exclude", "crontab")
        return (Crontab(minutes=minutes), excludes or ()) if is_on else (None, ())

    # Plugins.

    def _plugins(self) -> dict[str, Plugin]:
        values = self._values
        found: dict[str, Plugin] = {}
        for element in self._top.named("plugin"):
            written = values.text(element, "name")
            name = next((each for each in PLUGINS if each.lower() == written.lower()), "")
            if not name:
                values.warning(
                    values.spot(element, "name"),
                    f'"{written}" is no plugin, left out',
                    f"plugins are {', '.join(PLUGINS)}",
                )
            elif name in found:
                values.warning(values.spot(element), "this is here already; the first one holds")
            else:
                self._at(f"plugin.{name}", element, "name")
                found[name] = read_plugin(name, element, values, self._expressions)
        return found

    def _enabled_plugin(self, sersync: Element | None, known: set[str]) -> str:
        values = self._values
        elements = sersync.named("plugin") if sersync is not None else []
        for element in elements:
            written = values.text(element, "name", "command")
            self._at("plugin", element, "name")
            if not values.flag(element):
                continue
            name = next((each for each in PLUGINS if each.lower() == written.lower()), "")
            if name in known:
                return name
            values.mistake(
                values.spot(element, "name"),
                f'the plugin "{written}" is switched on, but it is not set up',
                f'<plugin name="{name or PLUGINS[0]}"> belongs in <head>, after </sersync>',
            )
        return ""
