"""Which directory every watch descriptor stands for. Pure.

A directory is kept as its *prefix*: its path with a slash at the end, nothing for the root, so
that ``prefix + name`` is the path of an entry.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from sersync.model.path import RelPath

_MOST_RECENT: Final = 4096
"""So many are kept in order one by one; after that, sorting anew is cheaper."""


def prefix_of(directory: RelPath) -> bytes:
    """Return what stands before the names of *directory*'s entries."""
    return directory + b"/" if directory else b""


class WatchTable:
    """Prefixes by watch descriptor, with a quick way to find all below one.

    About 180 bytes for each directory. Owned by the watcher's thread.
    """

    def __init__(self) -> None:
        self.prefixes: dict[int, bytes] = {}
        """Read it for speed; change it only through the methods."""
        self._is_sorted = False
        self._order: list[bytes] = []
        self._order_wds: list[int] = []
        self._recent: list[bytes] = []
        self._recent_wds: list[int] = []

    def __len__(self) -> int:
        return len(self.prefixes)

    def __contains__(self, wd: int) -> bool:
        return wd in self.prefixes

    def __iter__(self) -> Iterator[int]:
        return iter(self.prefixes)

    def holds(self, directory: RelPath) -> bool:
        """Tell whether *directory* is watched. For any thread; looks at all of them."""
        return prefix_of(directory) in list(self.prefixes.values())

    def put(self, wd: int, prefix: bytes) -> None:
        """Let *wd* stand for *prefix* from now on, whatever it stood for before."""
        self.prefixes[wd] = prefix
        if len(self._recent) >= _MOST_RECENT:
            self._forget_order()
        elif self._is_sorted:
            at = bisect_left(self._recent, prefix)
            self._recent.insert(at, prefix)
            self._recent_wds.insert(at, wd)

    def drop(self, wd: int) -> None:
        """Forget *wd*, if it is known."""
        self.prefixes.pop(wd, None)

    def clear(self) -> None:
        """Forget everything."""
        self.prefixes.clear()
        self._forget_order()

    def below(self, prefix: bytes) -> list[int]:
        """Return the descriptors of *prefix* and of every directory below it.

        The first call sorts all prefixes; later ones cost two bisections, so that moving many
        directories does not cost the size of the tree each time.
        """
        known = self.prefixes
        if not prefix:
            return list(known)
        if not self._is_sorted:
            self._order_wds = sorted(known, key=known.__getitem__)
            self._order = [known[wd] for wd in self._order_wds]
            self._is_sorted = True
        first = bisect_left(self._order, prefix)
        found = set(self._order_wds[first : first + _run(self._order, first, prefix)])
        first = bisect_left(self._recent, prefix)
        found.update(self._recent_wds[first : first + _run(self._recent, first, prefix)])
        return [wd for wd in found if known.get(wd, b"").startswith(prefix)]

    def _forget_order(self) -> None:
        self._is_sorted = False
        self._order = []
        self._order_wds = []
        self._recent = []
        self._recent_wds = []


def _run(order: list[bytes], first: int, prefix: bytes) -> int:
    """Return how many of *order*, from *first* on, start with *prefix*."""
    at = first
    while at < len(order) and order[at].startswith(prefix):
        at += 1
    return at - first
