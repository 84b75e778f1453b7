"""What a confxml.xml of sersync 2.5 may hold: its elements, and the attributes of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """What one element may hold; names as they are written in the file that was shipped."""

    attributes: tuple[str, ...] = ()
    children: dict[str, Rule] = field(default_factory=dict)
    repeats: frozenset[str] = frozenset()
    """Children that may stand there more than once."""


SWITCHES: Final = (
    "delete",
    "createFolder",
    "createFile",
    "closeWrite",
    "moveFrom",
    "moveTo",
    "attrib",
    "modify",
)
"""The switches of ``<inotify>``."""

PLUGINS: Final = ("command", "socket", "refreshCDN", "http")
"""The names that a plugin may have."""

_START: Final = Rule(("start",))
_EXCLUDES: Final = Rule(
    ("start",), {"exclude": Rule(("expression",))}, repeats=frozenset({"exclude"})
)
_INCLUDES: Final = Rule(
    ("start",), {"include": Rule(("expression",))}, repeats=frozenset({"include"})
)
_RSYNC: Final = Rule(
    (),
    {
        "commonParams": Rule(("params",)),
        "auth": Rule(("start", "users", "passwordfile")),
        "userDefinedPort": Rule(("start", "port")),
        "timeout": Rule(("start", "time")),
        "ssh": Rule(("start", "user", "port", "identity")),
    },
)
_SERSYNC: Final = Rule(
    (),
    {
        "localpath": Rule(
            ("watch",), {"remote": Rule(("ip", "name"))}, repeats=frozenset({"remote"})
        ),
        "rsync": _RSYNC,
        "failLog": Rule(("path", "timeToExecute")),
        "crontab": Rule(("start", "schedule"), {"crontabfilter": _EXCLUDES}),
        "plugin": Rule(("start", "name")),
    },
    repeats=frozenset({"localpath"}),
)
_PLUGIN: Final = Rule(
    ("name",),
    {
        "param": Rule(("prefix", "suffix", "ignoreError")),
        "filter": _INCLUDES,
        "localpath": Rule(
            ("watch",),
            {
                "deshost": Rule(("ip", "url", "port")),
                "cdninfo": Rule(("domainname", "port", "username", "passwd")),
                "sendurl": Rule(("base",)),
                "regexurl": Rule(("regex", "match")),
            },
        ),
    },
)

HEAD: Final = Rule(
    ("version",),
    {
        "host": Rule(("hostip", "port")),
        "debug": _START,
        "fileSystem": Rule(("xfs",)),
        "filter": _EXCLUDES,
        "inotify": Rule((), dict.fromkeys(SWITCHES, _START)),
        "sersync": _SERSYNC,
        "plugin": _PLUGIN,
    },
    repeats=frozenset({"plugin"}),
)
"""What stands in the topmost element, ``<head>``."""


def spellings(rule: Rule = HEAD, name: str = "head") -> dict[str, set[str]]:
    """Return every element's name with the attributes that it has anywhere below *rule*."""
    found = {name: set(rule.attributes)}
    for child, inner in rule.children.items():
        for element, attributes in spellings(inner, child).items():
            found.setdefault(element, set()).update(attributes)
    return found
