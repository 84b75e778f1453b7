"""Options and defaults that several commands of ``sersync target`` have."""

from __future__ import annotations

import os
from typing import Annotated

from typer import Option

Allow = Annotated[
    list[str] | None,
    Option(metavar="CIDR", help="A host or network that may connect; repeatable."),
]
ReadOnly = Annotated[bool, Option("--read-only", help="Nothing may be written.")]


def default_file() -> str:
    """Return where the rsyncd.conf of this user is: root's is the system's."""
    if os.geteuid() == 0:
        return "/etc/rsyncd.conf"
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(base, "sersync", "rsyncd.conf")
