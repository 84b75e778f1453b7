"""What the page says, as plain words and numbers: decided here, written by the templates. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sersync.api.page.plot import (
    lag_plot,
    lag_spark,
    last_day,
    last_hour,
    throughput_plot,
)
from sersync.api.page.shapes import (
    Alarm,
    DirectoryView,
    Mood,
    PageView,
    PlotsView,
    RunView,
    SourceView,
    TargetView,
    TransferView,
)
from sersync.model.batch import Reason
from sersync.model.figures import count, size, span
from sersync.model.history import Sample, Transfer
from sersync.model.pasting import beside, own_command, resume_command
from sersync.model.path import display
from sersync.model.status import (
    DaemonStatus,
    PendingStatus,
    SourceStatus,
    TargetState,
    TargetStatus,
    TransferStatus,
    problems_line,
)

_MOST_PROBLEMS: Final = 10
_MOST_DIRECTORIES: Final = 8
_MOST_RUNS: Final = 8
_LATE_S: Final = 60.0
"""A target that is busy and further behind than this is worth a word."""

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
_BACKING_OFF: Final = _STATES[TargetState.BACKING_OFF][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is remembered of a target; functions, so that only what is shown is looked up."""

    samples: Callable[[str, str, float], Sequence[Sample]]
    transfers: Callable[[str, str], Sequence[Transfer]]
    pending: Callable[[str, str], Sequence[PendingStatus]]


def page_view(status: DaemonStatus, past: Past, *, now: float, with_plots: bool = True) -> PageView:
    """Return what the page says of *status*. *now*: seconds by the calendar.

    Plots are most of the page and change slowly: *with_plots* false leaves them out.
    """
    sources = tuple(_source(each, past, now, with_plots=with_plots) for each in status.sources)
    targets = [target for source in sources for target in source.targets]
    alarms = tuple(_alarms(status))
    mood, headline, detail = _headline(targets, alarms)
    return PageView(
        mood=mood,
        mark=_MARKS[mood],
        headline=headline,
        detail=detail,
        instance=f"sersync {status.version}, process {status.pid}, up {span(status.uptime_s)}",
        look=own_command("status", state_dir=status.state_dir),
        alarms=alarms,
        sources=sources,
    )


def _headline(targets: Sequence[TargetView], alarms: Sequence[Alarm]) -> tuple[Mood, str, str]:
    counts = {mood: sum(target.mood is mood for target in targets) for mood in Mood}
    total = len(targets)
    current = counts[Mood.GOOD]
    backing_off = sum(target.state == _BACKING_OFF for target in targets)
    parts = [
        f"{number} {words}"
        for number, words in (
            (counts[Mood.BAD], "halted"),
            (backing_off, _BACKING_OFF),
            (counts[Mood.WARN] - backing_off, "with paths that fail"),
            (counts[Mood.IDLE], "paused"),
            (counts[Mood.BUSY], "at work"),
        )
        if number
    ]
    detail = ", ".join([f"{current} of {total} targets in sync", *parts])
    if alarms:
        what = "1 thing needs" if len(alarms) == 1 else f"{len(alarms)} things need"
        return Mood.BAD, f"{what} your decision", detail
    if backing_off:
        who = "A target cannot" if backing_off == 1 else f"{backing_off} targets cannot"
        return Mood.WARN, f"{who} be reached or refuse, and will be tried again", detail
    if failing := sum(target.failing for target in targets):
        are = "is" if failing == 1 else "are"
        return Mood.WARN, f"{_paths(failing)} cannot be carried, and {are} tried again", detail
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
            found.append(
                _alarm(
                    status,
                    source.name,
                    "",
                    source.halted,
                    kind="source",
                    since=_halted_for(source),
                    goes_on_by_itself=not source.halted.needs_confirm,
                )
            )
        found += [
            replace(
                _alarm(
                    status, source.name, "", missing.reason, kind=f"mount:{display(missing.path)}"
                ),
                where=f"{display(missing.path)} of {source.name}",
            )
            for missing in source.missing
        ]
        found += [
            _alarm(
                status,
                source.name,
                target.target,
                target.reason,
                kind="target",
                since=span(target.since_s),
            )
            for target in source.targets
            if target.state is TargetState.HALTED
            and target.reason is not None
            and target.reason != source.halted
        ]
    return found


def _halted_for(source: SourceStatus) -> str:
    """Return how long; a source that is halted halts its targets, which know since when."""
    known = [each.since_s for each in source.targets if each.reason == source.halted]
    return span(max(known)) if known else ""


def _alarm(
    status: DaemonStatus,
    source: str,
    target: str,
    reason: Reason,
    *,
    kind: str,
    since: str = "",
    goes_on_by_itself: bool = False,
) -> Alarm:
    confirm = reason.needs_confirm
    command = resume_command(status.state_dir, source, target, confirm=confirm)
    is_said = goes_on_by_itself or command == reason.command
    words = "If that is meant:" if confirm else "Then let it go on:"
    return Alarm(
        key=f"alarm:{kind}:{source}/{target}",
        where=f"{source} → {target}" if target else source,
        since=since,
        message=reason.message,
        remedy=beside(reason.remedy, command),
        command=reason.command,
        way_on=() if is_said else (words, command),
    )


