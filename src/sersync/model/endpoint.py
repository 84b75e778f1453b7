"""How people spell a target: the forms that rsync(1) accepts for a destination."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import replace
from typing import Final

from sersync.model.address import without_password
from sersync.model.path import display
from sersync.model.target import (
    RSYNC_PORT,
    RSYNCS_PORT,
    Endpoint,
    LocalDirectory,
    RemoteShell,
    RsyncModule,
)

FORMS: Final = (
    "[user@]host::module[/path], rsync://[user@]host[:port]/module[/path],"
    " rsyncs://… for TLS, [user@]host:/path or /local/path"
)
"""The forms of a target, for messages."""

_SCHEMES: Final = {"rsync://": RSYNC_PORT, "rsyncs://": RSYNCS_PORT}
_OTHER_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_REMOTE: Final = re.compile(
    r"(?:(?P<user>[^/]*)@)?(?P<host>\[[^\]/]*\]|[^:/\[\]]*)(?P<colons>::?)(?P<rest>.*)"
)
_URL: Final = re.compile(
    r"(?:(?P<user>[^/]*)@)?(?P<host>\[[^\]/]*\]|[^:/\[\]]*)(?::(?P<port>[^/]*))?(?:/(?P<rest>.*))?"
)
_PORTS: Final = range(1, 65536)
_COLON_IN_USER: Final = (
    "there is a colon in the user name; a password does not belong here, put it into a password"
    " file"
)


def parse_endpoint(text: str) -> Endpoint:
    """Return the endpoint that *text* spells; ``str()`` of it spells the same endpoint.

    Bytes of a local path that are not UTF-8 are surrogate escapes, as in ``os.fsdecode``. Raises
    ``ValueError``, with a sentence that says what was probably meant, and no password.
    """
    hidden = without_password(text)
    try:
        return _parsed(text)
    except ValueError:
        if hidden == text:
            raise
    # What is said about the rest quotes parts of it, so that must be said without the password.
    _parsed(hidden)
    raise ValueError(f"{display(os.fsencode(hidden))}: {_COLON_IN_USER}")


def _parsed(text: str) -> Endpoint:
    shown = display(os.fsencode(text))
    if not text:
        raise ValueError(f"the target is empty; a target is {FORMS}")
    if "\0" in text:
        raise ValueError(f"{shown}: a target cannot hold a zero byte")
    if text.startswith("/"):
        return LocalDirectory(path=os.fsencode(text.rstrip("/") or "/"))
    if _CONTROL.search(text):
        raise ValueError(f"{shown}: there is a control character in the target")
    if text != text.strip(" "):
        raise ValueError(f"`{shown}`: there is a space around the target; write `{shown.strip()}`")
    if match := _OTHER_SCHEME.match(text):
        if (usual_port := _SCHEMES.get(match[0].lower())) is not None:
            return _from_url(text[match.end() :], shown, usual_port)
        raise ValueError(f"{shown}: `{match[0]}` is not a way to reach rsync; a target is {FORMS}")
    _check_brackets(text, shown)
    if match := _REMOTE.fullmatch(text):
        return _from_parts(match, shown)
    raise ValueError(_why_not(text, shown))


def _from_url(text: str, shown: str, port: int) -> RsyncModule:
    tls = port == RSYNCS_PORT
    match = _URL.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown}: write rsync://[user@]host[:port]/module[/path]")
    if (written := match["port"]) is not None:
        if not re.fullmatch(r"[0-9]{1,5}", written) or int(written) not in _PORTS:
            raise ValueError(f"{shown}: `{written}` is not a port; ports are 1 to 65535")
        port = int(written)
    user, host = _user(match["user"], shown), _host(match["host"], shown)
    return replace(_module(user, host, match["rest"] or "", shown), port=port, tls=tls)


def _from_parts(match: re.Match[str], shown: str) -> Endpoint:
    user, host = _user(match["user"], shown), _host(match["host"], shown)
    if match["colons"] == "::":
        return _module(user, host, match["rest"], shown)
    path = match["rest"]
    if not path:
        raise ValueError(
            f"{shown}: nothing follows the colon; write {shown}/path for a directory"
            f" reached by ssh, or {shown}:module for a module of an rsync daemon"
        )
    if port := re.match(r"(\d+)::(.+)", path):
        raise ValueError(f"{shown}: with a port, write rsync://{host}:{port[1]}/{port[2]}")
    if path == "~" or path.startswith("~/"):
        path = path[2:].lstrip("/") or "."  # a relative path starts in the home directory
    if path.startswith("~"):
        raise ValueError(f"{shown}: another user's home is not looked up; write its path in full")
    if path.startswith("-"):
        raise ValueError(f"{shown}: the path would be taken for an option; write `./` before it")
    return RemoteShell(host=host, path=path, user=user)


def _module(user: str, host: str, rest: str, shown: str) -> RsyncModule:
    module, _, path = rest.partition("/")
    if not module:
        raise ValueError(
            f"{shown}: the name of the daemon's module is missing; write {host}::module,"
            f" or {host}:/path for a directory reached by ssh"
        )
    if ".." in path.split("/"):
        raise ValueError(f"{shown}: `..` in a path on a daemon does not lead out of its module")
    path = _tidied(path)
    if module != module.strip(" ") or path.endswith(" "):
        raise ValueError(f"{shown}: there is a space around the module's name, or after the path")
    return RsyncModule(host=host, module=module, path=path, user=user)


def _tidied(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _user(user: str | None, shown: str) -> str:
    if user is None:
        return ""
    if not user:
        raise ValueError(f"{shown}: no user stands before the `@`; leave out the `@`, or name one")
    if re.search(r"[\s\[\]]", user) or user.startswith("-"):
        raise ValueError(f"{shown}: `{user}` is not a user name")
    if ":" in user:
        raise ValueError(f"{shown}: {_COLON_IN_USER}")
    return user


def _host(host: str, shown: str) -> str:
    if host.startswith("["):
        host = host[1:-1]
        if not re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?", host):
            raise ValueError(f"{shown}: brackets are for IPv6 addresses, as in [::1]")
        return host
    if not host:
        raise ValueError(f"{shown}: there is no host; a target is {FORMS}")
    if re.search(r"[\s@]", host) or host.startswith("-"):
        raise ValueError(f"{shown}: `{host}` is not a host name")
    return host


def _why_not(text: str, shown: str) -> str:
    """Say what is wrong with something that is neither remote nor an absolute path."""
    if text == "~" or text.startswith("~/"):
        return f"{shown}: `~` is not replaced here; write the path in full, from the `/` on"
    if "@" in text:
        return (
            f"{shown}: nothing follows the host; write {shown}::module for a module of an rsync"
            f" daemon, or {shown}:/path for a directory reached by ssh"
        )
    if text.startswith("["):
        return f"{shown}: write [address]::module or [address]:/path"
    host = re.match(r"[A-Za-z0-9][\w.-]*", shown)
    return (
        f"{shown}: a local directory is written with its full path, from the `/` on; a target on"
        f" another host is written {host[0] if host else 'host'}::module or host:/path"
    )


def _check_brackets(text: str, shown: str) -> None:
    """Refuse an IPv6 address without brackets: its colons would be taken for the separator."""
    user, at, head = text.partition("/")[0].rpartition("@")
    for colon in re.finditer(":", head):
        address = head[: colon.start()]
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            continue
        rest = text[len(user + at + address) :]
        raise ValueError(
            f"{shown}: an IPv6 address is written in brackets: {user}{at}[{address}]{rest}"
        )
