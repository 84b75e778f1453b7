"""What differs between a source and a target, as a dry run tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sersync.model.batch import Reason
from sersync.model.path import RelPath


class Kind(Enum):
    """In what way a path differs."""

    ABSENT = "absent"
    """It is not on the target."""
    STRANGE = "strange"
    """It is on the target only."""
    CHANGED = "changed"
    """It is there, but other than at the source; *how* says in what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One path that is not on the target as it is at the source.

    *how* of what has changed: "content", "size", "time", "permissions", "owner", "group",
    "acl", "attributes" or "kind". *newer*: the target's is newer, and the options of rsync have
    such a file left as it is (``-u``), so no transfer changes that.
    """

    path: RelPath
    kind: Kind
    how: tuple[str, ...] = ()
    newer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one dry run has shown; with *failed* nothing, and why."""

    differences: tuple[Difference, ...] = ()
    unread: tuple[RelPath, ...] = ()
    """What could not be read at the source, so that nothing is known of it."""
    failed: Reason | None = None
