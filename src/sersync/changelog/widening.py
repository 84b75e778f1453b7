"""A backlog that grows too long becomes wider: names become levels, levels become trees. Pure.

So the memory for a target that is away stays bounded, and nothing is forgotten: what stands for a
path covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, parent

Wide = dict[RelPath, DirtyPath]


def widened(entries: Iterable[DirtyPath], *, most: int, after: int = 0) -> list[DirtyPath]:
    """Return at most *most* paths that cover *entries*, which are each dirty as they say.

    A name stands for itself, or else for the level of its directory, or else for a tree: the
    deepest trees that are few enough, the whole source at last. Their sequence numbers follow
    *after*.
    """
    wide: Wide = {}
    for entry in entries:
        _include(wide, entry, entry.path, entry.scope)
    if len(wide) > most:
        wide = _mapped(wide, _as_level)
    depth = max((_depth(path) for path in wide), default=0)
    while len(wide) > most:
        depth -= 1
        wide = _mapped(wide, _as_tree_of(depth))
    return [replace(entry, sequence=after + at) for at, entry in enumerate(wide.values(), 1)]


def _mapped(wide: Wide, place: Callable[[DirtyPath], tuple[RelPath, Scope]]) -> Wide:
    wider: Wide = {}
    for entry in wide.values():
        _include(wider, entry, *place(entry))
    return wider


def _as_level(entry: DirtyPath) -> tuple[RelPath, Scope]:
    if entry.scope is Scope.ENTRY:
        return parent(entry.path), Scope.LEVEL
    return entry.path, entry.scope


def _as_tree_of(depth: int) -> Callable[[DirtyPath], tuple[RelPath, Scope]]:
    """Return what makes trees at *depth* of all that lies deeper; 0 is the root."""

    def place(entry: DirtyPath) -> tuple[RelPath, Scope]:
        if _depth(entry.path) <= max(depth, 0):
            return entry.path, entry.scope
        above = entry.path.split(b"/", depth)[:depth] if depth > 0 else []
        return (RelPath(b"/".join(above)) if above else ROOT), Scope.TREE

    return place


def _depth(path: RelPath) -> int:
    return path.count(b"/") + 1 if path else 0


def _include(wide: Wide, entry: DirtyPath, path: RelPath, scope: Scope) -> None:
    """Let *path* stand for *entry* too, with the age and the doubts of all that it stands for."""
    old = wide.get(path)
    wide[path] = DirtyPath(
        path=path,
        scope=scope if old is None else max(scope, old.scope),
        sequence=0,
        first_seen=entry.first_seen if old is None else min(entry.first_seen, old.first_seen),
        content=entry.content or (old is not None and old.content),
    )
