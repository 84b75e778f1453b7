"""``sersync target``: the receiving side, a command for each thing that can go wrong there."""

from __future__ import annotations

from collections.abc import Callable

import typer

from sersync.cli.target_check import check
from sersync.cli.target_init import init
from sersync.cli.target_list import list_
from sersync.cli.target_serve import serve

target = typer.Typer(
    help="The receiving side: an rsync daemon's configuration, service and contents.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_COMMANDS: tuple[Callable[..., int], ...] = (init, check, serve)
for _command in _COMMANDS:
    target.command()(_command)
target.command("list")(list_)
