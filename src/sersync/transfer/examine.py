"""What would carrying some paths do? Found out by dry runs, which hold nothing and take no lane."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.model.batch import Findings, Outcome, Reason, Verdict
from sersync.model.path import RelPath
from sersync.transfer.active import listing, new_token
from sersync.transfer.batch import Run
from sersync.transfer.command import Recipe
from sersync.transfer.launch import Launcher, not_started
from sersync.transfer.output import Item, parse_items, parse_stats
from sersync.transfer.sweep import count_deletions, looking
from sersync.transfer.verdict import Judgement

_UNKNOWN: Final = Reason(message="more was printed than can be read")
_UNTOUCHED: Final = frozenset(". ")
"""What stands in the flags of an item for each attribute that is the same (rsync(1), ``%i``)."""


class Examiner:
    """Makes one examination at a time. Owned by the worker's thread."""

    def __init__(
        self, launcher: Launcher, children: Children, is_directory: Callable[[RelPath], bool]
    ) -> None:
        self._launcher = launcher
        self._children = children
        self._is_directory = is_directory
        self._child: Child | None = None
        self._token = b""
        self._ahead: deque[tuple[Run, Recipe]] = deque()
        self._findings = Findings(number=0)
        self._lists = False

    @property
    def is_at_work(self) -> bool:
        """Its outcome is still to come."""
        return self._child is not None

    def begin(
        self, runs: Sequence[tuple[Run, Recipe]], *, too_wide: bool, lists: bool
    ) -> tuple[int, Outcome | None]:
        """Examine *runs*, in place of what is under way; return its number.

        *lists*: what differs is named, and not only counted what is deleted. The outcome, where
        there is nothing to wait for.
        """
        self.stop()
        number = self._findings.number + 1
        self._findings = Findings(number=number, too_wide=too_wide)
        self._ahead = deque(runs)
        self._lists = lists
        return number, self._next()

    def owns(self, child: Child) -> bool:
        """Tell whether *child* is part of the examination."""
        return child is self._child

    def ended(self, child: Child, judgement: Judgement) -> Outcome | None:
        """Take in what *child* found; return the outcome, if that was the last of it."""
        self._child = None
        is_known = judgement.verdict in (Verdict.DONE, Verdict.PARTIAL)
        if not is_known or child.stdout.has_gap:
            self._ahead.clear()
            self._findings = replace(self._findings, failed=judgement.reason or _UNKNOWN)
            return self._outcome()
        run, _ = self._ahead.popleft()
        self._take_in(run, child.stdout.text)
        return self._next()

    def stop(self) -> None:
        """End it; it has no outcome."""
        self._ahead.clear()
        if self._child is not None:
            self._children.kill(self._child)
            self._child = None

    def _next(self) -> Outcome | None:
        if not self._ahead:
            return self._outcome()
        run, recipe = self._ahead[0]
        self._token = new_token()
        names, how = looking(run, recipe) if run.sweeps else (run, recipe)
        tells_each = self._lists or bool(run.sweeps)
        extra = listing(self._token) if tells_each else [b"--dry-run"]
        try:
            child, fed = self._launcher.run(names, how, [*extra, b"--stats"], reads_all=True)
        except OSError as error:
            self._ahead.clear()
            self._findings = replace(self._findings, failed=not_started(error))
            return self._outcome()
        self._child = child
        self._children.add(child)
        self._children.feed(child, fed)
        return None

    def _take_in(self, run: Run, text: bytes) -> None:
        found = self._findings
        items = parse_items(text, self._token)
        if run.sweeps:
            deleted = count_deletions(items, self._launcher.target.filters, self._is_directory)
        else:
            deleted = parse_stats(text).deleted
        differing = frozenset(each.path for each in items if _differs(each))
        self._findings = replace(
            found, deleted=found.deleted + deleted, differing=found.differing | differing
        )

    def _outcome(self) -> Outcome:
        return Outcome(verdict=Verdict.DONE, paths=(), findings=self._findings)


def _differs(item: Item) -> bool:
    return item.deleted or not set(item.flags[2:]) <= _UNTOUCHED
