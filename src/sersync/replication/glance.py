"""What one target lacks, for people to look at: bounded, however much it is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sersync.changelog.glimpse import Glimpse, Oldest
from sersync.model.dirty import DirtyPath
from sersync.model.path import RelPath, parent
from sersync.model.status import DirectoryCount, PendingPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One target's dirty paths at one moment. *oldest*: since when; None where nothing is dirty."""

    pending: int = 0
    in_flight: int = 0
    oldest: float | None = None
    paths: tuple[PendingPath, ...] = ()
    """Some of them; the oldest one is among those."""


def glance(
    glimpse: Glimpse, oldest: Oldest, pending: int, in_flight: int, *, now: float, most: int
) -> Glance:
    """Return what *glimpse* shows, with up to *most* paths: those in flight, then the oldest."""
    first_seen = oldest.find(glimpse, count=pending + in_flight, now=now)
    flying = [_shown(each, now, in_flight=True) for each in glimpse.flying(most)]
    waiting = [_of(glimpse, each, now) for each in glimpse.some(most)]
    paths = [*flying, *sorted(waiting, key=lambda each: -each.since_s)][:most]
    if len(paths) == most and (known := _missing(glimpse, oldest, paths)) is not None:
        paths[-1] = _of(glimpse, known, now)
    return Glance(
        pending=pending,
        in_flight=in_flight,
        oldest=first_seen,
        paths=tuple(paths),
    )


def _missing(glimpse: Glimpse, oldest: Oldest, paths: list[PendingPath]) -> DirtyPath | None:
    """Return the oldest path, if it is dirty and none of *paths*."""
    known = oldest.known
    if known is None or glimpse.first_seen(known.path) is None:
        return None
    return None if any(each.path == known.path for each in paths) else known


def _of(glimpse: Glimpse, entry: DirtyPath, now: float) -> PendingPath:
    is_flying, is_deferred = glimpse.is_in_flight(entry), glimpse.is_deferred(entry.path)
    return _shown(entry, now, in_flight=is_flying, deferred=is_deferred)


def _shown(
    entry: DirtyPath, now: float, *, in_flight: bool = False, deferred: bool = False
) -> PendingPath:
    due_in_s = None if deferred else max(0.0, entry.not_before - now)
    return PendingPath(
        path=entry.path,
        scope=entry.scope,
        since_s=max(0.0, now - entry.first_seen),
        due_in_s=0.0 if in_flight else due_in_s,
        in_flight=in_flight,
    )


def by_directory(paths: Iterable[RelPath], *, most: int) -> tuple[tuple[DirectoryCount, ...], int]:
    """Count *paths* by directory, the fullest ones first, and how many directories are left out.

    Where there are more than *most*, the deepest are counted with those above them, so that few
    stand for all; only directories right below the root are ever left out.
    """
    # As ``parent`` says, spelled out: there may be very many.
    directories = [path.rpartition(b"/")[0] for path in paths]
    counts = cast("Counter[RelPath]", Counter(directories))
    while len(counts) > most and (deepest := max(each.count(b"/") for each in counts)):
        for directory in [each for each in counts if each.count(b"/") == deepest]:
            counts[parent(directory)] += counts.pop(directory)
    shown = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most]
    return (
        tuple(DirectoryCount(directory=each, paths=count) for each, count in shown),
        len(counts) - len(shown),
    )
