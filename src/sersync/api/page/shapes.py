"""What the page says, as plain words and numbers: ``view`` fills it, the templates write it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Problem, Reason
from sersync.model.path import RelPath


class Mood(Enum):
    """How worried a reader should be. The value is a class of the style sheet."""

    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that waits for a person, with what to type."""

    key: str
    where: str
    since: str
    """How long, or empty where nobody knows."""
    message: str
    remedy: str
    command: str
    way_on: tuple[str, ...]
    """What lets it go on, in words and as a command; empty where it does by itself, or the
    command is that."""


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
    moving: str
    """How many of these are on their way."""
    why: str
    """Why it waits, in one line; empty where the whole source waits for the same."""
    failing: int
    """How many paths it does not take."""
    facts: tuple[tuple[str, str], ...]
    progress: tuple[str, int] | None
    """What is being compared, and how many percent of it are done; -1 where that is unknown."""
    reason: Reason | None
    problems: tuple[Problem, ...]
    problems_more: int
    notes: tuple[str, ...]
    pending_by: tuple[DirectoryView, ...]
    pending_more: int
    """In how many further directories paths are pending."""
    runs: tuple[RunView, ...]
    transfers: tuple[TransferView, ...]
    is_paused: bool
    plots: PlotsView | None
    """None: left out this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotsView:
    """The plots of one target, as SVG: one small enough for a row, and some with a title each."""

    spark: str
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryView:
    """A directory, and how many paths are pending there."""

    directory: RelPath
    paths: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run under way, in words."""

    what: str
    percent: int
    """-1 where that is unknown."""
    first_path: RelPath


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """One run that has ended, in words."""

    at: float
    verdict: str
    mood: Mood
    what: str
    example: RelPath | None


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
    look: str
    """The command that shows the same in a terminal."""
    alarms: tuple[Alarm, ...]
    sources: tuple[SourceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What is known about a path that was asked for, in sentences."""

    title: str
    lines: tuple[str, ...] = ()
    error: str = ""
