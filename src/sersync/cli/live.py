"""The live lines of ``mirror`` and ``run`` on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sersync.cli.tables import STYLES, go_on
from sersync.model.batch import Reason
from sersync.model.figures import count, size, span
from sersync.model.pasting import beside, own_command, resume_command
from sersync.model.path import display
from sersync.model.status import (
    DaemonStatus,
    PassProgress,
    SourceStatus,
    TargetState,
    TargetStatus,
)

_SHOWN_PROBLEMS = 3
_CELLS = 6
_CUT_FIRST = (1, 5)
_STATE_WIDTH = 15
"""Wide enough for every state, so that the line does not jump when one follows another."""


class LiveView:
    """Redraws the status in place, on standard error. For one thread."""

    def __init__(self) -> None:
        self._live = Live(console=Console(stderr=True, highlight=False), auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        # A second Ctrl-C ends us at once: the cursor must not stay hidden then.
        self._live.console.show_cursor()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, status: DaemonStatus) -> None:
        """Draw *status* in place of the last one, which stays when the daemon has stopped."""
        if status.sources:
            self._live.update(frame(status), refresh=True)


def frame(status: DaemonStatus) -> RenderableType:
    """Return a line for each target, with a bar during its full pass and what is wrong. Pure."""
    lines: list[RenderableType] = []
    several = len(status.sources) > 1
    for source in status.sources:
        if source.halted:
            lines += _reason(source.name, source.halted)
            if source.halted.needs_confirm:
                lines.append(Text(f"    {go_on(status.state_dir, source.name, confirm=True)}"))
        for missing in source.missing:
            lines += _reason(source.name, missing.reason)
            lines.append(Text(f"    {go_on(status.state_dir, source.name, confirm=True)}"))
        if source.state and source.state.reason:
            lines += _reason(source.name, source.state.reason)
        lines += [Text(f"{source.name}: {note}", style="yellow") for note in source.notes]
        table = Table.grid(padding=(0, 3, 0, 0))
        for index in range(_CELLS):
            # What has no room is cut short, the name and the totals first: a line that became two
            # would make all others jump.
            table.add_column(
                no_wrap=index not in _CUT_FIRST, min_width=_STATE_WIDTH if not index else None
            )
        for target in source.targets:
            table.add_row(*_cells(source, target, several))
        lines.append(table)
        for target in source.targets:
            lines += _below(status, source, target)
    return Group(*lines)


def _below(
    status: DaemonStatus, source: SourceStatus, target: TargetStatus
) -> list[RenderableType]:
    """Return what there is to say of *target* besides its line."""
    lines: list[RenderableType] = []
    if target.progress and target.state is not TargetState.IN_SYNC:
        lines.append(_bar(target.progress))
    if target.reason and target.state in (TargetState.HALTED, TargetState.BACKING_OFF):
        is_waiting = target.state is TargetState.BACKING_OFF
        lines += _reason(target.target, target.reason, target.retry_in_s if is_waiting else None)
    if target.state is TargetState.HALTED and source.halted is None:
        confirm = target.reason is not None and target.reason.needs_confirm
        names = source.name, target.target
        way_on = resume_command(status.state_dir, *names, confirm=confirm)
        if target.reason is None or target.reason.command != way_on:
            lines.append(Text(f"    {go_on(status.state_dir, *names, confirm=confirm)}"))
    return lines + _problems(target, status.state_dir)


def _cells(source: SourceStatus, target: TargetStatus, several: bool) -> list[Text]:
    state = target.state.value
    mark = {"in-sync": "✓", "halted": "✗", "backing-off": "!"}.get(state, "•")
    style = STYLES.get(target.state.value, "")
    name = f"{source.name} → {target.target}" if several else target.target
    return [
        Text(f"{mark} {state}", style=style),
        Text(name, no_wrap=True, overflow="ellipsis"),
        Text(_pending(target)),
        Text(f"{count(target.files_per_s)} files/s"),
        Text(_lag(target)),
        Text(
            f"{count(target.files)} files, {size(target.sent_bytes)} sent",
            style="dim",
            no_wrap=True,
            overflow="ellipsis",
        ),
    ]


def _pending(target: TargetStatus) -> str:
    if not target.compared and target.progress is None:
        return "not compared yet"  # nothing is known to be pending, and nothing to be there
    return f"{count(target.pending + target.in_flight)} pending"


def _lag(target: TargetStatus) -> str:
    if not target.lag_s:
        return "lag 0" if target.compared else "lag unknown"
    return f"lag {span(target.lag_s)}"


def _bar(progress: PassProgress) -> RenderableType:
    """Return files, bytes, rate and time left of a full pass, as far as they are known."""
    done, total = progress.entries, progress.entries_total
    row = Table.grid(padding=(0, 2, 0, 0))
    words = [f"  full pass {count(done)}"]
    if total:
        words[0] += f" of {count(max(done, total))} files"
    else:
        words[0] += " files"
    if progress.bytes:
        moved = size(progress.bytes)
        words.append(f"{moved} of {size(progress.bytes_total)}" if progress.bytes_total else moved)
        if progress.elapsed_s > 0:
            words.append(f"{size(progress.bytes / progress.elapsed_s)}/s")
    share = pass_share(progress)
    if share is None:
        row.add_row(Text("   "), *map(Text, words))
        return row
    if 0.01 < share < 1 and progress.elapsed_s > 1:
        words.append(f"{span(progress.elapsed_s / share - progress.elapsed_s)} left")
    row.add_row(
        Text(words[0]), ProgressBar(total=1.0, completed=share, width=30),
        Text(f"{share:4.0%}"), *map(Text, words[1:]),
    )  # fmt: skip
    return row


def pass_share(progress: PassProgress) -> float | None:
    """Return how much of a full pass is done, from 0 to 1; None while the total is unknown.

    Entries and bytes count equally: a tree of many small files and one of few large ones both
    move evenly.
    """
    if not progress.entries_total:
        return None
    entries = min(1.0, progress.entries / progress.entries_total)
    if not progress.bytes_total:
        return entries
    return (entries + min(1.0, progress.bytes / progress.bytes_total)) / 2


def _reason(name: str, reason: Reason, retry_in_s: float | None = None) -> list[RenderableType]:
    again = "" if retry_in_s is None else f"; next attempt in {span(retry_in_s)}"
    lines: list[RenderableType] = [Text.assemble((f"  {name}: ", "bold"), reason.message, again)]
    if reason.remedy:
        lines.append(Text(f"    {beside(reason.remedy, reason.command)}"))
    if reason.command:
        lines.append(Text(f"    $ {reason.command}", style="dim"))
    return lines


def _problems(target: TargetStatus, state_dir: str) -> list[RenderableType]:
    shown = target.problems[:_SHOWN_PROBLEMS]
    lines: list[RenderableType] = [
        Text(f"  {display(problem.path)}: {problem.message}", style="yellow") for problem in shown
    ]
    omitted = len(target.problems) - len(shown) + target.problems_omitted
    if omitted:
        look = own_command("status", state_dir=state_dir)
        lines.append(Text(f"  and {count(omitted)} more: {look}", style="dim"))
    return lines
