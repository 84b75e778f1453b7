"""Every parameter of rsyncd.conf(5), as of rsync 3.5.0: its name, type, scope and default. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sersync.rsyncd.syntax import squeezed


class Kind(Enum):
    """How the daemon reads a value."""

    TEXT = "text"
    PATH = "path"
    """As TEXT, without slashes at its end."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    TRISTATE = "boolean or unset"
    FACILITY = "syslog facility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. *is_global*: it means the whole daemon, and is ignored in a module."""

    name: str
    kind: Kind
    default: str = ""
    is_global: bool = False


def spelled(name: str) -> str:
    """Return *name* as the daemon compares names: without case and white space."""
    return squeezed(name).replace(" ", "").upper()


_GLOBAL: Final = {
    Kind.TEXT: {
        "address": "", "daemon chroot": "", "daemon gid": "", "daemon uid": "", "motd file": "",
        "pid file": "", "proxy protocol hosts": "", "socket options": "",
    },
    Kind.NUMBER: {"listen backlog": "5", "port": "0"},
    Kind.BOOLEAN: {"proxy protocol": "no"},
}  # fmt: skip
_LOCAL: Final = {
    Kind.TEXT: {
        "auth digest": "", "auth users": "", "charset": "", "comment": "", "dont compress": "",
        "early exec": "", "exclude": "", "exclude from": "", "filter": "", "gid": "",
        "hosts allow": "", "hosts deny": "", "include": "", "include from": "",
        "incoming chmod": "", "lock file": "/var/run/rsyncd.lock", "log file": "",
        "log format": "%o %h [%a] %m (%u) %f %l", "name": "", "name converter": "",
        "outgoing chmod": "", "post-xfer exec": "", "pre-xfer exec": "", "refuse options": "",
        "secrets file": "", "syslog tag": "rsyncd", "uid": "",
    },
    Kind.PATH: {"path": "", "temp dir": ""},
    Kind.NUMBER: {"max connections": "0", "max verbosity": "1", "timeout": "0"},
    Kind.FACILITY: {"syslog facility": "daemon"},
    Kind.BOOLEAN: {
        "fake super": "no", "forward lookup": "yes", "ignore errors": "no",
        "ignore nonreadable": "no", "insecure links": "no", "list": "yes", "read only": "yes",
        "reverse lookup": "yes", "strict modes": "yes", "transfer logging": "no",
        "write only": "no", "use pam": "no",
    },
    Kind.TRISTATE: {
        "munge symlinks": "unset", "numeric ids": "unset", "open noatime": "unset",
        "use chroot": "unset",
    },
}  # fmt: skip

PARAMETERS: Final = {
    spelled(name): Parameter(name=name, kind=kind, default=default, is_global=is_global)
    for is_global, kinds in ((True, _GLOBAL), (False, _LOCAL))
    for kind, names in kinds.items()
    for name, default in names.items()
}
"""By their spelling; ``bind address`` and ``rsync port`` are other names of two of them."""
PARAMETERS[spelled("bind address")] = PARAMETERS[spelled("address")]
PARAMETERS[spelled("rsync port")] = PARAMETERS[spelled("port")]

_FOREIGN: Final = {
    "DISABLE": "a setting of xinetd; it belongs into /etc/xinetd.d/rsync",
    "SOCKET_TYPE": "a setting of xinetd",
    "SERVER": "a setting of xinetd",
    "SERVER_ARGS": "a setting of xinetd",
    "PASSWORDFILE": "an option of clients; a daemon has 'secrets file'",
    "USER": "no parameter of rsyncd.conf; the users of a module are its 'auth users'",
    "WRITEABLE": "no parameter of rsyncd.conf; write 'read only = no'",
    "WRITABLE": "no parameter of rsyncd.conf; write 'read only = no'",
}

FACILITIES: Final = frozenset(
    (
        *("auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "security"),
        *("syslog", "user", "uucp", *(f"local{number}" for number in range(8))),
    )
)


def nearest(name: str) -> str:
    """Return the parameter that *name* was probably meant to be, or ""."""
    known = {parameter.name for parameter in PARAMETERS.values()}
    matches = difflib.get_close_matches(" ".join(name.lower().split()), known, n=1, cutoff=0.75)
    return matches[0] if matches else ""


def foreign(name: str) -> str:
    """Return what *name* is where it is no parameter of rsyncd.conf at all, or ""."""
    return _FOREIGN.get(spelled(name), "")


def boolean(value: str, *, may_be_unset: bool = False) -> str:
    """Return "yes", "no" or "unset" as the daemon reads *value*; "" when it ignores the line."""
    word = spelled(value)
    if word in ("YES", "TRUE", "1"):
        return "yes"
    if word in ("NO", "FALSE", "0"):
        return "no"
    return "unset" if may_be_unset and word in ("UNSET", "-1") else ""


def number(value: str) -> int:
    """Return the number that *value* begins with, as atoi(3) does; 0 when there is none."""
    digits = value.strip()
    sign, digits = (digits[:1], digits[1:]) if digits[:1] in ("-", "+") else ("", digits)
    count = len(digits) - len(digits.lstrip("0123456789"))
    return int(f"{sign}{digits[:count]}") if count else 0
