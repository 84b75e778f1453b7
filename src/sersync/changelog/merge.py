"""What two reports about one path amount to, and what a wide scope makes superfluous. Pure."""

from __future__ import annotations

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, ancestors, parent


def merged(older: DirtyPath, newer: DirtyPath, *, created: bool) -> DirtyPath:
    """Return the one dirty path that stands for both.

    The wider scope, any content, the earlier hold and the earlier first report win. *created* is
    the caller's to say: only it knows whether the older state may have reached the target.
    """
    return DirtyPath(
        path=newer.path,
        scope=max(older.scope, newer.scope),
        sequence=max(older.sequence, newer.sequence),
        first_seen=min(older.first_seen, newer.first_seen),
        not_before=min(older.not_before, newer.not_before),
        content=older.content or newer.content,
        created=created,
        failures=max(older.failures, newer.failures),
        origin=newer.origin or older.origin,
    )


def changed(
    entry: DirtyPath,
    *,
    first_seen: float | None = None,
    not_before: float | None = None,
    created: bool | None = None,
    failures: int | None = None,
    origin: RelPath | None = None,
) -> DirtyPath:
    """Return a copy of *entry* with what is given in place; entries handed out never change.

    A failure ends what was hoped for of its former name.
    """
    return DirtyPath(
        path=entry.path,
        scope=entry.scope,
        sequence=entry.sequence,
        first_seen=entry.first_seen if first_seen is None else first_seen,
        not_before=entry.not_before if not_before is None else not_before,
        content=entry.content,
        created=entry.created if created is None else created,
        failures=entry.failures if failures is None else failures,
        origin=origin or (entry.origin if not failures else None),
    )


def absorb(paths: dict[RelPath, DirtyPath]) -> list[DirtyPath]:
    """Return *paths* without those that a TREE among them covers; it inherits their age.

    What may have changed its bytes under an old name is kept: the plan must look at each, since
    size and time can be those of the copy on the target.
    """
    trees = {path for path, entry in paths.items() if entry.scope is Scope.TREE}
    if not trees:
        return list(paths.values())
    cover: dict[RelPath, RelPath | None] = {}
    oldest: dict[RelPath, float] = {}
    kept = []
    for path, entry in paths.items():
        if path == ROOT or (entry.content and not entry.created):
            kept.append(entry)
            continue
        directory = parent(path)
        if directory not in cover:
            cover[directory] = _topmost(directory, trees)
        tree = cover[directory]
        if tree is None:
            kept.append(entry)
        else:
            oldest[tree] = min(entry.first_seen, oldest.get(tree, entry.first_seen))
    return [_aged(entry, oldest) for entry in kept]


def _topmost(directory: RelPath, trees: set[RelPath]) -> RelPath | None:
    found = directory if directory in trees else None
    for above in ancestors(directory):
        if above in trees:
            found = above
    return found


def _aged(entry: DirtyPath, oldest: dict[RelPath, float]) -> DirtyPath:
    first = oldest.get(entry.path)
    if first is None or first >= entry.first_seen:
        return entry
    return changed(entry, first_seen=first)
