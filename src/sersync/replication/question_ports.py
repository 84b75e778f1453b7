"""What questions need from the world, as ``ports`` says what the engine needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sersync.model.difference import Comparison
from sersync.model.dirty import Scope
from sersync.model.explanation import Carried
from sersync.model.path import RelPath


class Comparer(Protocol):
    """Compares source and target beside whatever is carried. For any thread."""

    def compare(
        self,
        paths: Sequence[tuple[RelPath, Scope]],
        *,
        deadline_s: float,
        checksum: bool = False,
        sees_newer: bool = False,
        is_stopping: Callable[[], bool] = ...,
    ) -> Comparison:
        """Return how entries and levels (no trees) differ now; takes *deadline_s* at most.

        *sees_newer*: with what no transfer would change since the target's is newer (``-u``).
        """
        ...


class History(Protocol):
    """What was carried. For any thread."""

    def last_carried(
        self, source: str, target: str, path: RelPath, *, changed_at: float | None = None
    ) -> Carried | None:
        """Return the last transfer that was for *path*, as far as that is known.

        *changed_at*: when it last changed, by the calendar. One that looked through a directory
        above since then was for it too; None: that is not known.
        """
        ...
