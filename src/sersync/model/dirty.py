"""A path whose copy on a target may be stale."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from sersync.model.path import RelPath


class Scope(IntEnum):
    """How much of a path is dirty; a wider scope includes the narrower ones."""

    ENTRY = 0
    """This name: a file, a symlink, a device, a directory's own attributes, or its absence."""
    LEVEL = 1
    """A directory's attributes and its direct entries; extraneous ones are deleted."""
    TREE = 2
    """The whole subtree."""


@dataclass(slots=True, kw_only=True)
class DirtyPath:
    """A path that may be stale on a target. Treated as immutable by everyone but the changelog.

    Times are seconds of the monotonic clock. *not_before*: held back until then.
    *content*: a report said that bytes may have changed. *created*: the name is new, so that
    the target has no older copy that could look the same. *origin*: a hint, the target may have it
    under that name. *scheduled*: part of a full pass by schedule or at the start.
    """

    path: RelPath
    scope: Scope
    sequence: int
    first_seen: float
    not_before: float = 0.0
    content: bool = False
    created: bool = False
    failures: int = 0
    origin: RelPath | None = None
    scheduled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that was dirty for one target at a moment; a path may be in more than one list."""

    in_flight: list[DirtyPath]
    deferred: list[DirtyPath]
    """Waiting for a run to end that holds them."""
    waiting: list[DirtyPath]
    """To be taken at their time."""
