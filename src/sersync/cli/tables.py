"""A status document as a table. Pure."""

from __future__ import annotations

import shlex
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sersync.model.figures import count, size, span

Json = dict[str, Any]

STYLES = {
    "in-sync": "green",
    "transferring": "cyan",
    "settling": "cyan",
    "resyncing": "cyan",
    "starting": "dim",
    "stopped": "dim",
    "paused": "yellow",
    "backing-off": "yellow",
    "halted": "bold red",
}


def instance_view(document: Json) -> RenderableType:
    """Return one instance: a head line, a row for each target, and below what is wrong."""
    head = Text(f"sersync {document['version']}, pid {document['pid']}", style="bold")
    head.append(f", up {span(document['uptime_s'])}", style="dim")
    if document["config_file"]:
        head.append(f", {document['config_file']}", style="dim")
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("source", overflow="fold")
    table.add_column("target", overflow="fold")
    table.add_column("state", no_wrap=True)
    for title in ("lag", "pending", "files", "sent"):
        table.add_column(title, justify="right", no_wrap=True)
    troubles: list[Text] = []
    for source in document["sources"]:
        if source["halted"]:
            troubles += trouble(source["name"], source["halted"])
            if source["halted"]["needs_confirm"]:
                line = go_on(document["state_dir"], source["name"], confirm=True)
                troubles.append(Text(f"  {line}"))
        for missing in source["missing"]:
            troubles += trouble(source["name"], missing["reason"])
            line = go_on(document["state_dir"], source["name"], confirm=True)
            troubles.append(Text(f"  {line}"))
        if source["state"] and source["state"]["reason"]:
            troubles += trouble(source["name"], source["state"]["reason"])
        for target in source["targets"]:
            table.add_row(*_cells(target))
            if target["reason"] and target["state"] != "in-sync":
                troubles += trouble(target["target"], target["reason"], target["retry_in_s"])
            if target["state"] == "halted" and not source["halted"]:
                confirm = bool(target["reason"] and target["reason"]["needs_confirm"])
                line = go_on(
                    document["state_dir"], source["name"], target["target"], confirm=confirm
                )
                troubles.append(Text(f"  {line}"))
            troubles += _problems(target)
    return Group(head, table, *troubles)


def _cells(target: Json) -> list[Text]:
    return [
        Text(target["source"]),
        Text(target["target"]),
        Text(target["state"], style=STYLES.get(target["state"], "")),
        Text(_lag(target)),
        Text(count(target["pending"] + target["in_flight"]) if target["full_passes"] else "all"),
        Text(count(target["files"])),
        Text(size(target["sent_bytes"])),
    ]


def go_on(state_dir: str, source: str, target: str = "", *, confirm: bool) -> str:
    """Return how to let a halted source or target go on, once its cause is gone or is meant."""
    words = ["sersync", "resume", *(["--confirm"] if confirm else []), "--source", source]
    words += [*(["--target", target] if target else []), "--state-dir", state_dir]
    return f"{'If that is meant' if confirm else 'Then let it go on'}: {shlex.join(words)}"


def _lag(target: Json) -> str:
    if not target["lag_s"]:
        return "0" if target["full_passes"] else "unknown"
    return span(target["lag_s"])


def trouble(name: str, reason: Json, retry_in_s: float | None = None) -> list[Text]:
    """Return what happened to *name*, what to do about it, and the command to paste."""
    lines = [Text.assemble((f"{name}: ", "bold"), reason["message"])]
    if retry_in_s is not None:
        lines[0].append(f"; next attempt in {span(retry_in_s)}")
    if reason["remedy"]:
        lines.append(Text(f"  {reason['remedy']}"))
    if reason["command"]:
        lines.append(Text(f"  $ {reason['command']}", style="dim"))
    return lines


def _problems(target: Json) -> list[Text]:
    lines = [
        Text.assemble(
            (f"{target['target']}: ", "bold"),
            f"{shlex.quote(problem['path'])}: ",
            f"{problem['message']}. {problem['remedy']}".strip(" ."),
        )
        for problem in target["problems"]
    ]
    if target["problems_omitted"]:
        lines.append(Text(f"  and {count(target['problems_omitted'])} more", style="dim"))
    return lines
