"""How much of a target the source holds, from a dry run over everything."""

from __future__ import annotations

from collections.abc import Callable

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.model.batch import Census, Outcome, Verdict
from sersync.model.path import RelPath
from sersync.transfer.launch import Launcher, not_started
from sersync.transfer.output import parse_counts, parse_deletions
from sersync.transfer.sweep import count_deletions
from sersync.transfer.verdict import Judgement


class CensusTaker:
    """Takes one census at a time. Owned by the worker's thread."""

    def __init__(
        self, launcher: Launcher, children: Children, is_directory: Callable[[RelPath], bool]
    ) -> None:
        self._launcher = launcher
        self._children = children
        self._is_directory = is_directory
        self._child: Child | None = None

    @property
    def is_at_work(self) -> bool:
        """Its outcome is still to come."""
        return self._child is not None

    def take(self) -> Outcome | None:
        """Begin, unless one is under way; return why that cannot be, or None."""
        if self._child is not None:
            return None
        try:
            self._child = self._launcher.census()
        except OSError as error:
            return Outcome(verdict=Verdict.RETRY, paths=(), reason=not_started(error))
        self._children.add(self._child)
        self._children.feed(self._child, b"")
        return None

    def owns(self, child: Child) -> bool:
        """Tell whether *child* takes the census."""
        return child is self._child

    def taken(self, child: Child, judgement: Judgement) -> Outcome:
        """Return the outcome of the census that *child* took, which ended as in *judgement*."""
        self._child = None
        if judgement.verdict not in (Verdict.DONE, Verdict.PARTIAL):
            return Outcome(
                verdict=judgement.verdict,
                paths=(),
                reason=judgement.reason,
                exit_code=judgement.exit_code,
            )
        counts = parse_counts(child.stdout.text)
        shared = max(0, counts.listed - counts.created)
        census = Census(shared=shared, strange=self._strange(child, counts.deleted))
        return Outcome(verdict=Verdict.DONE, paths=(), census=census)

    def stop(self) -> None:
        """End the one under way, if any; it has no outcome."""
        if self._child is not None:
            self._children.kill(self._child)
            self._child = None

    def _strange(self, child: Child, deleted: int) -> int:
        """Return how many entries may be deleted, of those that rsync would delete."""
        filters = self._launcher.target.filters
        if filters.is_exact or child.stdout.has_gap:
            # Of too many to be named, all count: that errs on the safe side.
            return deleted
        items = parse_deletions(child.stdout.text)
        return count_deletions(items, filters, self._is_directory)
