"""What the engine needs from the world. Implementations do not import this; they fit it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Protocol

from sersync.model.batch import Outcome, Reason, Refused
from sersync.model.checkpoint import Checkpoint, Moment, Recovered
from sersync.model.dirty import DirtyPath
from sersync.model.look import Look
from sersync.model.manifest import Row
from sersync.model.mount import MissingMount
from sersync.model.path import RelPath
from sersync.model.report import Report
from sersync.model.slices import Extent, Slice
from sersync.model.status import TransferStatus


class Clock(Protocol):
    """Time, as an argument."""

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...

    def wall(self) -> float:
        """Seconds by the calendar; they jump when somebody sets the clock."""
        ...


class Watcher(Protocol):
    """Tells what changes below one root. Every method but ``wake`` is for one thread."""

    def begin(self) -> list[Report]:
        """Watch the whole tree, and only then return: from here on nothing is missed.

        Returns what could not be watched. Raises ``SourceError`` when the root is no directory.
        """
        ...

    def take(self, timeout_s: float | None) -> list[Report]:
        """Wait for changes and return everything known of by now, each path at most once.

        An empty list: the time is over, or ``wake`` was called.
        """
        ...

    def cover(self, directory: RelPath) -> list[Report]:
        """Watch what stands at *directory* now: a file system came or went there.

        Returns what could not be watched.
        """
        ...

    def wake(self) -> None:
        """Let a waiting ``take`` return. For any thread."""
        ...

    def close(self) -> None:
        """Give everything back to the kernel."""
        ...

    @property
    def directories(self) -> int:
        """How many directories are watched."""
        ...

    def is_watched(self, directory: RelPath) -> bool:
        """Tell whether the kernel tells of the entries of *directory*. For any thread; slow."""
        ...

    @property
    def uncovered(self) -> tuple[RelPath, ...]:
        """The subtrees that cannot be watched and so must be looked through now and then."""
        ...

    @property
    def is_drained(self) -> bool:
        """The last ``take`` read all that the kernel had to tell."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know: raised limits, uncovered subtrees."""
        ...


class Scanner(Protocol):
    """Walks the source for full passes; filters are already part of it."""

    def slices(self, subtree: RelPath) -> Iterator[Slice]:
        """Yield the whole of *subtree* in slices, lazily, parents before children."""
        ...

    def measure(self) -> Extent:
        """Count entries and bytes of the whole source. Slow; may run in a thread of its own."""
        ...


class Sample(Protocol):
    """Looks at a little of the source; filters are already part of it. For one thread."""

    def directories(self, count: int) -> list[RelPath]:
        """Return up to *count* directories below the root, chosen by chance."""
        ...

    def is_small(self, directory: RelPath) -> bool:
        """Tell whether *directory* is there, and to look at its level costs little."""
        ...

    def is_young(self, path: RelPath, *, within_s: float) -> bool:
        """Tell whether *path*, or the directory that it is in, changed within *within_s*."""
        ...


class Transport(Protocol):
    """Carries dirty paths to one target. Every method but ``wake`` is for the worker's thread.

    Failures are returned as outcomes; what is raised is a bug.
    """

    def open(self, is_stopping: Callable[[], bool]) -> Outcome | None:
        """Find out what the target can do, by trying. None: it is ready; else why it is not.

        Gives up as soon as *is_stopping* says so; ``wake`` makes it ask.
        """
        ...

    def start(
        self, paths: Sequence[DirtyPath], *, max_delete: int | None, granted: int = 0
    ) -> Refused:
        """Plan *paths* and start the runs that may start now.

        No run may delete more than *max_delete* entries, None is no limit; the first one may
        delete *granted* more. A run that is stopped there ends with exit code 25. Returns what
        was not started; all else is in flight until a later ``wait`` returns it.
        """
        ...

    def take_census(self) -> None:
        """Count what the target holds; a later ``wait`` returns it. Once, however often asked."""
        ...

    def examine(self, paths: Sequence[DirtyPath], *, lists: bool) -> int:
        """Find out by dry runs what carrying *paths* would do; a later ``wait`` returns findings.

        It holds nothing, takes no lane, and ends an examination that is under way. *lists*: what
        differs is named too. Returns the number that the findings will have.
        """
        ...

    @property
    def is_counting(self) -> bool:
        """A census or an examination is under way, whose outcome is still to come."""
        ...

    def wait(self, timeout_s: float) -> list[Outcome]:
        """Wait until runs end, ``wake`` is called or the time is over; return the ended runs."""
        ...

    def wake(self) -> None:
        """Let a waiting ``wait`` return. For any thread."""
        ...

    def distrust(self, paths: Iterable[RelPath]) -> None:
        """Take nothing for granted of what the target has of *paths*: they are sent whole."""
        ...

    def linked_files(self) -> Sequence[RelPath]:
        """Return what must be carried by name after a full pass, to keep hard links."""
        ...

    @property
    def has_unknown_names(self) -> bool:
        """A file has more names than are known; a full pass will meet those in the tree."""
        ...

    def search_names(self) -> None:
        """Take note that a full pass of the whole source begins."""
        ...

    def release(self, *, ends_counts: bool = True) -> None:
        """Give back idle connections; running transfers go on.

        *ends_counts*: a census or an examination is dropped.
        """
        ...

    def cancel(self) -> None:
        """End all running transfers; ``wait`` returns them as unconfirmed."""
        ...

    def close(self) -> None:
        """End everything and wait for it."""
        ...

    @property
    def free_lanes(self) -> int:
        """How many more runs may start now, the lane for large files not counted."""
        ...

    @property
    def ready_at(self) -> float:
        """When a run can start that arrives no later than one that is started before."""
        ...

    @property
    def reserved(self) -> int:
        """How many entries the active runs may delete, together."""
        ...

    @property
    def runs(self) -> int:
        """How many runs are active."""
        ...

    @property
    def spares(self) -> int:
        """How many connections stand ready."""
        ...

    def transfers(self, now: float) -> tuple[TransferStatus, ...]:
        """Return the active runs as they are at *now*. For any thread."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out about the target and limits what can be done."""
        ...

    @property
    def probe_name(self) -> bytes:
        """The name of the file that ``open`` tries the target with; empty before."""
        ...


