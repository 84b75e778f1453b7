"""A status document as ``sersync status`` shows it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sersync.cli.older import completed
from sersync.cli.tables import (
    MARK_WIDTH,
    STYLES,
    brief,
    clean,
    lag,
    mark,
    source_troubles,
    target_troubles,
)
from sersync.model.figures import count, size, span

Json = dict[str, Any]

_MOST_PROBLEMS: Final = 20
_MOST_PENDING: Final = 3
_LONG_NAME: Final = 40
"""A name beyond it does not push the columns of the other sources aside."""
TITLES: Final = ("", "target", "state", "for", "lag", "pending", "files/s", "bytes/s")
LEFT: Final = 3
"""How many of these columns hold words and not numbers."""


def instance_view(document: Json) -> RenderableType:
    """Return one instance: for each source a row for each target, and below what is to be told."""
    document = completed(document)
    head = Text(f"sersync {clean(document['version'])}, pid {document['pid']}", style="bold")
    head.append(f", up {span(document['uptime_s'])}", style="dim")
    if document["config_file"]:
        head.append(f", {clean(document['config_file'])}", style="dim")
    widths = _widths(document)
    parts: list[RenderableType] = [head]
    if document["listen_error"]:
        parts.append(Text.assemble(("page: ", "bold"), clean(document["listen_error"])))
    elif document["listen"]:
        parts.append(Text(f"page: http://{clean(document['listen'])}/", style="dim"))
    for source in document["sources"]:
        parts += ["", _source_line(source), _table(source, widths)]
        for line in source_troubles(document, source):
            parts.append(_indented(line))
        for target in source["targets"]:
            parts += [_indented(line) for line in details(document, source, target)]
    return Group(*parts)


def summary(source: Json, target: Json) -> str:
    """Return one line for a log: only what is worth a new line when it changes."""
    words = [f"{clean(source['name'])}/{clean(target['target'])}: {target['state']}"]
    pending = target["pending"] + target["in_flight"]
    words.append(f"{count(pending)} pending" if target["compared"] else "not compared yet")
    if failing := len(target["problems"]) + target["problems_omitted"]:
        words.append(f"{count(failing)} failing")
    reason = source["halted"] or target["reason"]
    return ", ".join(words) + (f": {clean(reason['message'])}" if reason else "")


def _source_line(source: Json) -> Text:
    line = Text(clean(source["name"]), style="bold")
    noun = "directory" if source["directories"] == 1 else "directories"
    watched = f"{clean(source['watcher'])}, {count(source['directories'])} {noun}"
    line.append(f"  {clean(source['root'])}  ({watched})", style="dim not bold")
    if source["halted"]:
        line.append("  !! halted", style="bold red")
    elif source["missing"]:
        line.append("  !! a file system is missing", style="bold red")
    elif any(hook["fails"] for hook in source["hooks"]):
        line.append("  ! a hook fails", style="yellow")
    return line


def _widths(document: Json) -> list[int]:
    """Return how wide each column is, so that the tables of all sources stand in line."""
    rows = [
        row_cells(source, target) for source in document["sources"] for target in source["targets"]
    ]
    columns = zip(TITLES, *rows, strict=True) if rows else ((title,) for title in TITLES)
    return [max(MARK_WIDTH, *map(len, column)) for column in columns]


def _table(source: Json, widths: list[int]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for index, title in enumerate(TITLES):
        is_name = title == "target"
        table.add_column(
            title,
            justify="left" if index < LEFT else "right",
            no_wrap=not is_name,
            overflow="fold",
            min_width=4 if is_name else widths[index],
            width=None if is_name else widths[index],
        )
    for target in source["targets"]:
        style = STYLES.get(target["state"], "")
        cells = row_cells(source, target)
        table.add_row(
            Text(cells[0], style="bold red" if cells[0] == "!!" else "yellow"),
            Text(cells[1].ljust(min(widths[1], _LONG_NAME))),
            Text(cells[2], style=style),
            *map(Text, cells[3:]),
        )
    return table


def row_cells(source: Json, target: Json) -> tuple[str, ...]:
    """Return the cells of one target, in the order of ``TITLES``."""
    pending = count(target["pending"] + target["in_flight"]) if target["compared"] else "all"
    return (
        mark(target, source),
        clean(target["target"]),
        clean(target["state"]),
        brief(target["since_s"]),
        lag(target),
        pending,
        count(target["files_per_s"]),
        size(target["bytes_per_s"]),
    )


def details(document: Json, source: Json, target: Json) -> Iterator[Text]:
    """Yield what there is to say of *target* beyond its row."""
    yield Text.assemble(f"{clean(target['target'])}: ", "; ".join(_facts(target)), style="dim")
    if target["pending_paths"] and not source["halted"]:
        yield Text(f"  {_waiting(target)}")
    yield from target_troubles(document, source, target)
    yield from _problems(target)


def _facts(target: Json) -> Iterator[str]:
    since_s = target["last_success_s_ago"]
    if since_s is not None:
        yield f"last success {span(since_s)} ago"
    else:
        yield "nothing sent since the start" if target["compared"] else "no success yet"
    connections = max(target["connections"], target["spares"] + target["runs"])
    spare = f" ({target['spares']} spare)" if target["spares"] else ""
    yield f"{count(connections)} connected{spare}" if connections else "not connected"
    if target["in_flight"]:
        yield f"{count(target['in_flight'])} in flight"
    if target["unconfirmed"]:
        yield f"{count(target['unconfirmed'])} unconfirmed"
    if target["retry_in_s"] is not None and not target["reason"]:
        yield f"next attempt in {span(target['retry_in_s'])}"
    if target["files"]:
        yield f"{count(target['files'])} files, {size(target['sent_bytes'])} sent"
    if (audit := target["audit"]) and audit["drift"]:
        noun = "path" if audit["drift"] == 1 else "paths"
        yield (
            f"audit: {count(audit['drift'])} {noun} changed by something else,"
            f" {count(audit['repaired'])} carried again, last {_path(audit['last_drift'])}"
        )
    elif audit and audit["rounds"]:
        noun = "round" if audit["rounds"] == 1 else "rounds"
        yield f"audit: no drift in {count(audit['rounds'])} {noun}"
    if progress := target["progress"]:
        yield f"full pass: {pass_words(progress)}"


def pass_words(progress: Json) -> str:
    """Return how far a full pass has come."""
    done, total = progress["entries"], progress["entries_total"]
    words = (
        f"{count(done)} of {count(max(done, total))} entries" if total else f"{count(done)} entries"
    )
    if progress["bytes_total"]:
        words += f", {size(progress['bytes'])} of {size(progress['bytes_total'])}"
    return f"{words}, {span(progress['elapsed_s'])}"


def _waiting(target: Json) -> str:
    oldest = sorted(target["pending_paths"], key=lambda each: -each["since_s"])[:_MOST_PENDING]
    named = ", ".join(f"{_path(each['path'])} since {span(each['since_s'])}" for each in oldest)
    more = target["pending"] + target["in_flight"] - len(oldest)
    return f"waiting: {named}" + (f", and {count(more)} more" if more > 0 else "")


def _path(path: str) -> str:
    return shlex.quote(clean(path))


def _problems(target: Json) -> Iterator[Text]:
    shown = target["problems"][:_MOST_PROBLEMS]
    failing = len(target["problems"]) + target["problems_omitted"]
    if not failing:
        return
    paths = (
        "1 path cannot be carried" if failing == 1 else f"{count(failing)} paths cannot be carried"
    )
    slow = f", {count(target['quarantined'])} quarantined" if target["quarantined"] else ""
    yield Text.assemble((f"{clean(target['target'])}: ", "bold"), f"{paths}{slow}")
    for problem in shown:
        again = problem["retry_in_s"]
        why = f"{clean(problem['message'])}. {clean(problem['remedy'])}".strip(" .")
        when = "" if again is None else f" (again in {span(again)})"
        yield Text(f"  {_path(problem['path'])}: {why}{when}")
    if failing > len(shown):
        yield Text(f"  and {count(failing - len(shown))} more", style="dim")


def _indented(line: Text) -> Padding:
    """Return *line* so that what is wrapped stands below its beginning."""
    deep = len(line.plain) - len(line.plain.lstrip())
    line = line[deep:]
    return Padding(line, (0, 0, 0, MARK_WIDTH + 2 + deep), expand=False)
