"""Options and defaults that several commands of ``sersync target`` have."""

from __future__ import annotations

import os
from typing import Annotated

from typer import Option

from sersync.errors import UsageError

Allow = Annotated[
    list[str] | None,
    Option(metavar="CIDR", help="A host or network that may connect; repeatable."),
]
ReadOnly = Annotated[bool, Option("--read-only", help="Nothing may be written.")]

Tls = Annotated[
    bool | None,
    Option(
        "--tls/--no-tls", show_default=False,
        help="Speak TLS, by stunnel, and nothing else; usual once init has made a certificate.",
    ),
]  # fmt: skip
Cert = Annotated[str, Option(metavar="FILE", help="The certificate, if not that of init.")]
Key = Annotated[str, Option(metavar="FILE", help="Its private key.")]


def check_tls(tls: bool | None, cert: str, key: str) -> None:
    """Raise ``UsageError`` for options of TLS that do not go together."""
    if bool(cert) != bool(key):
        raise UsageError("--cert and --key go together")
    if cert and tls is False:
        raise UsageError("--cert and --no-tls exclude each other")


def default_file() -> str:
    """Return where the rsyncd.conf of this user is: root's is the system's."""
    if os.geteuid() == 0:
        return "/etc/rsyncd.conf"
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(base, "sersync", "rsyncd.conf")
