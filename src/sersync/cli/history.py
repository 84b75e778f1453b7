"""``sersync history``: which transfers have ended, also before a restart."""

from __future__ import annotations

import json as json_module
import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final

from typer import Option

from sersync.cli.control import AsJson, Code, SourceName, StateDir, TargetName
from sersync.cli.instances import looked_in, state_dirs
from sersync.cli.naming import named
from sersync.errors import StateUnavailable, UsageError

Json = dict[str, Any]

_MARKS: Final = {"done": "✓", "partial": "!", "retry": "↻", "halt": "✕"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be shown."""

    source: str
    target: str
    since_s: float | None
    limit: int


def history(
    source: SourceName = "",
    target: TargetName = "",
    since: Annotated[
        str, Option(metavar="DURATION", help='Only what happened within it, such as "2h".')
    ] = "",
    limit: Annotated[int, Option(metavar="N", min=1, help="How many, at most.")] = 30,
    state_dir: StateDir = "",
    json: AsJson = False,
) -> int:
    """Show the transfers that have ended, the newest last, also those before a restart.

    Without a running instance what it wrote down is read. Exit: 0 shown, 2 there is no history, 64
    no such name.
    """
    asked = Asked(source=source, target=target, since_s=_seconds(since), limit=limit)
    found = _found(state_dir, asked)
    if found is None:
        where = looked_in(state_dir)
        print(f"sersync: there is no history yet (looked in {where})", file=sys.stderr)
        return Code.NOT_RUNNING
    if not found:
        _check_named(state_dir, asked)
    if json:
        print(json_module.dumps({"transfers": found}))
    else:
        for line in _lines(reversed(found)):
            print(line)
        if not found:
            print("nothing was carried" + (f" within {since}" if since else ""))
    return Code.DONE


def _seconds(since: str) -> float | None:
    from sersync.config.values import BadValue, parse_duration

    if not since:
        return None
    try:
        return parse_duration(since)
    except BadValue as error:
        raise UsageError(f"--since: {error}", hint=error.suggestion) from error


def _found(state_dir: str, asked: Asked) -> list[Json] | None:
    """Return the transfers of all instances, the newest first; None where nothing was kept."""
    from sersync.daemon.historian import HISTORY

    found: list[Json] | None = None
    for directory in state_dirs(state_dir, HISTORY):
        told = _of_daemon(os.path.join(directory, "control.sock"), asked)
        if told is None:
            told = _of_file(os.path.join(directory, HISTORY), asked)
        found = (found or []) + told
    if found is None:
        return None
    return sorted(found, key=lambda each: float(each["at"]), reverse=True)[: asked.limit]


def _check_named(state_dir: str, asked: Asked) -> None:
    """Raise ``UsageError`` when nobody ever had the names that were asked for."""
    from sersync.daemon.historian import HISTORY

    if not asked.source and not asked.target:
        return
    known: set[tuple[str, str]] = set()
    for directory in state_dirs(state_dir, HISTORY):
        known |= _names_of(directory, HISTORY)
    if known and not any(
        asked.source in ("", source) and asked.target in ("", it) for source, it in known
    ):
        there_is = ", ".join(f"{source}/{target}" for source, target in sorted(known))
        raise UsageError(
            f"there is no {named(asked.source, asked.target)}", hint=f"There is: {there_is}"
        )


def _names_of(directory: str, file: str) -> set[tuple[str, str]]:
    """Return the sources and targets that are configured there, and those of the past."""
    from sersync.api.client import NotReachable, fetch_status
    from sersync.state.history import read_history

    names: set[tuple[str, str]] = set()
    with suppress(NotReachable):
        status = fetch_status(os.path.join(directory, "control.sock"))
        names |= {
            (it["source"], it["target"]) for each in status["sources"] for it in each["targets"]
        }
    with suppress(StateUnavailable):
        past = read_history(os.path.join(directory, file))
        try:
            names.update(past.names())
        finally:
            past.close()
    return names


def _of_daemon(socket: str, asked: Asked) -> list[Json] | None:
    """Return what the daemon at *socket* tells; None when there is none."""
    from sersync.api.client import NotReachable, get

    query = {"source": asked.source, "target": asked.target, "limit": str(asked.limit)}
    if asked.since_s is not None:
        query["since_s"] = f"{asked.since_s:g}"
    try:
        transfers: list[Json] = get(socket, "/v1/history", query, timeout_s=30.0)["transfers"]
    except NotReachable:
        return None
    return transfers


def _of_file(file: str, asked: Asked) -> list[Json]:
    from sersync.api.render import document
    from sersync.state.history import read_history

    since = 0.0 if asked.since_s is None else time.time() - asked.since_s
    try:
        past = read_history(file)
        try:
            rows = past.transfers(asked.source, asked.target, since=since, limit=asked.limit)
        finally:
            past.close()
    except StateUnavailable as error:
        print(f"sersync: {error.message}", file=sys.stderr)
        return []
    return [document(each) for each in rows]


def _lines(found: Iterable[Json]) -> Iterable[str]:
    from sersync.model.figures import count, size, span

    day = ""
    for each in found:
        moment = time.localtime(each["at"])
        if (date := time.strftime("%Y-%m-%d", moment)) != day:
            day = date
            yield date
        noun = "path" if each["paths"] == 1 else "paths"
        what = f"{count(each['paths'])} {noun}, {size(each['sent_bytes'])}"
        if each["deleted"]:
            what += f", {count(each['deleted'])} deleted"
        # An older daemon does not number them.
        mark = f"{_MARKS.get(each['verdict'], '?')} #{each.get('number', '?')}"
        line = (
            f"  {time.strftime('%H:%M:%S', moment)} {mark}"
            f" {each['source']} -> {each['target']}: {what} in {span(each['duration_s'])}"
        )
        if each["examples"]:
            line += f"  {each['examples'][0]}"
            line += " …" if each["paths"] > 1 else ""
        yield line
        if each["reason"]:
            yield f"             {each['verdict']}: {each['reason']}"