class Rescanner(Protocol):
    """Walks the source and compares it with the manifest; the source's filters are part of it."""

    def looks(
        self,
        subtree: RelPath,
        rows: Iterable[Row],
        *,
        opening: Callable[[RelPath], None],
        doubts_moves: bool,
    ) -> Iterator[Look]:
        """Look at *subtree* and all below it, lazily, parents before children.

        *rows*: what is stored of *subtree*, in the order of a walk. *opening* is told each
        directory before it is read. *doubts_moves*: rows were in use while moves went unseen, so
        a directory that may have been moved away and back is compared with all below it.
        """
        ...

    def look(
        self, directory: RelPath, rows: Iterable[Row], *, opening: Callable[[RelPath], None]
    ) -> Look:
        """Look at *directory* alone, as ``looks`` does."""
        ...


class Manifest(Protocol):
    """What is stored of the source's directories. For any thread."""

    def rows(self, subtree: RelPath) -> Generator[Row]:
        """Yield the rows of *subtree* in the order of a walk. Raises ``StateUnavailable``."""
        ...

    def count(self) -> tuple[int, int]:
        """Return how many rows there are, and how many entries they hold together.

        Raises ``StateUnavailable``.
        """
        ...

    def void(self, subtrees: Sequence[RelPath], moment: Moment) -> None:
        """Delete the rows of *subtrees*; on return that is stored. Cheap where there are none.

        Raises ``StateUnavailable``.
        """
        ...


class Schedule(Protocol):
    """When full passes are due by themselves."""

    def is_due(self) -> bool:
        """Tell whether one is due since the last time this was asked."""
        ...


class StateStore(Protocol):
    """Keeps what must outlive the daemon, for one source. One thread at a time."""

    def recover(self, moment: Moment) -> Recovered:
        """Return what was stored, its times as seen at *moment*; called once, at first.

        What cannot be used is set aside, and the reason is part of what is returned.
        """
        ...

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store all of *checkpoint* or nothing of it.

        Raises ``StateUnavailable``; nothing that was told since the last success is stored then,
        and the next checkpoint must be whole.
        """
        ...

    @property
    def wants_whole(self) -> bool:
        """The next checkpoint should be whole: there is no file, or much of it is outdated."""
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


class RootGuard(Protocol):
    """Vouches for the source root before anything that deletes."""

    @property
    def had_entries(self) -> bool:
        """The root held something at least once; before, nothing may be deleted for its sake."""
        ...

    def accept(self) -> Reason | None:
        """Take the root as it is now for the right one; return why that cannot be."""
        ...

    def accept_empty(self) -> None:
        """If the root is empty now, take that for meant; what it holds later is guarded again."""
        ...

    def distrust(self) -> None:
        """Take the root for another one than before, until ``accept``."""
        ...

    def protected(self) -> frozenset[RelPath]:
        """Look, and return the subtrees that nothing may be planned in now."""
        ...

    @property
    def missing(self) -> tuple[MissingMount, ...]:
        """The file systems below the root that are not there: nothing is planned in them."""
        ...

    @property
    def unheard(self) -> tuple[RelPath, ...]:
        """The subtrees where others change what no watcher is told of."""
        ...

    @property
    def mounted_files(self) -> tuple[RelPath, ...]:
        """Those of them that are files over which another one is mounted."""
        ...

    def mount_news(self) -> list[RelPath]:
        """Return where something was mounted since the last call, or a loss was accepted."""
        ...

    def accept_mounts(self) -> list[RelPath]:
        """Take file systems that are missing for gone; return where they were."""
        ...

    def check(self) -> Reason | None:
        """None while the root is the one that we began with; else why nothing may be carried."""
        ...
