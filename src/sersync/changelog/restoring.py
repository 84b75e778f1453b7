"""A changelog as it was stored. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from sersync.changelog.backlog import Backlog
from sersync.changelog.log import Changelog
from sersync.changelog.merge import changed, merged
from sersync.model.checkpoint import KeptTarget
from sersync.model.dirty import DirtyPath
from sersync.model.path import RelPath

_SEQUENCE: Final = attrgetter("sequence")


def restored(
    reported: Iterable[DirtyPath], sequence: int, targets: Iterable[KeptTarget], *, now: float
) -> Changelog:
    """Return a log as it was stored: what was *reported*, and the state of each target.

    Nothing is a new name any more, and nothing is held back. The newest number ever given was
    *sequence*, or one that is found here.
    """
    entries: dict[RelPath, DirtyPath] = {}
    for entry in sorted(reported, key=_SEQUENCE):
        fresh = changed(entry, not_before=0.0, created=False)
        old = entries.pop(entry.path, None)
        entries[entry.path] = merged(old, fresh, created=False) if old else fresh
    numbers = [sequence, *(entry.sequence for entry in entries.values())]
    backlogs = {}
    for target in targets:
        numbers += (target.cursor, *(each.path.sequence for each in target.waiting))
        backlogs[target.name] = Backlog.restored(target.cursor, target.waiting, now=now)
    return Changelog.of(entries.values(), max(numbers), backlogs)
