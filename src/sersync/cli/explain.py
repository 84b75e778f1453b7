"""``sersync explain``: everything that is known about one path."""

from __future__ import annotations

import json as json_module
from dataclasses import replace
from typing import Annotated, Any

from typer import Argument, Option

from sersync.cli.control import AsJson, Code, SourceName, StateDir, TargetName, asked
from sersync.cli.place import about

Json = dict[str, Any]


def explain(
    path: Annotated[
        str, Argument(metavar="PATH", help="Absolute, from here, or relative to a source.")
    ],
    source: SourceName = "",
    target: TargetName = "",
    no_ask: Annotated[bool, Option("--no-ask", help="Do not ask the targets for it now.")] = False,
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Tell why PATH is, or is not yet, on the targets, and what they have of it now.

    Exit: 0 it is there as here, 1 it is not, also as it is excluded, or not known to be, 2 none
    runs. With --no-ask it is there if nothing is pending for it.
    """
    from sersync.api.client import get

    query = {"source": source, "target": target, "ask": "0" if no_ask else "1"}
    answered = asked(
        state_dir,
        lambda where: about(
            where,
            path,
            lambda meant: get(where, "/v1/explain", query | {"path": meant}, timeout_s=120.0),
            source=source,
            target=target,
        ),
    )
    if isinstance(answered, Code):
        return answered
    _, (place, answer) = answered
    if json:
        print(json_module.dumps(answer))
    else:
        for each in answer["sources"]:
            for sentence in each["sentences"]:
                print(sentence)
    replace(place, sources=tuple(answer["sources"])).tell_if_unknown()
    return Code.DONE if all(map(_is_current, answer["sources"])) else Code.REFUSED


def _is_current(source: Json) -> bool:
    if source["excluded"] or source["behind"]:
        return False
    return all(
        not (each["pending"] or each["problem"])
        and not each["excluded"]
        and (each["on_target"] is None or each["on_target"]["same"])
        for each in source["targets"]
    )
