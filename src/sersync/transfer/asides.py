"""What is run beside the transfers, for no path and on no lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.model.batch import Outcome
from sersync.model.path import RelPath
from sersync.transfer.batch import Run
from sersync.transfer.census import CensusTaker
from sersync.transfer.command import Recipe
from sersync.transfer.examine import Examiner
from sersync.transfer.launch import Launcher
from sersync.transfer.trash import Trash
from sersync.transfer.verdict import Judgement


class Asides:
    """The census, the examination and the emptying of the trash of one target.

    Owned by the worker's thread.
    """

    def __init__(
        self, launcher: Launcher, children: Children, is_directory: Callable[[RelPath], bool]
    ) -> None:
        self._census = CensusTaker(launcher, children, is_directory)
        self._examiner = Examiner(launcher, children, is_directory)
        self._trash = Trash(launcher, children)
        self._ready: list[Outcome] = []

    @property
    def are_counting(self) -> bool:
        """A census or an examination is under way, whose outcome is still to come."""
        return self._census.is_at_work or self._examiner.is_at_work

    def take_census(self) -> None:
        """Begin one, unless it is under way."""
        if (failure := self._census.take()) is not None:
            self._ready.append(failure)

    def examine(self, runs: Sequence[tuple[Run, Recipe]], *, too_wide: bool, lists: bool) -> int:
        """Begin to find out what *runs* would do; return the number of the examination."""
        number, outcome = self._examiner.begin(runs, too_wide=too_wide, lists=lists)
        if outcome is not None:
            self._ready.append(outcome)
        return number

    def tend_trash(self, now: float) -> None:
        """Empty the trash, if it is time for that."""
        self._trash.tend(now)

    def owns(self, child: Child) -> bool:
        """Tell whether *child* is none of the transfers'."""
        return any(each.owns(child) for each in (self._census, self._examiner, self._trash))

    def ended(self, child: Child, judgement: Judgement) -> None:
        """Take note of how *child*, which is ours, has ended."""
        if self._trash.owns(child):
            self._trash.ended(judgement)
        elif self._census.owns(child):
            self._ready.append(self._census.taken(child, judgement))
        elif (outcome := self._examiner.ended(child, judgement)) is not None:
            self._ready.append(outcome)

    def take(self) -> list[Outcome]:
        """Hand out the outcomes that there are."""
        ready, self._ready = self._ready, []
        return ready

    @property
    def has_outcomes(self) -> bool:
        """There is something to be taken."""
        return bool(self._ready)

    def stop(self, *, counts: bool) -> None:
        """End what can be done later; with *counts*, what is counted and examined too."""
        self._trash.stop()
        if counts:
            self._census.stop()
            self._examiner.stop()
            self._ready.clear()
