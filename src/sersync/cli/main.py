"""``sersync``: the commands, and what every error looks like to the person who typed one."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from sersync import __version__
from sersync.cli.check import check
from sersync.cli.control import pause, resume, resync
from sersync.cli.convert import convert
from sersync.cli.demo import demo
from sersync.cli.doctor import doctor
from sersync.cli.explain import explain
from sersync.cli.health import health
from sersync.cli.history import history
from sersync.cli.messages import complain
from sersync.cli.mirror import mirror
from sersync.cli.run import run
from sersync.cli.selftest import selftest
from sersync.cli.service import service
from sersync.cli.status import status
from sersync.cli.target import target
from sersync.cli.top.command import top
from sersync.cli.verify import verify
from sersync.cli.wait import flush, wait
from sersync.errors import SersyncError, UsageError

_INTERRUPTED = 130
_COMMAND_LINE_WRONG: type[Exception] = typer.BadParameter.__mro__[1]
"""typer's usage error: it comes with a click of its own, and exports only this child of it."""

app = typer.Typer(
    help="Replicate directory trees in real time, one way, through rsync.",
    epilog="Begin with: sersync demo",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: tuple[Callable[..., int], ...] = (
    mirror,
    run,
    demo,
    check,
    convert,
    status,
    top,
    health,
    doctor,
    pause,
    resume,
    resync,
    wait,
    flush,
    explain,
    verify,
    history,
    selftest,
)
for _command in _COMMANDS:
    app.command()(_command)
app.add_typer(target, name="target")
app.add_typer(service, name="service")


def _show_version(is_asked_for: bool) -> None:
    if is_asked_for:
        print(f"sersync {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run one command and exit with its code; expected errors are messages, never tracebacks."""
    from sersync.linux.first import go_second

    go_second()
    sys.exit(_run())


def _run() -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the locale cannot spell must not end a command; stderr is like this anyway.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app(prog_name="sersync", standalone_mode=False)
        sys.stdout.flush()
    except SersyncError as error:
        complain(error)
        return error.exit_code
    except _COMMAND_LINE_WRONG as error:
        getattr(error, "show", lambda: None)()
        return UsageError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python's own flush at exit would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0
