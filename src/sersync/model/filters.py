"""Which paths take part, by rsync's own pattern rules: as a predicate and as rsync options.

One engine for the watcher, the plan and every rsync run, so that they cannot disagree. What is
excluded is never sent and never deleted on a target. The semantics are those of rsync(1),
sections "FILTER RULES" and "PATTERN MATCHING RULES".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sersync.model.path import RelPath


@dataclass(frozen=True, slots=True)
class Rule:
    """One include or exclude rule; *pattern* is rsync's, as bytes."""

    include: bool
    pattern: bytes


class Filter:
    """Rules in order; the first one that matches decides, and nothing matched means included."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = tuple(rules)

    def excludes_entry(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether the rules exclude *path* itself, its parents being included."""
        raise NotImplementedError

    def excludes(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether *path* or any directory above it is excluded. The root never is."""
        raise NotImplementedError

    def rsync_options(self) -> tuple[bytes, ...]:
        """Return the same rules as ``--filter`` options for an rsync whose root is the source's."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self.rules == other.rules

    def __hash__(self) -> int:
        return hash(self.rules)
