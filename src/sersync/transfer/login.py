"""Commands by which a person logs in to a host as the runs of a target do. Pure."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Final

from sersync.model.pasting import command_line
from sersync.model.target import RemoteShell

_FOR_COPYING: Final = ("-F", "-o", "-p", "-i")
"""Those options of ssh(1) that ssh-copy-id(1) has, too; each takes a value."""


def shell_words(endpoint: RemoteShell) -> list[str]:
    """Return the remote shell of *endpoint*, with what it was told by whoever configured it."""
    return shlex.split(endpoint.rsh) or ["ssh"]


def is_ssh(endpoint: RemoteShell) -> bool:
    """Tell whether *endpoint* is reached by ssh, and not by some other remote shell."""
    return os.path.basename(shell_words(endpoint)[0]) == "ssh"


def way_options(endpoint: RemoteShell) -> list[str]:
    """Return the options of ssh(1) for the port and the key of *endpoint*."""
    port = ["-p", str(endpoint.port)] if endpoint.port is not None else []
    return port + (["-i", endpoint.identity] if endpoint.identity else [])


def login_name(endpoint: RemoteShell) -> str:
    """Return who logs in where: ``[user@]host``."""
    return f"{endpoint.user}@{endpoint.host}" if endpoint.user else endpoint.host


def login_command(endpoint: RemoteShell, *command: str, options: Sequence[str] = ()) -> str:
    """Return the line that logs in to *endpoint*, with *options* of ssh, and runs *command*."""
    words = shell_words(endpoint)
    if is_ssh(endpoint):
        words += [*options, *way_options(endpoint), login_name(endpoint)]
    else:
        # As rsync(1) calls a remote shell, "--rsh".
        words += [*(["-l", endpoint.user] if endpoint.user else []), endpoint.host]
    return command_line(*words, *command)


def copy_key_command(endpoint: RemoteShell) -> str:
    """Return the line that lets the key of *endpoint* in, as ssh-copy-id(1) does it."""
    known = shell_words(endpoint)[1:] if is_ssh(endpoint) else []
    words: list[str] = []
    while known:
        word, *known = known
        if word[:2] in _FOR_COPYING:
            words.append(word)
            if word in _FOR_COPYING and known:
                words.append(known.pop(0))
    return command_line("ssh-copy-id", *words, *way_options(endpoint), login_name(endpoint))
