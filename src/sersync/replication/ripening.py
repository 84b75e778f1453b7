"""When the row of a directory may be stored. Pure: times are arguments.

A row that holds a change which no log knows of would lose it for ever; one that is older than
its directory only costs another look. So a row is stored only if

- no report on the directory came since the look at it began,
- the kernel's queue was read to its end after the look, and what was in it was put into the log,
- nothing in it had changed within the last seconds before the look, so that whatever happens
  after it shows in a change time (git calls what is younger "racily clean"),
- the transaction that stores it also stores the log and what each target has yet to get.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sersync.model.look import Look
from sersync.model.manifest import Row
from sersync.model.path import RelPath, ancestors

QUIET_S: Final = 3.0
"""How long nothing must have been heard of a directory before it is worth another look."""
_ROW_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class Stale:
    """A directory whose row is not what it was, or missing; *is_tree*: and all below it."""

    directory: RelPath
    is_tree: bool
    due: float


class Ripening:
    """The looks of one source that ripen, and the directories that need another look.

    Its owner lets one thread in at a time. *most_bytes* and *most_rows*: what ripens at once.
    """

    def __init__(self, *, most_bytes: int = 32 << 20, most_rows: int = 20_000) -> None:
        self._most_bytes = most_bytes
        self._most_rows = most_rows
        self._open: dict[RelPath, int] = {}
        self._looked: dict[RelPath, tuple[float, Row]] = {}
        self._ripe: dict[RelPath, Row] = {}
        self._stale: OrderedDict[RelPath, Stale] = OrderedDict()
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """No more rows are taken in until some were stored."""
        return self._bytes >= self._most_bytes or self.rows >= self._most_rows

    @property
    def rows(self) -> int:
        """How many rows are on their way into the state."""
        return len(self._looked) + len(self._ripe)

    @property
    def stale(self) -> int:
        """How many directories need another look."""
        return len(self._stale)

    def opening(self, directory: RelPath, *, wall_ns: int) -> None:
        """Note that a look at *directory* begins, at *wall_ns* by the calendar clock."""
        self._open[directory] = wall_ns

    def looked(self, look: Look, *, now: float) -> None:
        """Take the row of *look* in, at the time *now*, if it can ripen; else look again later."""
        directory, row = look.directory, look.row
        began_ns = self._open.pop(directory, None)
        if row is None or look.is_known:
            return
        if began_ns is None:
            self._set_stale(directory, now + QUIET_S)
        elif began_ns < look.ripe_at_ns:
            self._set_stale(directory, now + (look.ripe_at_ns - began_ns) / 1e9)
        elif self.is_full:
            self._set_stale(directory, now + QUIET_S)
        else:
            self._drop(directory)
            stale = self._stale.get(directory)
            if stale is not None and not stale.is_tree:
                del self._stale[directory]
            self._looked[directory] = (now, row)
            self._bytes += len(row.blob) + _ROW_BYTES

    def reported(self, directories: Iterable[RelPath], *, now: float) -> None:
        """Take note that something in each of *directories* was reported."""
        for directory in directories:
            self._open.pop(directory, None)
            self._drop(directory)
            self._set_stale(directory, now + QUIET_S)

    def forget(self, subtrees: Iterable[RelPath], *, also_open: bool = False) -> None:
        """Drop all looks in *subtrees*, with *also_open* those that have just begun too."""
        gone = set(subtrees)
        if not gone:
            return
        for known in (self._looked, self._ripe):
            for directory in [each for each in known if _is_in(each, gone)]:
                self._drop(directory)
        if also_open:
            for directory in [each for each in self._open if _is_in(each, gone)]:
                del self._open[directory]

    def stale_tree(self, subtree: RelPath, *, now: float) -> None:
        """Have all of *subtree* looked at, once it is quiet."""
        self._set_stale(subtree, now + QUIET_S, is_tree=True)

    def drained(self, since: float) -> None:
        """Take note that the queue was read to its end, by a read that began at *since*."""
        for directory in [each for each, (at, _) in self._looked.items() if at < since]:
            self._ripe[directory] = self._looked.pop(directory)[1]

    def take(self) -> list[Row]:
        """Hand out what may be stored now, with a log that is read after this call."""
        rows = list(self._ripe.values())
        for directory in [*self._ripe]:
            self._drop(directory)
        return rows

    def failed(self, rows: Iterable[Row], *, now: float) -> None:
        """Take note that *rows* were not stored after all."""
        for row in rows:
            self._set_stale(row.directory, now + QUIET_S)

    def next_stale(self, now: float) -> Stale | None:
        """Hand out a directory that has been quiet for long enough, if there is one."""
        for directory, stale in self._stale.items():
            if stale.due <= now:
                del self._stale[directory]
                return stale
            if stale.due <= now + QUIET_S:
                # They come in the order of their reports; few wait for longer than that.
                break
        return None

    def is_settled(self, directory: RelPath) -> bool:
        """Tell whether nothing was heard of *directory* since its row was stored."""
        return not (
            directory in self._stale or directory in self._looked or directory in self._ripe
        )

    def _set_stale(self, directory: RelPath, due: float, *, is_tree: bool = False) -> None:
        old = self._stale.pop(directory, None)
        is_tree = is_tree or (old is not None and old.is_tree)
        self._stale[directory] = Stale(directory, is_tree, due)

    def _drop(self, directory: RelPath) -> None:
        looked = self._looked.pop(directory, None)
        row = self._ripe.pop(directory, None) if looked is None else looked[1]
        if row is not None:
            self._bytes -= len(row.blob) + _ROW_BYTES


def _is_in(directory: RelPath, subtrees: set[RelPath]) -> bool:
    return directory in subtrees or not subtrees.isdisjoint(ancestors(directory))
