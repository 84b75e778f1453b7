"""``sersync top``: how everything stands, live, and keys to act."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from typer import Option

from sersync.errors import UsageError

if TYPE_CHECKING:
    from sersync.cli.top.asking import Asking
    from sersync.cli.top.desk import Desk

_EVERY_S: Final = 1.0
_DUMB: Final = frozenset({"", "dumb"})


def top(
    state_dir: Annotated[
        str, Option(metavar="DIR", help="Ask the instance with this state directory.")
    ] = "",
) -> int:
    """Show all targets live: lag, throughput, transfers, last changes; keys pause, resume, resync.

    The key ? explains them all. What could do harm is asked first, with its numbers.
    """
    if not (sys.stdout.isatty() and sys.stdin.isatty()) or os.environ.get("TERM", "") in _DUMB:
        raise UsageError(
            "top needs a terminal to draw on, and a keyboard",
            hint="In scripts and logs: sersync status, or sersync status --watch",
        )
    from sersync.cli.instances import ask_instances
    from sersync.cli.terminal import Terminal
    from sersync.cli.top.asking import Asking

    look = partial(ask_instances, state_dir)
    with Terminal(keys=True) as terminal, Asking(look, terminal.wake) as asking:
        try:
            _run(terminal, asking)
        except KeyboardInterrupt:
            return 0
    return 0


def _run(terminal: Any, asking: Asking) -> None:
    from sersync.cli.top.desk import Desk, press, settled
    from sersync.cli.top.memory import Memory
    from sersync.cli.top.view import View, seen

    view, desk, memory = View(), Desk(said="asking ..."), Memory()
    while not desk.is_over:
        while (news := asking.news()) is not None:
            if isinstance(news, str):
                desk = replace(desk, said=news)
                continue
            if isinstance(news, tuple):
                memory.hear(news)
                continue
            if not view.rows:
                desk = replace(desk, said="")
            view = seen(news, view)
            memory.see(view, time.time())
            desk = settled(desk, view)
        _draw(terminal, view, desk, memory)
        if key := terminal.key(_EVERY_S):
            desk, orders = press(desk, key, view)
            if orders:
                asking.order(orders)


def _draw(terminal: Any, view: Any, desk: Desk, memory: Any) -> None:
    import io

    from rich.console import Console

    from sersync.cli.top.screen import Frame, screen

    columns, lines = terminal.size()
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    frame = Frame(columns=columns, lines=lines, now_s=time.time(), plain=plain)
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=columns, highlight=False, markup=False, emoji=False
    )
    for line in screen(view, desk, memory, frame):
        console.print(line, no_wrap=True, overflow="crop", crop=True)
    terminal.draw(out.getvalue().split("\n")[:lines])
