"""One hook of one source: it is told of each changed path, once that stands on all targets.

In a thread of its own, and never in the way of replication: what it cannot take is dropped and
counted, what fails is tried again and then counted. What is waiting when the daemon ends is
stored with its checkpoints, and told by the next one: at least once, after a kill perhaps twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sersync.model.hooks import Change, ChangeKind, HookOutcome, HookSettings, Untold
from sersync.model.path import RelPath, display
from sersync.model.report import Moved, NewTree, Report, Stage, Touched
from sersync.model.status import HookStatus
from sersync.replication.hook_ports import ChangedTree, Hook
from sersync.replication.ports import Clock

log: Final = logging.getLogger("sersync.hook")

_CREATED_HOLD_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.02
_LOOK_RARELY_S: Final = 0.5
_MOST_LOOKED_AT: Final = 5_000
_LONGEST_PAUSE_S: Final = 60.0


@dataclass(slots=True)
class _Waiting:
    """A path that the hook is to be told of."""

    since: float
    not_before: float = 0.0
    created: bool = False
    was_dir: bool = False
    whole: bool = False
    """All that is in it is new too."""


@dataclass(slots=True)
class _Retry:
    change: Change
    attempts: int
    due: float


class HookWorker:
    """Tells one hook. ``offer`` is for the watcher's thread, ``run`` is the thread itself."""

    def __init__(
        self,
        settings: HookSettings,
        hook: Hook,
        tree: ChangedTree,
        *,
        stands: Callable[[RelPath], bool],
        max_delay_s: float,
        clock: Clock,
    ) -> None:
        """Prepare to tell *hook*; *stands* tells whether all targets have a path."""
        self.settings = settings
        self._hook = hook
        self._tree = tree
        self._stands = stands
        self._max_delay_s = max_delay_s
        self._clock = clock
        self._news = threading.Condition()
        self._waiting: dict[RelPath, _Waiting] = {}
        self._retries: list[_Retry] = []
        self._telling: list[Change] = []
        self._stopping = threading.Event()
        self._done = self._failed = self._dropped = 0
        self._last_error = ""
        self._fails = False

    def offer(self, reports: Iterable[Report]) -> None:
        """Take note of *reports*: each path is told once it stands on all targets."""
        now = self._clock.monotonic()
        with self._news:
            for report in reports:
                match report:
                    case Touched(path, _, stage, created):
                        hold_s = {Stage.OPEN: self._max_delay_s, Stage.CREATED: _CREATED_HOLD_S}
                        not_before = now + hold_s[stage] if stage in hold_s else 0.0
                        is_dir = report.is_dir
                        self._add(path, _Waiting(now, not_before, created, is_dir))
                    case NewTree(path):
                        self._add(path, _Waiting(now, 0.0, True, True, True))
                    case Moved(old, _):
                        self._add(old, _Waiting(now))
            self._news.notify()

    def untold(self) -> list[Untold]:
        """Return what the hook is still to be told, also what it is being told. For any thread."""
        with self._news:
            found = {
                path: Untold(
                    path=path, created=each.created, was_dir=each.was_dir, whole=each.whole
                )
                for path, each in self._waiting.items()
            }
            changes = [*self._telling, *(each.change for each in self._retries)]
        for each in changes:
            is_new = each.kind is ChangeKind.CREATED
            untold = Untold(path=RelPath(each.path), created=is_new, was_dir=each.is_dir)
            found.setdefault(untold.path, untold)
        return list(found.values())

    def restore(self, untold: Iterable[Untold]) -> None:
        """Go on with what an earlier daemon did not tell. Before the thread starts."""
        now = self._clock.monotonic()
        for each in untold:
            self._add(each.path, _Waiting(now, 0.0, each.created, each.was_dir, each.whole))

    def stop(self) -> None:
        """Let ``run`` return soon. For any thread."""
        with self._news:
            self._stopping.set()
            self._news.notify()
        self._hook.cancel()

    def status(self) -> HookStatus:
        """Return what can be seen of it. For any thread."""
        return HookStatus(
            name=self.settings.name,
            waiting=len(self._waiting) + len(self._retries),
            done=self._done,
            failed=self._failed,
            dropped=self._dropped,
            last_error=self._last_error,
            fails=self._fails,
        )

    def run(self) -> None:
        """Tell the hook, until stopped."""
        pause_s = _LOOK_EVERY_S
        while not self._stopping.is_set():
            batch = self._due()
            if batch:
                self._tell(batch)
                pause_s = _LOOK_EVERY_S
                continue
            with self._news:
                if self._stopping.is_set():
                    break
                if not self._waiting and not self._retries:
                    self._news.wait()
                    pause_s = _LOOK_EVERY_S
                elif self._news.wait(pause_s):
                    pause_s = _LOOK_EVERY_S
                else:
                    pause_s = min(2 * pause_s, _LOOK_RARELY_S)
        if left := len(self.untold()):
            log.info("hook %s: %d paths are not told yet", self.settings.name, left)

    def _add(self, path: RelPath, new: _Waiting) -> None:
        old = self._waiting.get(path)
        if old is None and len(self._waiting) >= self.settings.most_waiting:
            self._drop()
            return
        if old is not None:
            new.since = old.since
            new.created = new.created or old.created
            new.was_dir = new.was_dir or old.was_dir
            new.whole = new.whole or old.whole
        self._waiting[path] = new

    def _drop(self) -> None:
        self._dropped += 1
        if self._dropped == 1:
            log.error(
                "hook %s: more than %d paths are waiting; further ones are dropped, and counted."
                " Raise `queue`, or make the hook faster.",
                self.settings.name,
                self.settings.most_waiting,
            )

    def _due(self) -> list[tuple[Change, int]]:
        """Take what can be told now: each change, and how often it was tried already."""
        now = self._clock.monotonic()
        with self._news:
            found = [(each.change, each.attempts) for each in self._retries if each.due <= now]
            self._telling = [change for change, _ in found]
            self._retries = [each for each in self._retries if each.due > now]
            looked_at = list(islice(self._waiting.items(), _MOST_LOOKED_AT))
        ready: list[tuple[RelPath, _Waiting]] = []
        for path, waiting in looked_at:
            if len(found) + len(ready) >= self.settings.most_per_batch:
                break
            if waiting.not_before <= now and self._may_tell(path, waiting, now):
                ready.append((path, waiting))
        for path, waiting in ready:
            found += [(change, 0) for change in self._changes(path, waiting)]
        with self._news:
            self._telling = [change for change, _ in found]
            for path, waiting in ready:
                # What changed again meanwhile waits anew.
                if self._waiting.get(path) is waiting:
                    del self._waiting[path]
        return found

    def _may_tell(self, path: RelPath, waiting: _Waiting, now: float) -> bool:
        return now - waiting.since >= self.settings.wait_s or self._stands(path)

    def _changes(self, path: RelPath, waiting: _Waiting) -> list[Change]:
        """Return the changes that *path* comes to, as it is now; for a new tree all in it."""
        found = []
        for each, is_dir in self._tree.below(path) if waiting.whole else [(path, None)]:
            seen = self._tree.kind(each) if is_dir is None else (is_dir, False)
            kind = ChangeKind.WRITTEN
            if seen is None:
                kind, seen = ChangeKind.DELETED, (waiting.was_dir, False)
            elif (waiting.created or waiting.whole) and not self._tree.is_file(each):
                kind = ChangeKind.CREATED
            change = Change(root=self._tree.root, path=each, kind=kind, is_dir=seen[0])
            if wants(self.settings, change):
                found.append(change)
        return found

    def _tell(self, batch: list[tuple[Change, int]]) -> None:
        attempts = {change.path: count for change, count in batch}
        changes = list({change.path: change for change, _ in batch}.values())
        most = self.settings.most_per_batch
        for start in range(0, len(changes), most):
            if self._stopping.is_set():
                break
            part = changes[start : start + most]
            outcome = self._hook.run(part)
            self._note(part, outcome, attempts)
            with self._news:
                self._telling = changes[start + most :]

    def _note(self, told: list[Change], outcome: HookOutcome, attempts: dict[bytes, int]) -> None:
        self._done += len(told) - len(outcome.failed)
        if outcome.reply:
            log.info("hook %s: %s", self.settings.name, outcome.reply)
        self._fails = bool(outcome.failed)
        if not outcome.failed:
            return
        now = self._clock.monotonic()
        self._last_error = outcome.message
        given_up = 0
        for change in outcome.failed:
            count = attempts.get(change.path, 0) + 1
            # What a stop cuts off has not failed: the next daemon tells it.
            if count < self.settings.attempts or self._stopping.is_set():
                pause_s = min(2.0 ** (count - 1), _LONGEST_PAUSE_S)
                with self._news:
                    self._retries.append(_Retry(change, count, now + pause_s))
            else:
                given_up += 1
        self._failed += given_up
        first = display(outcome.failed[0].absolute)
        log.warning(
            "hook %s: failed for %d paths, first %s: %s%s",
            self.settings.name,
            len(outcome.failed),
            first,
            outcome.message,
            "" if given_up else "; it is tried again",
        )


def wants(settings: HookSettings, change: Change) -> bool:
    """Tell whether the hook is meant for this path."""
    path = change.absolute
    below = settings.below.rstrip(b"/")
    if below and path != below and not path.startswith(below + b"/"):
        return False
    if settings.include and not any(each.matches(path) for each in settings.include):
        return False
    return not any(each.matches(path) for each in settings.exclude)
