"""``sersync target list``: what a daemon shows."""

from __future__ import annotations

import json as json_module
import os
import re
import shlex
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from sersync.errors import SersyncError, UsageError
from sersync.model.figures import size

if TYPE_CHECKING:
    from sersync.model.target import RsyncModule
    from sersync.transfer.listing import Listing

_DEADLINE_S = 60.0
_BARE = re.compile(
    r"(?P<scheme>rsyncs?://)?(?P<host>[^/:]+|(?:[^/@]*@)?\[[^\]]+\])(?P<port>:\d+)?(?:/|::)?"
)
"""A daemon without a module: ``HOST``, ``HOST::``, ``rsync://HOST[:PORT]/``."""

_Target = Annotated[
    str, Argument(metavar="HOST[::MODULE[/PATH]]", help="Also as rsync:// or rsyncs://.")
]
_PasswordFile = Annotated[str, Option(metavar="FILE", help="The password, if one is wanted.")]
_CaFile = Annotated[str, Option(metavar="FILE", help="Who vouches for the daemon, with TLS.")]
_Port = Annotated[int | None, Option(min=1, max=65535, metavar="N", help="If not 873 or 874.")]
_Json = Annotated[bool, Option("--json", help="Print JSON.")]


class NotListed(SersyncError):
    """The daemon did not show anything."""

    exit_code = 1


def list_(
    where: _Target,
    password_file: _PasswordFile = "",
    ca_file: _CaFile = "",
    port: _Port = None,
    json: _Json = False,
) -> int:
    """Show the modules of an rsync daemon, or what is in one of them."""
    from dataclasses import replace

    from sersync.model.target import Target
    from sersync.transfer.listing import list_target

    endpoint = _endpoint(where)
    endpoint = replace(
        endpoint, port=port or endpoint.port, ca_file=os.path.abspath(ca_file) if ca_file else ""
    )
    target = Target(
        name=where,
        endpoint=endpoint,
        password_file=password_file,
    )
    listing = list_target(target, endpoint, deadline_s=_DEADLINE_S)
    if listing.failure is not None:
        _fail(listing)
    if json:
        print(json_module.dumps(_document(where, endpoint, listing)))
    elif endpoint.module:
        for entry in listing.entries:
            name = shlex.quote(os.fsdecode(entry.name))
            print(f"{entry.mode}  {size(entry.size_bytes):>9}  {entry.time}  {name}")
    else:
        _print_modules(listing)
    return 0


def _endpoint(text: str) -> RsyncModule:
    from dataclasses import replace

    from sersync.model.endpoint import parse_endpoint
    from sersync.model.target import RsyncModule

    stem = _BARE.fullmatch(text)
    if stem is not None:
        scheme = stem["scheme"] or "rsync://"
        text = f"{scheme}{stem['host']}{stem['port'] or ''}/any"
    try:
        endpoint = parse_endpoint(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not isinstance(endpoint, RsyncModule):
        raise UsageError(f"{text} is no rsync daemon", hint="sersync target list HOST::MODULE")
    return endpoint if stem is None else replace(endpoint, module="")


def _fail(listing: Listing) -> None:
    reason = listing.failure.reason if listing.failure is not None else None
    if reason is None:
        raise NotListed("the daemon showed nothing, and did not say why")
    raise NotListed(reason.message, hint=f"{reason.remedy}\n{reason.command}".strip())


def _print_modules(listing: Listing) -> None:
    width = max((len(module.name) for module in listing.modules), default=0)
    for module in listing.modules:
        print(f"{module.name:{width}}  {module.comment}".rstrip())
    if not listing.modules:
        print("The daemon shows no module.")
    print("There may be more: modules with 'list = no' are not shown, but can be reached by name.")


def _document(where: str, endpoint: RsyncModule, listing: Listing) -> dict[str, object]:
    if not endpoint.module:
        modules = [{"name": each.name, "comment": each.comment} for each in listing.modules]
        return {"target": where, "modules": modules, "may_hide_some": True}
    entries = [
        {
            "name": os.fsdecode(each.name),
            "mode": each.mode,
            "size_bytes": each.size_bytes,
            "time": each.time,
        }
        for each in listing.entries
    ]
    return {"target": where, "entries": entries}
