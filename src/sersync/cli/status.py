"""``sersync status``: how the running instances stand."""

from __future__ import annotations

import io
import json as json_module
import sys
import time
from enum import IntEnum
from typing import Annotated, Any, Final

from typer import Option

from sersync.cli.health import ailments_of
from sersync.cli.instances import Answers, ask_instances
from sersync.cli.naming import only

_PLAIN_WIDTH = 240
"""Where no terminal sets the width, long names and sentences are not to be broken."""
_EVERY_S: Final = 1.0

Json = dict[str, Any]


class StatusCode(IntEnum):
    """Exit codes as monitoring plugins have them."""

    WELL = 0
    TROUBLE = 1
    NOT_RUNNING = 2


def status(
    source: Annotated[str, Option(metavar="NAME", help="Show only this source.")] = "",
    target: Annotated[str, Option(metavar="NAME", help="Show only this target.")] = "",
    watch: Annotated[
        bool, Option("--watch", "-w", help="Show it anew every second, until Ctrl-C.")
    ] = False,
    state_dir: Annotated[
        str, Option(metavar="DIR", help="Ask the instance with this state directory.")
    ] = "",
    json: Annotated[
        bool, Option("--json", help="Print JSON; with --watch a line a second.")
    ] = False,
) -> int:
    """Show all targets of running instances. Exit: 0 well, 1 halted or failing, 2 none runs.

    Halted or failing is whatever sersync health warns of that has no limit: a target that is
    halted or backs off, a path that cannot be carried, a missing file system, a hook that fails.
    Where --watch does not write to a terminal, it prints a line for each target whose state or
    number of pending paths has changed.
    """
    if not watch:
        answers = only(ask_instances(state_dir), source, target)
        return _shown_once(answers, state_dir, json=json)
    watching = _Watching(source, target, state_dir)
    try:
        if json:
            watching.as_json()
        elif sys.stdout.isatty():
            watching.in_place()
        else:
            watching.as_lines()
    except KeyboardInterrupt:
        pass
    return _shown_once(watching.answers, state_dir, json=json, quiet=not sys.stdout.isatty())


def _shown_once(answers: Answers, state_dir: str, *, json: bool, quiet: bool = False) -> StatusCode:
    documents = list(answers.documents)
    if quiet:
        pass
    elif json:
        print(json_module.dumps({"instances": documents}))
    elif documents:
        _print_tables(documents)
    for why in answers.silent if state_dir or not documents else ():
        print(f"sersync: no answer from {why}", file=sys.stderr)
    if not documents:
        if not answers.silent:
            where = answers.looked_in
            print(f"sersync: no instance is running (looked in {where})", file=sys.stderr)
        return StatusCode.NOT_RUNNING
    return StatusCode.WELL if all(map(_is_well, documents)) else StatusCode.TROUBLE


class _Watching:
    """Asks every second; *answers* are the last ones."""

    def __init__(self, source: str, target: str, state_dir: str) -> None:
        self._state_dir = state_dir
        self._names = (source, target)
        self.answers = only(ask_instances(state_dir), source, target)

    def as_json(self) -> None:
        """Print a line with everything each second."""
        while True:
            print(json_module.dumps({"instances": list(self.answers.documents)}), flush=True)
            self._ask_again()

    def as_lines(self) -> None:
        """Print what has changed, with the time."""
        from sersync.cli.older import completed
        from sersync.cli.status_view import summary

        told: dict[tuple[int, int, int], str] = {}
        while True:
            lines = {(-1, -1, at): f"no answer from {why}" for at, why in enumerate(self._silent())}
            for number, document in enumerate(map(completed, self.answers.documents)):
                for place, source in enumerate(document["sources"]):
                    for at, target in enumerate(source["targets"]):
                        lines[number, place, at] = summary(source, target)
            for key, line in lines.items():
                if told.get(key) != line:
                    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {line}", flush=True)
            told = lines
            self._ask_again()

    def in_place(self) -> None:
        """Draw it over and over, on a screen of its own."""
        from sersync.cli.terminal import Terminal

        with Terminal(keys=False) as terminal:
            while True:
                columns, lines = terminal.size()
                terminal.draw(_cut(self._drawn(columns), lines))
                # A window that changes its size wants a new drawing at once, not a new answer.
                until_s = time.monotonic() + _EVERY_S
                terminal.key(_EVERY_S)
                if time.monotonic() >= until_s:
                    self._ask_again(0.0)

    def _ask_again(self, after_s: float = _EVERY_S) -> None:
        time.sleep(after_s)
        self.answers = only(ask_instances(self._state_dir), *self._names, strict=False)

    def _silent(self) -> tuple[str, ...]:
        if self.answers.documents or self.answers.silent:
            return tuple(map(str, self.answers.silent))
        return (f"any instance (looked in {self.answers.looked_in})",)

    def _drawn(self, columns: int) -> list[str]:
        from rich.console import Console

        out = io.StringIO()
        console = Console(file=out, force_terminal=True, width=columns, highlight=False)
        console.print(f"sersync status, {time.strftime('%H:%M:%S')}, every second (Ctrl-C ends)")
        for document in self.answers.documents:
            console.print()
            _print_into(console, document)
        for why in self._silent():
            console.print(f"\nno answer from {why}; asked again every second", markup=False)
        return out.getvalue().splitlines()


def _cut(lines: list[str], room: int) -> list[str]:
    if len(lines) <= room:
        return lines
    return [*lines[: room - 1], f"... {len(lines) - room + 1} more lines: enlarge the window"]


def _is_well(document: Json) -> bool:
    return not any(ailments_of(document))


def _print_tables(documents: list[Json]) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    for number, document in enumerate(documents):
        if number:
            console.print()
        _print_into(console, document)


def _print_into(console: Any, document: Json) -> None:
    from sersync.cli.status_view import instance_view

    console.print(instance_view(document))
