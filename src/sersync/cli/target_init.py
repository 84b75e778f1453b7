"""``sersync target init``: a correct receiving side, printed or made."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated

from typer import Option

from sersync.cli.target_options import Allow, ReadOnly, default_file
from sersync.errors import UsageError

_Module = Annotated[str, Option(metavar="NAME", help="Name of the module.")]
_Path = Annotated[str, Option(metavar="DIR", help="The directory that takes the copy.")]
_User = Annotated[str, Option(metavar="NAME", help="Who sources log in as.")]
_Port = Annotated[
    int,
    Option(
        min=0, max=65535, metavar="N", show_default=False,
        help="If not 873, or 8730 where you are not root.",
    ),
]  # fmt: skip
_Config = Annotated[str, Option("--config", "-c", metavar="FILE", help="The rsyncd.conf.")]
_Host = Annotated[
    list[str] | None,
    Option(metavar="NAME", help="How sources spell this host; with --tls repeatable."),
]
_FakeSuper = Annotated[
    bool | None,
    Option(help="Keep owners in extended attributes; usual where you are not root."),
]
_Tls = Annotated[bool, Option("--tls", help="Make a certificate, for serve --tls.")]
_Ssh = Annotated[bool, Option("--ssh", help="Print a line for authorized_keys, with rrsync.")]
_Key = Annotated[str, Option(metavar="FILE", help="With --ssh: the source's public key.")]
_Apply = Annotated[bool, Option("--apply/--print", help="Do it, or only show it.")]


def init(
    path: _Path,
    module: _Module = "",
    user: _User = "",
    allow: Allow = None,
    port: _Port = 0,
    read_only: ReadOnly = False,
    host: _Host = None,
    config: _Config = "",
    fake_super: _FakeSuper = None,
    tls: _Tls = False,
    ssh: _Ssh = False,
    key: _Key = "",
    apply: _Apply = False,
) -> int:
    """Set up this host as a target, and print what to paste on the source.

    Nothing that exists is overwritten; what changes is shown as a diff. Doing it again changes
    nothing.
    """
    from sersync.cli import target_made
    from sersync.rsyncd.certificate import found_certificate

    path = os.path.abspath(path)
    hosts = tuple(host or (_own_name(),))
    if ssh:
        if apply:
            raise UsageError("--ssh only prints: the line goes where the login's keys are")
        return target_made.print_ssh(path, host=hosts[0], user=user, key_file=key)
    if not module or not user or not allow:
        raise UsageError("a daemon's module needs --module, --user and --allow")
    file = os.path.abspath(config or default_file())
    request = target_made.Request(
        module=module,
        path=path,
        user=user,
        allow=tuple(word for text in allow for word in text.split(",")),
        port=port,
        read_only=read_only,
        hosts=hosts,
        config=file,
        fake_super=fake_super,
        tls=tls or found_certificate(Path(file)) is not None,
    )
    return target_made.make(request, apply=apply)


def _own_name() -> str:
    """Return how others probably spell this host."""
    full = socket.getfqdn()
    return socket.gethostname() if full.startswith("localhost") else full
