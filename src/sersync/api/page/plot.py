"""Plots as SVG, drawn from samples. Pure.

Colours, fonts and strokes are the style sheet's; the shapes are ours. Each plot says in words
what it shows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from sersync.model.figures import size, span
from sersync.model.history import Sample

_WIDTH: Final = 560
_HEIGHT: Final = 132
_LEFT: Final = 80
_RIGHT: Final = 8
_TOP: Final = 8
_BOTTOM: Final = 22
_COLUMNS: Final = 120
_SPARK_WIDTH: Final = 120
_SPARK_HEIGHT: Final = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time that a plot shows: *length_s* up to *end* (seconds by the calendar)."""

    end: float
    length_s: float
    name: str
    marks: tuple[tuple[float, str], ...]
    """Seconds before the end, and what is written there."""


def last_hour(now: float) -> Window:
    """Return the window of the last hour."""
    marks = ((3600.0, "60 min ago"), (1800.0, "30 min"), (0.0, "now"))
    return Window(end=now, length_s=3600.0, name="the last hour", marks=marks)


def last_day(now: float) -> Window:
    """Return the window of the last day."""
    marks = ((86400.0, "24 h ago"), (43200.0, "12 h"), (0.0, "now"))
    return Window(end=now, length_s=86400.0, name="the last day", marks=marks)


def lag_plot(samples: Sequence[Sample], window: Window) -> str:
    """Return a plot of the lag, the highest of each moment."""
    columns = _columns([(each.at, each.lag_s) for each in samples], window)
    return _plot(columns, window, noun="lag", unit=span, steps=_time_top, kind="lag")


def throughput_plot(samples: Sequence[Sample], window: Window) -> str:
    """Return a plot of the bytes sent per second."""
    rates = []
    for before, after in itertools.pairwise(samples):
        elapsed_s = after.at - before.at
        if elapsed_s > 0 and after.sent_bytes >= before.sent_bytes:
            rates.append((after.at, (after.sent_bytes - before.sent_bytes) / elapsed_s))
    columns = _columns(rates, window)
    return _plot(columns, window, noun="throughput", unit=_rate, steps=_size_top, kind="rate")


def lag_spark(samples: Sequence[Sample], window: Window) -> str:
    """Return the lag as a line of the size of a word, or nothing where nothing is known."""
    columns = _columns([(each.at, each.lag_s) for each in samples], window)[::2]
    if not any(value is not None for value in columns):
        return ""
    top = max(1.0, *(value for value in columns if value is not None))
    step = _SPARK_WIDTH / max(1, len(columns) - 1)
    points = [
        (number * step, _SPARK_HEIGHT - 2 - (_SPARK_HEIGHT - 4) * value / top)
        for number, value in enumerate(columns)
        if value is not None
    ]
    return (
        f'<svg class="spark" viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" aria-hidden="true"'
        f' focusable="false" preserveAspectRatio="none"><path class="line lag"'
        f' d="{_path(points)}"/></svg>'
    )


def _columns(values: Sequence[tuple[float, float]], window: Window) -> list[float | None]:
    """Return the highest value of each column; None where nothing is known."""
    columns: list[float | None] = [None] * _COLUMNS
    begin = window.end - window.length_s
    for at, value in values:
        number = int((at - begin) / window.length_s * _COLUMNS)
        if at == window.end:
            number = _COLUMNS - 1
        if 0 <= number < _COLUMNS:
            known = columns[number]
            columns[number] = value if known is None else max(known, value)
    return columns


def _plot(
    columns: list[float | None],
    window: Window,
    *,
    noun: str,
    unit: Callable[[float], str],
    steps: Callable[[float], float],
    kind: str,
) -> str:
    known = [value for value in columns if value is not None]
    top = steps(max(known, default=0.0))
    label = f"{noun.capitalize()} over {window.name}: "
    label += f"now {unit(known[-1])}, at most {unit(max(known))}" if known else "nothing known yet"
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    bottom = _TOP + inner_height
    parts = [
        (
            f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
            f' aria-label="{escape(label)}">'
        ),
        f"<title>{escape(label)}</title>",
    ]
    parts += _axes(window, lambda share: unit(top * share) if share else "0")
    for run in _runs(columns):
        points = [
            (
                _LEFT + inner_width * (number + 0.5) / _COLUMNS,
                bottom - inner_height * min(1.0, value / top),
            )
            for number, value in run
        ]
        line = _path(points)
        first, last = points[0][0], points[-1][0]
        parts.append(
            f'<path class="area {kind}" d="{line}L{last:.1f} {bottom}L{first:.1f} {bottom}Z"/>'
            f'<path class="line {kind}" d="{line}"/>'
        )
    parts.append("</svg>")
    return "".join(parts)


def _axes(window: Window, words: Callable[[float], str]) -> list[str]:
    """Return the lines and words around a plot; *words* of a share of its height."""
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _TOP + inner_height * (1.0 - share)
        parts.append(
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text class="y" x="{_LEFT - 8}" y="{y + 4:.1f}">{escape(words(share))}</text>'
        )
    for before_s, name in window.marks:
        x = _LEFT + inner_width * (1.0 - before_s / window.length_s)
        anchor = {0.0: "end", window.length_s: "start"}.get(before_s, "middle")
        parts.append(
            f'<text class="x" text-anchor="{anchor}" x="{x:.1f}" y="{_HEIGHT - 6}">{name}</text>'
        )
    return parts


def _runs(columns: list[float | None]) -> list[list[tuple[int, float]]]:
    """Return the stretches in which something is known; short gaps between samples are bridged."""
    runs: list[list[tuple[int, float]]] = []
    for number, value in enumerate(columns):
        if value is None:
            continue
        if runs and number - runs[-1][-1][0] <= _COLUMNS // 20:
            runs[-1].append((number, value))
        else:
            runs.append([(number, value)])
    return runs


def _path(points: Sequence[tuple[float, float]]) -> str:
    if len(points) == 1:
        (x, y) = points[0]
        return f"M{x - 1:.1f} {y:.1f}H{x + 1:.1f}"
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _rate(value: float) -> str:
    return f"{size(value)}/s"


def _time_top(value: float) -> float:
    """Return the end of the axis: a length of time that people know."""
    for top in (0.1, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0):
        if value <= top:
            return top
    return math.ceil(value / 7200.0) * 7200.0


def _size_top(value: float) -> float:
    """Return the end of the axis: one, two or five times a power of 1024, ten or a hundred."""
    top = 1024.0
    while top < value:
        for factor in (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1024.0):
            if value <= top * factor:
                return top * factor
        top *= 1024.0
    return top
