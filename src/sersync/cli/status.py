"""``sersync status``: how the running instances stand."""

from __future__ import annotations

import json as json_module
import sys
from enum import IntEnum
from typing import Annotated, Any

from typer import Option

from sersync.cli.instances import ask_instances

_WELL = frozenset({"starting", "resyncing", "in-sync", "settling", "transferring", "paused"})

_PLAIN_WIDTH = 240
"""Where no terminal sets the width, long names and sentences are not to be broken."""

Json = dict[str, Any]


class StatusCode(IntEnum):
    """Exit codes as monitoring plugins have them."""

    WELL = 0
    TROUBLE = 1
    NOT_RUNNING = 2


def status(
    state_dir: Annotated[
        str, Option(metavar="DIR", help="Ask the instance with this state directory.")
    ] = "",
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> int:
    """Show all targets of running instances. Exit: 0 well, 1 halted or failing, 2 none runs."""
    answers = ask_instances(state_dir)
    documents, complaints = list(answers.documents), answers.complaints
    if json:
        print(json_module.dumps({"instances": documents}))
    elif documents:
        _print_tables(documents)
    for complaint in complaints if state_dir or not documents else ():
        print(f"sersync: no answer from {complaint}", file=sys.stderr)
    if not documents:
        if not complaints:
            where = answers.looked_in
            print(f"sersync: no instance is running (looked in {where})", file=sys.stderr)
        return StatusCode.NOT_RUNNING
    return StatusCode.WELL if all(map(_is_well, documents)) else StatusCode.TROUBLE


def _is_well(document: Json) -> bool:
    return all(
        source["halted"] is None and not source["missing"] and target["state"] in _WELL
        for source in document["sources"]
        for target in source["targets"]
    )


def _print_tables(documents: list[Json]) -> None:
    from rich.console import Console

    from sersync.cli.tables import instance_view

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    for document in documents:
        console.print(instance_view(document))
