"""The result: lines of one Markdown table. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BEGIN = "<!-- table: begin -->"
END = "<!-- table: end -->"

_HEADINGS = ("measure", "sersync", "peers", "ratio", "bar", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measure: what we need, what the peers need, and what we demand of ourselves."""

    measure: str
    ours: str
    peers: str = ""
    ratio: str = ""
    bar: str = ""
    is_met: bool | None = None
    """None: there is nothing to be met, or it could not be measured."""

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the table's row."""
        met = {True: "yes", False: "**no**", None: ""}[self.is_met]
        return (self.measure, self.ours, self.peers, self.ratio, self.bar, met)


def header() -> str:
    """Return the head of the table."""
    return f"{_row(_HEADINGS)}\n{_row(['---'] * len(_HEADINGS))}"


def row(line: Line) -> str:
    """Return *line* as a row of the table."""
    return _row(line.cells())


def replace_block(text: str, block: str) -> str:
    """Return *text* with *block* between the markers. Raises ``ValueError`` without them."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} … {END} to replace")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
