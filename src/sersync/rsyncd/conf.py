"""What an rsync daemon serves, as frozen nouns, and their text as an rsyncd.conf.

Pure. The parameters are those of rsyncd.conf(5); only what we set is written, so that the
daemon's own defaults hold everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sersync.errors import UsageError
from sersync.model.path import display

_VARIABLE: Final = re.compile(rb"%[A-Za-z0-9_]+%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One directory that the daemon serves under a name.

    *path* is absolute. *users* may be empty: then everybody is let in, without a password.
    *uid* and *gid* are what a root daemon becomes for this module; "" leaves it to rsync.
    """

    name: str
    path: bytes
    comment: str = ""
    read_only: bool = False
    chroot: bool = True
    """Taken only by a daemon that runs as root; nobody else can.

    Without it the daemon rewrites symlinks that are absolute, hold a ``..`` that can be folded
    or point out of the module; plain ones that stay inside are kept as they are.
    """
    uid: str = ""
    gid: str = ""
    users: tuple[str, ...] = ()
    """rsync's ``auth users``, with its ``:ro``, ``:rw`` and ``:deny`` where wanted."""
    secrets_file: bytes = b""
    hosts_allow: tuple[str, ...] = ()
    max_connections: int = 0
    """0 is no limit."""
    timeout_s: int = 0
    """Seconds of silence after which a connection is dropped; 0 is never."""
    exclude: tuple[str, ...] = ()
    """Patterns of names that belong to the target: never written, deleted or shown."""
    refused_options: tuple[str, ...] = ()
    is_listed: bool = True
    """Shown to everybody who asks for the modules."""
    fake_super: bool = False
    """Owners and devices are kept in extended attributes, for a daemon that is not root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonConfig:
    """One rsync daemon: its modules and where it keeps its own files."""

    modules: tuple[Module, ...]
    log_file: bytes = b""
    pid_file: bytes = b""
    lock_file: bytes = b""
    """Where connections are counted; rsync's default is in a directory that only root may use."""
    port: int = 0
    """0 leaves it to rsync: 873."""
    socket_options: str = ""
    """Such as ``TCP_NODELAY``; "" leaves the system's own."""


def render(config: DaemonConfig, *, as_root: bool) -> bytes:
    """Return *config* as the text of an rsyncd.conf, for a daemon that runs as root or not.

    Raises ``UsageError`` for a value that rsyncd.conf(5) has no way to write.
    """
    lines = [
        # A name look-up of every client delays each connection by as much as the resolver needs.
        b"reverse lookup = no",
        *_lines(
            ("port", str(config.port or "")),
            ("log file", config.log_file),
            ("pid file", config.pid_file),
            ("lock file", config.lock_file),
            ("socket options", config.socket_options),
        ),
    ]
    for module in config.modules:
        lines += [b"", render_module(module, as_root=as_root).rstrip(b"\n")]
    return b"\n".join(lines) + b"\n"


def render_module(module: Module, *, as_root: bool) -> bytes:
    """Return *module* as its section of an rsyncd.conf. Raises as ``render``."""
    lines = [b"[%s]" % _name(module.name), *_module_lines(module, as_root=as_root)]
    return b"\n".join(lines) + b"\n"


def _module_lines(module: Module, *, as_root: bool) -> Iterator[bytes]:
    yield b"path = " + _path(module.path)
    yield from _lines(
        ("comment", module.comment),
        ("use chroot", _yes_no(as_root and module.chroot)),
        # Without a chroot rsync's default is to write every symlink as /rsyncd-munged/…; told not
        # to, it still normalizes them and keeps them inside the module.
        ("munge symlinks", "no"),
        ("read only", _yes_no(module.read_only)),
        ("list", "" if module.is_listed else "no"),
        ("fake super", "yes" if module.fake_super and not as_root else ""),
        ("uid", module.uid if as_root else ""),
        ("gid", module.gid if as_root else ""),
        ("auth users", " ".join(module.users)),
        ("secrets file", module.secrets_file),
        ("hosts allow", " ".join(module.hosts_allow)),
        ("max connections", str(module.max_connections or "")),
        ("timeout", str(module.timeout_s or "")),
        ("exclude", " ".join(_word("exclude", pattern) for pattern in module.exclude)),
        ("refuse options", " ".join(module.refused_options)),
    )


def _lines(*parameters: tuple[str, str | bytes]) -> Iterator[bytes]:
    for key, value in parameters:
        if value:
            raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
            yield key.encode() + b" = " + _value(key, raw)


def _value(key: str, value: bytes) -> bytes:
    if b"\n" in value or b"\0" in value or value != value.strip() or value.endswith(b"\\"):
        raise UsageError(
            f"rsyncd.conf cannot hold this value of '{key}': {display(value)!r}",
            hint="Leave out line breaks, spaces at either end, and a backslash at the end.",
        )
    return value


def _path(path: bytes) -> bytes:
    """Return *path* in a form that survives rsync's trimming and its line continuation."""
    if not path.startswith(b"/") or _VARIABLE.search(path):
        raise UsageError(
            f"an rsync daemon cannot serve {display(path)}",
            hint="Give an absolute path without a %NAME% in it, which rsync would replace.",
        )
    path = path.rstrip(b"/") or b"/"
    ends_in_trouble = path[-1:].isspace() or path.endswith(b"\\")
    return _value("path", path + b"/." if ends_in_trouble else path)


def _name(name: str) -> bytes:
    if not name or name != name.strip() or any(c in "]/\n\0" for c in name) or name == "global":
        raise UsageError(
            f"{name!r} cannot be the name of an rsync module",
            hint="Use letters, digits, '-' and '_'.",
        )
    return name.encode("utf-8", "surrogateescape")


def _word(key: str, word: str) -> str:
    if not word or len(word.split()) != 1:
        raise UsageError(
            f"'{key}' in rsyncd.conf is a list of words; {word!r} is not one",
            hint="Write '?' for each space.",
        )
    return word


def _yes_no(claim: bool) -> str:
    return "yes" if claim else "no"
