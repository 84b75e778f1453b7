"""Source and target compared beside the transfers, and what differs explained.

One mechanism for ``verify`` and for the audit: a part of the tree is looked at by a dry run; what
differs and is neither on its way, nor failing, nor younger than the look, is looked at again. Only
what still differs then has drifted: something else changed the target.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sersync.model.batch import Reason
from sersync.model.difference import Comparison, Difference, Kind
from sersync.model.dirty import Scope
from sersync.model.path import ROOT, RelPath, ancestors, is_within, parent
from sersync.model.verification import Cause, Found
from sersync.replication.evidence import unexplained
from sersync.replication.pipeline import Pipeline
from sersync.replication.worker import TargetWorker

LOOK_FOR_S: Final = 600.0
"""How long one dry run may take; with checksums the files of a slice are read on both sides."""
_AGAIN_S: Final = 1.0
_YOUNG_S: Final = 2.0
"""What changed so shortly before a look may not have been reported yet when it was made."""
_MOST_LOOKS: Final = 5
_MOST_AT_ONCE: Final = 2_000
_PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Before a dry run that failed is made again: no connection may have been left."""


class Stopped(Exception):
    """Nobody wants to know any more."""


class Comparing:
    """Compares parts of one source with one target. For one thread.

    Raises ``Stopped`` as soon as *stopping* is set.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        worker: TargetWorker,
        *,
        checksum: bool,
        sees_newer: bool,
        stopping: threading.Event,
        changed_at: Callable[[RelPath], float],
        wall: Callable[[], float],
    ) -> None:
        """*sees_newer*: with what no transfer would change since the target's is newer.

        *changed_at*: when the path, or the directory it is in, changed, by the calendar.
        """
        self._pipeline = pipeline
        self._worker = worker
        self._comparer = pipeline.comparers[worker.target.name]
        self._checksum = checksum
        self._sees_newer = sees_newer
        self._stopping = stopping
        self._changed_at = changed_at
        self._wall = wall
        self.failed: Reason | None = None
        """Why the last part could not be compared."""

    def compare(self, paths: Sequence[tuple[RelPath, Scope]]) -> list[Found]:
        """Return what differs of *paths*, and why; see ``failed``."""
        began_at = self._wall()
        shown = self._look(paths)
        if shown is None:
            return []
        unread = [
            Found(difference=Difference(path=each, kind=Kind.CHANGED), cause=Cause.UNREADABLE)
            for each in shown.unread
        ]
        known = self._failing(paths, {each.path: each for each in shown.differences})
        failing = {each.path for each in known}
        failing.update(shown.unread)
        differing = [each for each in shown.differences if each.path not in failing]
        return [
            *unread,
            *(
                Found(difference=each, cause=Cause.FAILING)
                for each in known
                if each.path not in shown.unread
            ),
            *self._explained(differing, began_at),
        ]

    def _failing(
        self, paths: Sequence[tuple[RelPath, Scope]], differing: dict[RelPath, Difference]
    ) -> list[Difference]:
        """Return what of *paths* is known to fail, also where a dry run names no difference."""
        names = {path for path, _ in paths}
        levels = {path for path, scope in paths if scope is not Scope.ENTRY}
        return [
            differing.get(each.path, Difference(path=each.path, kind=Kind.CHANGED))
            for each in self._worker.problems
            if each.path in names or parent(each.path) in levels
        ]

    def _explained(self, differing: Sequence[Difference], began_at: float) -> list[Found]:
        """Sort out why each of *differing* differs; look again at what nothing explains."""
        found: list[Found] = []
        doubtful = self._without_pending(differing, found)
        for _ in range(_MOST_LOOKS - 1):
            if not doubtful:
                return found
            self._pause(_AGAIN_S)
            old = {each.path for each in doubtful if self._is_old(each.path, began_at)}
            began_at = self._wall()
            still = self._look_again(doubtful)
            if still is None:
                return found
            doubtful = self._without_pending(still, found)
            sure = [each for each in doubtful if each.path in old]
            sure = [each for each in sure if self._is_old(each.path, began_at)]
            found += [
                Found(difference=each, cause=Cause.NEWER if each.newer else Cause.DRIFT)
                for each in sure
            ]
            known = {each.path for each in sure}
            doubtful = [each for each in doubtful if each.path not in known]
        return found + [Found(difference=each, cause=Cause.CHANGING) for each in doubtful]

    def _without_pending(
        self, differing: Sequence[Difference], found: list[Found]
    ) -> list[Difference]:
        """Return what of *differing* is not on its way; put the rest into *found*."""
        if not differing:
            return []
        dirty = self._pipeline.mailbox.snapshot(self._worker.target.name)
        compared = self._worker.comparisons(ROOT)
        left = unexplained(
            (each.path for each in differing),
            dirty=(*dirty.in_flight, *dirty.deferred, *dirty.waiting),
            failing=(each.path for each in self._worker.problems),
        )
        left = frozenset(
            path for path in left if not any(is_within(path, subtree) for subtree in compared)
        )
        pending = (each for each in differing if each.path not in left)
        found += [Found(difference=each, cause=Cause.PENDING) for each in pending]
        return [each for each in differing if each.path in left]

    def _is_old(self, path: RelPath, began_at: float) -> bool:
        """Tell whether *path* had not changed for a while when a look began."""
        return self._changed_at(path) < began_at - _YOUNG_S

    def _look_again(self, doubtful: Sequence[Difference]) -> list[Difference] | None:
        """Look at just these; None if that cannot be."""
        still: list[Difference] = []
        wanted = {each.path for each in doubtful}
        paths = sorted(wanted)
        for start in range(0, len(paths), _MOST_AT_ONCE):
            part = [(path, Scope.ENTRY) for path in paths[start : start + _MOST_AT_ONCE]]
            shown = self._look(part)
            if shown is None:
                return None
            still += [each for each in shown.differences if each.path in wanted]
        return _with_strange_below(still, doubtful)

    def _look(self, paths: Sequence[tuple[RelPath, Scope]]) -> Comparison | None:
        self.failed = None
        for pause_s in (0.0, *_PAUSES_S):
            self._pause(pause_s)
            shown = self._comparer.compare(
                paths,
                deadline_s=LOOK_FOR_S,
                checksum=self._checksum,
                sees_newer=self._sees_newer,
                is_stopping=self._stopping.is_set,
            )
            if self._stopping.is_set():
                raise Stopped
            if shown.failed is None:
                self.failed = None
                return shown
            self.failed = shown.failed
        return None

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds) if seconds else self._stopping.is_set():
            raise Stopped


def _with_strange_below(still: list[Difference], before: Iterable[Difference]) -> list[Difference]:
    """Return *still* with those of *before* that lie in a directory that is still strange.

    Asked by name, rsync names what is below it as well; but not if only the directory is asked.
    """
    strange = {each.path for each in still if each.kind is Kind.STRANGE}
    known = {each.path for each in still}
    return still + [
        each
        for each in before
        if each.kind is Kind.STRANGE
        and each.path not in known
        and not strange.isdisjoint(ancestors(each.path))
    ]
