"""Which paths the running transfers hold: two runs to one target never overlap.

Two concurrent runs on one path are unsafe: the slower one puts its older bytes over the newer
ones, and both end with exit code 0. So a path is held together with everything below it, and a
run that would touch a path above, at or below a held one has to wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sersync.model.path import ROOT, RelPath, ancestors, parent


@dataclass(frozen=True, slots=True)
class Hold:
    """What one run holds: the paths that it carries, and all directories above them."""

    paths: frozenset[RelPath]
    above: frozenset[RelPath]


def hold(paths: Iterable[RelPath]) -> Hold:
    """Return the hold of a run that carries *paths*."""
    held = frozenset(paths)
    above: set[RelPath] = set()
    for directory in {parent(path) for path in held if path}:
        above.add(directory)
        for higher in ancestors(directory):
            if higher in above:
                break
            above.add(higher)
    return Hold(held, frozenset(above))


class Occupied:
    """The paths that several running transfers hold together, as of now."""

    def __init__(self, holds: Iterable[Hold]) -> None:
        holds = tuple(holds)
        self._paths: frozenset[RelPath] = frozenset().union(*(each.paths for each in holds))
        self._above: frozenset[RelPath] = frozenset().union(*(each.above for each in holds))
        self._below_held: dict[RelPath, bool] = {ROOT: ROOT in self._paths}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def overlaps(self, path: RelPath) -> bool:
        """Tell whether *path* is held, lies below a held path, or above one."""
        if path in self._paths or path in self._above:
            return True
        return bool(path) and self._is_below_held(parent(path))

    def _is_below_held(self, directory: RelPath) -> bool:
        known = self._below_held.get(directory)
        if known is None:
            known = directory in self._paths or self._is_below_held(parent(directory))
            self._below_held[directory] = known
        return known
