"""Which directory every watch descriptor stands for. Pure.

A directory is kept as its *prefix*: its path with a slash at the end, nothing for the root, so
that ``prefix + name`` is the path of an entry.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from sersync.model.path import RelPath

_RECENT_LIMIT: Final = 1024


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
        self._sorted: list[bytes] | None = None
        self._sorted_wds: list[int] = []
        self._recent: list[int] = []

    def __len__(self) -> int:
        return len(self.prefixes)

    def __contains__(self, wd: int) -> bool:
        return wd in self.prefixes

    def __iter__(self) -> Iterator[int]:
        return iter(self.prefixes)

    def put(self, wd: int, prefix: bytes) -> None:
        """Let *wd* stand for *prefix* from now on, whatever it stood for before."""
        self.prefixes[wd] = prefix
        if self._sorted is not None:
            self._recent.append(wd)

    def drop(self, wd: int) -> None:
        """Forget *wd*, if it is known."""
        self.prefixes.pop(wd, None)

    def clear(self) -> None:
        """Forget everything."""
        self.prefixes.clear()
        self._sorted = None
        self._sorted_wds = []
        self._recent = []

    def below(self, prefix: bytes) -> list[int]:
        """Return the descriptors of *prefix* and of every directory below it.

        The first call sorts all prefixes; later ones cost a bisection and a look at what was put
        since, so that moving many directories does not cost the size of the tree each time.
        """
        if not prefix:
            return list(self.prefixes)
        order = self._order()
        found = set()
        at = bisect_left(order, prefix)
        while at < len(order) and order[at].startswith(prefix):
            found.add(self._sorted_wds[at])
            at += 1
        found.update(self._recent)
        return [wd for wd in found if self.prefixes.get(wd, b"").startswith(prefix)]

    def _order(self) -> list[bytes]:
        if self._sorted is None or len(self._recent) > _RECENT_LIMIT:
            pairs = sorted(self.prefixes.items(), key=itemgetter(1))
            self._sorted = [prefix for _, prefix in pairs]
            self._sorted_wds = [wd for wd, _ in pairs]
            self._recent = []
        return self._sorted