def _source(source: SourceStatus, past: Past, now: float, *, with_plots: bool) -> SourceView:
    watched = f"{count(source.directories)} directories watched by {source.watcher}"
    if source.state is not None and source.state.reason is not None:
        watched += f"; its state cannot be stored: {source.state.reason.message}"
    hooks = [f"hook {hook.name} fails: {hook.last_error}" for hook in source.hooks if hook.fails]
    return SourceView(
        key=f"source:{source.name}",
        name=source.name,
        root=source.root,
        summary=watched,
        notes=(*source.notes, *hooks),
        targets=tuple(
            _target(target, source, past, now, with_plots=with_plots) for target in source.targets
        ),
    )


def _target(
    target: TargetStatus, source: SourceStatus, past: Past, now: float, *, with_plots: bool
) -> TargetView:
    mood, words = _STATES[target.state]
    failing = len(target.problems) + target.problems_omitted
    if failing and mood in (Mood.GOOD, Mood.BUSY):
        mood = Mood.WARN
    names = target.source, target.target
    problems = target.problems[:_MOST_PROBLEMS]
    is_waiting = bool(target.pending or target.in_flight)
    directories, more = _directories(past.pending(*names)) if is_waiting else ((), 0)
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
        pending=_paths(target.pending + target.in_flight) or "nothing",
        moving=f"{count(target.in_flight)} moving" if target.in_flight else "",
        why=_why(target, source),
        failing=failing,
        facts=(*_facts(target), *_comparisons(target, now)),
        progress=_progress(target),
        reason=_shortened(target.reason),
        problems=problems,
        problems_more=len(target.problems) - len(problems) + target.problems_omitted,
        notes=target.notes,
        pending_by=directories,
        pending_more=more,
        runs=tuple(map(_run, target.transfers[:_MOST_RUNS])),
        transfers=tuple(map(_transfer, past.transfers(*names))),
        is_paused=target.state is TargetState.PAUSED,
        plots=_plots(past.samples, *names, now) if with_plots else None,
    )


def _shortened(reason: Reason | None) -> Reason | None:
    return reason and replace(reason, remedy=beside(reason.remedy, reason.command))


def _plots(
    samples_of: Callable[[str, str, float], Sequence[Sample]], source: str, target: str, now: float
) -> PlotsView:
    day, hour = last_day(now), last_hour(now)
    samples = samples_of(source, target, day.length_s)
    recent = [each for each in samples if each.at >= now - hour.length_s]
    return PlotsView(
        spark=lag_spark(recent, hour),
        figures=(
            ("Lag, last hour", lag_plot(recent, hour)),
            ("Lag, last day", lag_plot(samples, day)),
            ("Throughput, last hour", throughput_plot(recent, hour)),
            ("Throughput, last day", throughput_plot(samples, day)),
        ),
    )


def _why(target: TargetStatus, source: SourceStatus) -> str:
    """Return in one line why *target* waits, unless its whole source does."""
    if target.reason is None and target.problems:
        return problems_line(target)
    if target.reason is None or target.reason == source.halted:
        return ""
    after = f"; next attempt in {span(target.retry_in_s)}" if target.retry_in_s is not None else ""
    return target.reason.message + after


def _paths(number: int) -> str:
    return f"{count(number)} {'path' if number == 1 else 'paths'}" if number else ""


def _directories(pending: Sequence[PendingStatus]) -> tuple[tuple[DirectoryView, ...], int]:
    """Return the first directories in which paths are pending, and how many are left out."""
    known = [each for status in pending for each in status.directories]
    shown = tuple(
        DirectoryView(directory=each.directory, paths=count(each.paths))
        for each in known[:_MOST_DIRECTORIES]
    )
    return shown, len(known) - len(shown) + sum(each.directories_omitted for each in pending)


def _run(run: TransferStatus) -> RunView:
    what = f"{_paths(run.paths) or 'everything'}, for {span(run.elapsed_s)}"
    if run.bytes_total:
        what += f", {size(run.bytes)} of {size(run.bytes_total)}"
    percent = min(100, int(100 * run.bytes / run.bytes_total)) if run.bytes_total else -1
    return RunView(what=what, percent=percent, first_path=run.first_path)


def _facts(target: TargetStatus) -> list[tuple[str, str]]:
    facts = [
        ("Last success", _ago(target.last_success_s_ago)),
        ("Carried", f"{count(target.files)} files, {size(target.sent_bytes)}"),
        ("Rate", f"{target.files_per_s:.1f} files/s, {size(target.bytes_per_s)}/s"),
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


def _comparisons(target: TargetStatus, now: float) -> Iterator[tuple[str, str]]:
    """Yield what was found when the target was compared with what was carried there."""
    if (witness := target.witness) is not None:
        seen = f"{_paths(witness.differing)} differed" if witness.differing else "as it was left"
        yield "Last looked at", f"{_ago(witness.looked_s_ago)}: {seen}"
    if (audit := target.audit) is None:
        return
    rounds = f"{count(audit.rounds)} {'round' if audit.rounds == 1 else 'rounds'} ended"
    yield "Audit", f"{rounds}, {count(audit.entries)} entries compared in this one"
    if audit.drift:
        found = f"{_paths(audit.drift)}, {count(audit.repaired)} carried again"
        ago_s = None if audit.last_drift_at is None else max(0.0, now - audit.last_drift_at)
        when = "" if ago_s is None else f", {_ago(ago_s)}"
        yield "Changed by something else", f"{found}; last {audit.last_drift}{when}"


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
    what = f"{_paths(transfer.paths) or 'no path'}, {size(transfer.sent_bytes)}"
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
        example=transfer.examples[0] if transfer.examples else None,
    )
