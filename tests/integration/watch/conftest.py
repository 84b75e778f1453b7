"""A watcher on a tree of its own, and ways to wait for what it says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sersync.model.filters import Filter
from sersync.model.path import RelPath
from sersync.model.report import Desync, NewTree, Report, Touched
from sersync.replication.ports import Watcher
from sersync.watch.inotify import InotifyWatcher

_DEADLINE_S = 20.0


class Watched:
    """A tree below *root*, and all that its watcher has said so far."""

    def __init__(self, root: Path, watcher: InotifyWatcher) -> None:
        self.root = root
        self.watcher = watcher
        self.reports: list[Report] = []

    def take(self, timeout_s: float = 0.05) -> list[Report]:
        """Return what one take says, and remember it."""
        reports = self.watcher.take(timeout_s)
        self.reports += reports
        return reports

    def until(self, condition: Callable[[], bool]) -> None:
        """Take until *condition* holds."""
        deadline = time.monotonic() + _DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"still not true; so far: {self.reports}"
            self.take()

    def settle(self) -> list[Report]:
        """Return everything said up to now: what happened before the call is in it.

        A marker in the root tells when: one queue keeps its events in order.
        """
        marker = RelPath(b".marker")
        first = len(self.reports)
        (self.root / ".marker").touch()
        (self.root / ".marker").unlink()
        self.until(lambda: Touched(marker, True) in self.reports[first:])
        said = self.reports[first:]
        self.reports = [report for report in self.reports if not _is_of(report, marker)]
        return [report for report in said if not _is_of(report, marker)]

    def touched(self) -> dict[RelPath, Touched]:
        """Return the last report on each path."""
        return {report.path: report for report in self.reports if isinstance(report, Touched)}

    def trees(self) -> set[RelPath]:
        """Return the new trees."""
        return {report.path for report in self.reports if isinstance(report, NewTree)}

    def desyncs(self) -> list[Desync]:
        """Return what is no longer vouched for."""
        return [report for report in self.reports if isinstance(report, Desync)]


def _is_of(report: Report, path: RelPath) -> bool:
    return isinstance(report, Touched) and report.path == path


Watch = Callable[..., Watched]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    directory.mkdir()
    return directory


@pytest.fixture
def watch(root: Path) -> Iterator[Watch]:
    """Begin to watch ``root``; arguments are the watcher's."""
    watchers: list[Watcher] = []

    def begin(filters: Filter | None = None, **options: object) -> Watched:
        options.setdefault("raise_limits", False)
        watcher = InotifyWatcher(os.fsencode(root), filters or Filter(), **options)  # type: ignore[arg-type]
        watchers.append(watcher)
        watched = Watched(root, watcher)
        watched.reports += watcher.begin()
        return watched

    yield begin
    for watcher in watchers:
        watcher.close()
