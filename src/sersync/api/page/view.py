"""What the page says, as plain words and numbers: decided here, written by the templates. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sersync.api.page.plot import (
    lag_plot,
    lag_spark,
    last_day,
    last_hour,
    throughput_plot,
)
from sersync.model.batch import Problem, Reason
from sersync.model.figures import count, size, span
from sersync.model.history import Sample, Transfer
from sersync.model.path import display
from sersync.model.status import DaemonStatus, SourceStatus, TargetState, TargetStatus

_MOST_PROBLEMS: Final = 10
_LATE_S: Final = 60.0
"""A target that is busy and further behind than this is worth a word."""


class Mood(Enum):
    """How worried a reader should be. The value is a class of the style sheet."""

    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


_MARKS: Final = {Mood.GOOD: "✓", Mood.BUSY: "↻", Mood.WARN: "!", Mood.BAD: "✕", Mood.IDLE: "‖"}
"""So that no state is told by its colour alone."""
_STATES: Final = {
    TargetState.STARTING: (Mood.BUSY, "starting"),
    TargetState.RESYNCING: (Mood.BUSY, "comparing"),
    TargetState.IN_SYNC: (Mood.GOOD, "in sync"),
    TargetState.SETTLING: (Mood.BUSY, "settling"),
    TargetState.TRANSFERRING: (Mood.BUSY, "transferring"),
    TargetState.BACKING_OFF: (Mood.WARN, "backing off"),
    TargetState.PAUSED: (Mood.IDLE, "paused"),
    TargetState.HALTED: (Mood.BAD, "halted"),
    TargetState.STOPPED: (Mood.IDLE, "stopped"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that waits for a person, with what to type."""

    key: str
    where: str
    message: str
    remedy: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """One target, in words."""

    key: str
    source: str
    name: str
    endpoint: str
    mood: Mood
    mark: str
    state: str
    since: str
    lag: str
    is_late: bool
    pending: str
    facts: tuple[tuple[str, str], ...]
    progress: tuple[str, int] | None
    """What is being compared, and how many percent of it are done; -1 where that is unknown."""
    reason: Reason | None
    problems: tuple[Problem, ...]
    problems_more: int
    notes: tuple[str, ...]
    pending_by: tuple[tuple[str, str], ...]
    """Directories, and how many paths are pending there."""
    transfers: tuple[TransferView, ...]
    is_paused: bool
    plots: PlotsView | None
    """None: left out this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotsView:
    """The plots of one target, as SVG: one small enough for a row, and some with a title each."""

    spark: str
    figures: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """One run that has ended, in words."""

    at: float
    verdict: str
    mood: Mood
    what: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """One source and its targets, in words."""

    key: str
    name: str
    root: str
    summary: str
    notes: tuple[str, ...]
    targets: tuple[TargetView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """The whole page."""

    mood: Mood
    mark: str
    headline: str
    detail: str
    instance: str
    alarms: tuple[Alarm, ...]
    sources: tuple[SourceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What is known about a path that was asked for, in sentences."""

    title: str
    lines: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is remembered of a target; functions, so that only what is shown is looked up."""

    samples: Callable[[str, str, float], Sequence[Sample]]
    transfers: Callable[[str, str], Sequence[Transfer]]
    pending: Callable[[str, str], Sequence[tuple[str, int]]]
    """How many paths are pending in which directories, most first; a bounded number."""


def page_view(status: DaemonStatus, past: Past, *, now: float, with_plots: bool = True) -> PageView:
    """Return what the page says of *status*. *now*: seconds by the calendar.

    Plots are most of the page and change slowly: *with_plots* false leaves them out.
    """
    sources = tuple(_source(each, past, now if with_plots else None) for each in status.sources)
    targets = [target for source in sources for target in source.targets]
    alarms = tuple(_alarms(status))
    mood, headline, detail = _headline(targets, alarms)
    return PageView(
        mood=mood,
        mark=_MARKS[mood],
        headline=headline,
        detail=detail,
        instance=f"sersync {status.version}, process {status.pid}, up {span(status.uptime_s)}",
        alarms=alarms,
        sources=sources,
    )


def _headline(targets: Sequence[TargetView], alarms: Sequence[Alarm]) -> tuple[Mood, str, str]:
    counts = {mood: sum(target.mood is mood for target in targets) for mood in Mood}
    total = len(targets)
    current = counts[Mood.GOOD]
    parts = [
        f"{counts[mood]} {words}"
        for mood, words in (
            (Mood.BAD, "halted"),
            (Mood.WARN, "backing off"),
            (Mood.IDLE, "paused"),
            (Mood.BUSY, "at work"),
        )
        if counts[mood]
    ]
    detail = ", ".join([f"{current} of {total} targets in sync", *parts])
    if alarms:
        what = "1 thing needs" if len(alarms) == 1 else f"{len(alarms)} things need"
        return Mood.BAD, f"{what} a decision of yours", detail
    if counts[Mood.WARN]:
        who = "A target cannot" if counts[Mood.WARN] == 1 else f"{counts[Mood.WARN]} targets cannot"
        return Mood.WARN, f"{who} be reached or refuse, and will be tried again", detail
    if any(target.is_late for target in targets):
        return Mood.BUSY, "Some changes have been on their way for a while", detail
    if current == total and total:
        return Mood.GOOD, "Everything is in sync", detail
    if counts[Mood.IDLE] == total:
        return Mood.IDLE, "Nothing is carried now", detail
    return Mood.BUSY, "Changes are on their way", detail


def _alarms(status: DaemonStatus) -> list[Alarm]:
    found = []
    for source in status.sources:
        if source.halted is not None:
            found.append(_alarm(source.name, "", source.halted, kind="source"))
        found += [
            _alarm(source.name, "", missing.reason, kind=f"mount:{display(missing.path)}")
            for missing in source.missing
        ]
        found += [
            _alarm(source.name, target.target, target.reason, kind="target")
            for target in source.targets
            if target.state is TargetState.HALTED
            and target.reason is not None
            and target.reason != source.halted
        ]
    return found


def _alarm(source: str, target: str, reason: Reason, *, kind: str) -> Alarm:
    return Alarm(
        key=f"alarm:{kind}:{source}/{target}",
        where=f"{source} → {target}" if target else source,
        message=reason.message,
        remedy=reason.remedy,
        command=reason.command,
    )


def _source(source: SourceStatus, past: Past, plotted_at: float | None) -> SourceView:
    watched = f"{count(source.directories)} directories watched by {source.watcher}"
    if source.state is not None and source.state.reason is not None:
        watched += f"; its state cannot be stored: {source.state.reason.message}"
    hooks = [f"hook {hook.name}: {hook.last_error}" for hook in source.hooks if hook.last_error]
    return SourceView(
        key=f"source:{source.name}",
        name=source.name,
        root=source.root,
        summary=watched,
        notes=(*source.notes, *hooks),
        targets=tuple(_target(target, past, plotted_at) for target in source.targets),
    )


def _target(target: TargetStatus, past: Past, plotted_at: float | None) -> TargetView:
    mood, words = _STATES[target.state]
    names = target.source, target.target
    problems = target.problems[:_MOST_PROBLEMS]
    return TargetView(
        key=f"{target.source}/{target.target}",
        source=target.source,
        name=target.target,
        endpoint=target.endpoint,
        mood=mood,
        mark=_MARKS[mood],
        state=words,
        since=span(target.since_s),
        lag=span(target.lag_s) if target.lag_s else "none",
        is_late=mood is Mood.BUSY and target.lag_s > _LATE_S,
        pending=_pending(target),
        facts=tuple(_facts(target)),
        progress=_progress(target),
        reason=target.reason,
        problems=problems,
        problems_more=len(target.problems) - len(problems) + target.problems_omitted,
        notes=target.notes,
        pending_by=tuple((where, count(many)) for where, many in past.pending(*names))
        if target.pending or target.in_flight
        else (),
        transfers=tuple(map(_transfer, past.transfers(*names))),
        is_paused=target.state is TargetState.PAUSED,
        plots=None if plotted_at is None else _plots(past.samples, *names, plotted_at),
    )


def _plots(
    samples_of: Callable[[str, str, float], Sequence[Sample]], source: str, target: str, now: float
) -> PlotsView:
    day, hour = last_day(now), last_hour(now)
    samples = samples_of(source, target, day.length_s)
    recent = [each for each in samples if each.at >= now - hour.length_s]
    return PlotsView(
        spark=lag_spark(recent, hour),
        figures=(
            ("Last hour", (lag_plot(recent, hour), throughput_plot(recent, hour))),
            ("Last day", (lag_plot(samples, day), throughput_plot(samples, day))),
        ),
    )


def _pending(target: TargetStatus) -> str:
    total = target.pending + target.in_flight
    if not total:
        return "nothing"
    noun = "path" if total == 1 else "paths"
    moving = f", {count(target.in_flight)} moving" if target.in_flight else ""
    return f"{count(total)} {noun}{moving}"


def _facts(target: TargetStatus) -> list[tuple[str, str]]:
    facts = [
        ("Last success", _ago(target.last_success_s_ago)),
        ("Carried", f"{count(target.files)} files, {size(target.sent_bytes)}"),
        ("Rate", f"{target.files_per_s:.1f} files/s"),
        ("Connections", f"{target.runs} at work, {target.spares} ready"),
    ]
    if target.retry_in_s is not None:
        facts.insert(0, ("Next attempt", f"in {span(target.retry_in_s)}"))
    if target.consecutive_failures:
        facts.insert(1, ("Failures in a row", count(target.consecutive_failures)))
    if target.quarantined:
        facts.append(("In quarantine", f"{count(target.quarantined)} paths"))
    if target.unconfirmed:
        facts.append(("To be confirmed", f"{count(target.unconfirmed)} paths"))
    return facts


def _ago(seconds: float | None) -> str:
    return "none yet" if seconds is None else f"{span(seconds)} ago"


def _progress(target: TargetStatus) -> tuple[str, int] | None:
    progress = target.progress
    if progress is None:
        return None
    if not progress.entries_total:
        return f"{count(progress.entries)} entries compared", -1
    percent = min(100, int(100 * progress.entries / progress.entries_total))
    return f"{count(progress.entries)} of {count(progress.entries_total)} entries", percent


_VERDICTS: Final = {
    "done": Mood.GOOD,
    "partial": Mood.WARN,
    "retry": Mood.WARN,
    "halt": Mood.BAD,
}


def _transfer(transfer: Transfer) -> TransferView:
    noun = "path" if transfer.paths == 1 else "paths"
    what = f"{count(transfer.paths)} {noun}, {size(transfer.sent_bytes)}"
    if transfer.deleted:
        what += f", {count(transfer.deleted)} deleted"
    what += f" in {span(transfer.duration_s)}"
    if transfer.reason:
        what += f": {transfer.reason}"
    return TransferView(
        at=transfer.at,
        verdict=transfer.verdict,
        mood=_VERDICTS.get(transfer.verdict, Mood.IDLE),
        what=what,
        example=display(transfer.examples[0]) if transfer.examples else "",
    )
