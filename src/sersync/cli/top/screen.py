"""The screen of ``sersync top``, line by line, for any size. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from sersync.cli.status_view import LEFT, TITLES, details, row_cells
from sersync.cli.tables import STYLES, clean, mark, source_troubles
from sersync.cli.top.desk import HELP, Desk, selected
from sersync.cli.top.memory import Change, Memory
from sersync.cli.top.view import Row, View
from sersync.model.figures import count, size, span

Json = dict[str, Any]

_KEYS: Final = "q quit  ? help  p pause  r resume  s resync  S resync all"
_GAP: Final = 2
_SPARK: Final = (8, 60)
_LEAST_NAME: Final = 18
_BAR: Final = 20
_MEASURING: Final = Console(width=80, highlight=False)
"""Only measures; what it would print to is nothing to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the screen is made for. *now_s*: since 1970. *plain*: only ASCII can be shown."""

    columns: int
    lines: int
    now_s: float
    plain: bool = False


def screen(view: View, desk: Desk, memory: Memory, frame: Frame) -> list[Text]:
    """Return no more lines than *frame* has, none wider than it."""
    foot = [*_said(view, desk), Text(_KEYS, style="dim")]
    room = max(1, frame.lines - len(foot) - 1)
    if desk.question:
        body = [*map(Text, desk.question.lines), Text(), Text("y: yes   any other key: no", "bold")]
        foot = foot[:-1]
    elif desk.shows_help:
        body = [Text(f"{keys:<12}{what}") for keys, what in HELP]
        body += [Text(), Text("Any key goes back.", "dim")]
    else:
        body = _body(view, desk, memory, frame, room)
    wrapped = [line for each in body for line in _wrapped(each, frame.columns)]
    lines = [_head(view, frame), *wrapped[:room]]
    lines += [Text()] * (frame.lines - len(foot) - len(lines))
    return [_fitted(line, frame) for line in [*lines, *foot][: frame.lines]]


def _head(view: View, frame: Frame) -> Text:
    clock = time.strftime("%H:%M:%S", time.localtime(frame.now_s))
    worst = sum(1 for row in view.rows if mark(row.target, row.source) == "!!")
    failing = sum(1 for row in view.rows if mark(row.target, row.source) == "!")
    line = Text(f"sersync top  {clock}  {len(view.rows)} targets", style="bold")
    if worst:
        line.append(f"  !! {worst} halted", style="red")
    if failing:
        line.append(f"  ! {failing} failing", style="yellow")
    if view.is_old:
        line.append("  NO ANSWER, this is old", style="reverse red")
    elif view.rows and not worst and not failing:
        line.append("  all well", style="green")
    return line


def _body(view: View, desk: Desk, memory: Memory, frame: Frame, room: int) -> list[Text]:
    """Return the table, what there is to say of the selected row, and the last changes."""
    if not view.rows:
        return [Text(), Text("Waiting for an instance: sersync run -c FILE, or sersync mirror.")]
    at = next((i for i, row in enumerate(view.rows) if row.key == desk.selected), 0)
    shown = max(1, min(len(view.rows), max(room // 2, room - 16) - 1))
    first = min(max(0, at - shown // 2), len(view.rows) - shown)
    lines = _table(view.rows, first, shown, at, memory, frame)
    row = selected(desk, view)
    if row is not None:
        lines += [Text(), *_of_row(row, frame)]
    left = room - sum(len(_wrapped(each, frame.columns)) for each in lines)
    if left > 2 and memory.changes:
        lines += [Text(), Text("last changes", style="bold")]
        lines += [_change(each) for each, _ in zip(memory.changes, range(left - 2), strict=False)]
    return lines


def _table(
    rows: Sequence[Row], first: int, shown: int, at: int, memory: Memory, frame: Frame
) -> list[Text]:
    columns, spark = _columns([_cells(row) for row in rows], frame.columns - 1)
    title = Text(f" {_line(TITLES, columns)}  {'lag':{spark}}", style="dim", no_wrap=True)
    if shown < len(rows):
        title = Text(
            f" {_line(TITLES, columns)}  {first + 1}-{first + shown} of {len(rows)}", "dim"
        )
    lines = [title]
    for index in range(first, first + shown):
        row = rows[index]
        line = Text(">" if index == at else " ", no_wrap=True)
        line.append(_line(_cells(row), columns), style=STYLES.get(row.target["state"], ""))
        line.append("  " + memory.sparkline(row.key, spark, frame.now_s, plain=frame.plain))
        if index == at:
            line.stylize("reverse")
        lines.append(line)
    return lines


def _columns(cells: list[tuple[str, ...]], room: int) -> tuple[dict[int, int], int]:
    """Return the width of each column that is shown, and that of the sparkline.

    Where there is no room for the names, what matters less is left out first.
    """
    widths = [max(map(cell_len, column)) for column in zip(TITLES, *cells, strict=True)]
    shown = dict(enumerate([2, *widths[1:]]))
    for title in ("files/s", "for", "bytes/s", ""):
        lacking = sum(shown.values()) + _GAP * len(shown) + _SPARK[0] - room
        if lacking <= 0 or not title:
            break
        if shown[1] - lacking < _LEAST_NAME:
            del shown[TITLES.index(title)]
    shown[1] = max(_LEAST_NAME // 2, shown[1] - max(0, lacking))
    left = room - sum(shown.values()) - _GAP * len(shown)
    return shown, max(0, min(_SPARK[1], left))


def _cells(row: Row) -> tuple[str, ...]:
    first, _, *more = row_cells(row.source, row.target)
    return first, clean(f"{row.source['name']}/{row.target['target']}"), *more


def _line(cells: Sequence[str], columns: dict[int, int]) -> str:
    parts = []
    for index, width in columns.items():
        cell = cells[index]
        short = cell if cell_len(cell) <= width else f"{set_cell_size(cell, width - 1)}~"
        lacking = " " * (width - cell_len(short))
        parts.append(short + lacking if index < LEFT else lacking + short)
    return (" " * _GAP).join(parts)


def _of_row(row: Row, frame: Frame) -> list[Text]:
    lines = [Text.assemble((clean(row.target["endpoint"]), "bold"))]
    lines += source_troubles(row.instance, row.source)
    lines += details(row.instance, row.source, row.target)
    for transfer in row.target["transfers"]:
        lines.append(_transfer(transfer, frame))
    return lines


def _transfer(transfer: Json, frame: Frame) -> Text:
    total, done = transfer["bytes_total"], transfer["bytes"]
    share = min(1.0, done / total) if total else 0.0
    full, empty = ("#", ".") if frame.plain else ("━", "┄")
    bar = full * round(share * _BAR) + empty * (_BAR - round(share * _BAR))
    noun = "path" if transfer["paths"] == 1 else "paths"
    moved = f"{size(done)} of {size(total)}" if total else size(done)
    return Text(
        f"now: {bar} {share:4.0%}  {count(transfer['paths'])} {noun}, {moved},"
        f" {span(transfer['elapsed_s'])}  {clean(transfer['first_path'])}"
    )


def _change(change: Change) -> Text:
    clock = time.strftime("%H:%M:%S", time.localtime(change.at_s))
    files = "1 file" if change.files == 1 else f"{count(change.files)} files"
    times = "" if change.transfers == 1 else f" in {count(change.transfers)} transfers"
    path = f"  {clean(change.first_path)}" if change.first_path else ""
    who = clean(f"{change.source}/{change.target}")
    failed = "" if change.verdict == "done" else f"{change.verdict}: "
    deleted = f", {count(change.deleted)} deleted" if change.deleted else ""
    sent = f"{failed}{files}{deleted}, {size(change.sent_bytes)} sent"
    return Text(f"{clock}  {who}  {sent}{times}{path}", no_wrap=True)


def _said(view: View, desk: Desk) -> list[Text]:
    lines = [Text(f"no answer from {clean(why)}; asked again", "red") for why in view.silent[:2]]
    if desk.said:
        lines.append(Text(clean(desk.said), style="bold"))
    return lines


def _wrapped(line: Text, columns: int) -> list[Text]:
    """Return *line* in lines that fit; what is wrapped stands below its beginning."""
    if line.no_wrap or cell_len(line.plain) <= columns:
        return [line]
    deep = len(line.plain) - len(line.plain.lstrip())
    parts = line[deep:].wrap(_MEASURING, max(10, columns - deep))
    return [Text(" " * deep) + part for part in parts]


def _fitted(line: Text, frame: Frame) -> Text:
    line = line.copy()
    line.truncate(frame.columns, overflow="crop")
    return line
