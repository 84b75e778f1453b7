"""Which differences nothing explains: no change on its way, no path that fails. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath, ancestors, parent


def unexplained(
    differing: Iterable[RelPath],
    *,
    dirty: Iterable[DirtyPath],
    failing: Iterable[RelPath],
    touched: Iterable[RelPath] = (),
) -> frozenset[RelPath]:
    """Return those of *differing* that neither *dirty* nor *failing* nor *touched* speaks for.

    With a path its directory changes too; a directory that is dirty as a whole, or fails, speaks
    for all below it.
    """
    dirty, failing = list(dirty), list(failing)
    explained = set(touched)
    explained.update(with_parents(each.path for each in dirty))
    explained.update(with_parents(failing))
    wide = {each.path for each in dirty if each.scope is not Scope.ENTRY}
    wide.update(failing)
    return frozenset(
        path for path in differing if path not in explained and wide.isdisjoint(ancestors(path))
    )


def with_parents(paths: Iterable[RelPath]) -> Iterator[RelPath]:
    """Yield each of *paths*, and the directory that it is in."""
    for path in paths:
        yield path
        yield parent(path)
