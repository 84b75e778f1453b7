"""The engine's ports in memory: nothing moves but by a test's hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sersync.changelog.log import Changelog
from sersync.model.batch import Census, Findings, Outcome, Reason, Refused, Verdict
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.mount import MissingMount
from sersync.model.path import RelPath
from sersync.model.slices import Extent, Slice
from sersync.model.status import PassProgress, TransferStatus
from sersync.model.target import LocalDirectory, Target
from sersync.replication.mailbox import Mailbox
from sersync.replication.surroundings import NOT_KNOWN, Place, Surroundings
from sersync.replication.worker import TargetWorker


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + 1e9

    def advance(self, seconds: float) -> None:
        self.now += seconds


class ScriptedTransport:
    """Takes every path, and ends runs as the test says."""

    def __init__(self, *, lanes: int = 2) -> None:
        self.lanes = lanes
        self.started: list[list[DirtyPath]] = []
        self.limits: list[int | None] = []
        self.grants: list[int] = []
        self.censuses = 0
        self.examined: list[tuple[list[DirtyPath], bool]] = []
        self.is_counting = False
        self._shares: list[int] = []
        self.failures: list[Outcome] = []
        """What the next probes find; none: the target is ready."""
        self.refuse: Callable[[Sequence[DirtyPath]], Refused] = lambda _: Refused()
        self.probes = 0
        self.while_probed: Callable[[], object] = lambda: None
        self.released = 0
        self.distrusted: list[RelPath] = []
        self.wakes = 0
        self.is_closed = False
        self.notes: tuple[str, ...] = ()
        self.probe_name = b""
        self.spares = 0
        self.ready_at = 0.0
        self._active: list[list[DirtyPath]] = []
        self._ended: list[Outcome] = []

    @property
    def free_lanes(self) -> int:
        return self.lanes - len(self._active)

    @property
    def runs(self) -> int:
        return len(self._active)

    def transfers(self, now: float) -> tuple[TransferStatus, ...]:
        return ()

    def open(self, is_stopping: Callable[[], bool]) -> Outcome | None:
        self.probes += 1
        self.while_probed()
        return self.failures.pop(0) if self.failures else None

    def start(
        self, paths: Sequence[DirtyPath], *, max_delete: int | None, granted: int = 0
    ) -> Refused:
        refused = self.refuse(paths)
        turned_away = {id(path) for path in (*refused.waiting, *refused.too_wide)}
        taken = [path for path in (*paths, *refused.added) if id(path) not in turned_away]
        self.limits.append(max_delete)
        self.grants.append(granted)
        if taken:
            self._shares.append((max_delete or 0) + granted)
            self.started.append(taken)
            self._active.append(taken)
        return refused

    def end(self, outcome: Callable[[tuple[DirtyPath, ...]], Outcome]) -> None:
        """End the oldest run."""
        self._shares.pop(0)
        self._ended.append(outcome(tuple(self._active.pop(0))))

    @property
    def reserved(self) -> int:
        return sum(self._shares)

    def take_census(self) -> None:
        self.censuses += 1
        self.is_counting = True

    def count(self, census: Census) -> None:
        """Let the census be taken."""
        self._ended.append(Outcome(verdict=Verdict.DONE, paths=(), census=census))

    def wait(self, timeout_s: float) -> list[Outcome]:
        ended, self._ended = self._ended, []
        if any(each.findings or each.census for each in ended):
            self.is_counting = False
        return ended

    def wake(self) -> None:
        self.wakes += 1

    has_unknown_names = False

    def search_names(self) -> None:
        """There are no hard links here."""

    def distrust(self, paths: Iterable[RelPath]) -> None:
        self.distrusted.extend(paths)

    def linked_files(self) -> Sequence[RelPath]:
        return ()

    def examine(self, paths: Sequence[DirtyPath], *, lists: bool) -> int:
        self.examined.append((list(paths), lists))
        self.is_counting = True
        return len(self.examined)

    def find(self, deleted: int = 0, *differing: bytes, failed: Reason | None = None) -> None:
        """Let the examination come to its end."""
        findings = Findings(
            number=len(self.examined),
            deleted=deleted,
            differing=frozenset(map(RelPath, differing)),
            failed=failed,
        )
        self._ended.append(Outcome(verdict=Verdict.DONE, paths=(), findings=findings))

    def release(self, *, ends_counts: bool = True) -> None:
        self.released += 1
        if ends_counts:
            self.is_counting = False

    def cancel(self) -> None:
        while self._active:
            self.end(lambda paths: Outcome(verdict=Verdict.RETRY, paths=paths, unconfirmed=True))

    def close(self) -> None:
        self.is_closed = True


class FakeGuard:
    """A root that is as the test says."""

    def __init__(self) -> None:
        self.reason: Reason | None = None
        self.had_entries = True

    missing: tuple[MissingMount, ...] = ()
    unheard: tuple[RelPath, ...] = ()
    mounted_files: tuple[RelPath, ...] = ()

    def protected(self) -> frozenset[RelPath]:
        return frozenset()

    def mount_news(self) -> list[RelPath]:
        return []

    def accept_mounts(self) -> list[RelPath]:
        return []

    def accept(self) -> Reason | None:
        self.reason = None
        return None

    def accept_empty(self) -> None:
        """It is never empty."""

    def distrust(self) -> None:
        self.reason = Reason(message="another directory", needs_confirm=True)

    def check(self) -> Reason | None:
        return self.reason


class FakeScanner:
    """A tree of a few slices."""

    def __init__(self, *slices: Slice) -> None:
        self.given = slices
        self.asked: list[RelPath] = []

    def slices(self, subtree: RelPath) -> Iterator[Slice]:
        self.asked.append(subtree)
        return iter(self.given)

    def measure(self) -> Extent:
        return Extent(entries=0, bytes=0)


class FakeSample:
    """A source whose directories are all small, and whose files are as old as the test says."""

    def __init__(self) -> None:
        self.young: set[bytes] = set()
        self.found: list[RelPath] = []

    def directories(self, count: int) -> list[RelPath]:
        return self.found[:count]

    def is_small(self, directory: RelPath) -> bool:
        return True

    def is_young(self, path: RelPath, *, within_s: float) -> bool:
        return path in self.young


class FakeSchedule:
    """Full passes are due when the test says so."""

    def __init__(self) -> None:
        self.due = False

    def is_due(self) -> bool:
        due, self.due = self.due, False
        return due


class Bench:
    """One worker with everything around it in memory. ``step`` is one turn of its loop."""

    def __init__(
        self,
        *slices: Slice,
        max_delete: int | None = -1,
        lanes: int = 2,
        log: Changelog | None = None,
        clock: ManualClock | None = None,
        witness_every_s: float = 0.0,
        place_of: Callable[[bytes], Place | None] = lambda _: NOT_KNOWN,
    ) -> None:
        self.clock = clock or ManualClock()
        self.transport = ScriptedTransport(lanes=lanes)
        self.guard = FakeGuard()
        self.scanner = FakeScanner(*slices)
        self.sample = FakeSample()
        self.schedule = FakeSchedule()
        self.lost: list[Reason] = []
        self.rescan: PassProgress | None = None
        self.stores = 0
        """How often the state was to be stored in a moment."""
        self.mailbox = Mailbox(Changelog() if log is None else log, max_delay_s=10.0)
        self.mailbox.join("copy", self.transport.wake, now=self.clock.now)
        target = Target(
            name="copy",
            endpoint=LocalDirectory(path=b"/copy"),
            max_delete=max_delete,
            parallel=lanes,
            witness_every_s=witness_every_s,
        )
        self.worker = TargetWorker(
            target,
            self.transport,
            Surroundings(
                source="source",
                mailbox=self.mailbox,
                guard=self.guard,
                scanner=self.scanner,
                scheduled_scanner=self.scanner,
                sample=self.sample,
                schedule=self.schedule,
                clock=self.clock,
                jitter=lambda: 0.0,
                root_lost=self.lost.append,
                extent=lambda: Extent(entries=0, bytes=0),
                rescan=lambda: self.rescan,
                store_soon=self._store,
                place_of=place_of,
            ),
        )

    def _store(self) -> None:
        self.stores += 1

    def step(self, *, after_s: float = 1.0) -> None:
        """Let *after_s* go by, then let the worker look once."""
        self.clock.advance(after_s)
        self.worker._step()


def level(*directories: bytes, entries: int = 1) -> Slice:
    """Return a slice of these levels."""
    return Slice(levels=tuple(map(RelPath, directories)), entries=entries, bytes=0)


def entry(path: bytes, scope: Scope = Scope.ENTRY) -> DirtyPath:
    """Return a dirty path of no particular history."""
    return DirtyPath(path=RelPath(path), scope=scope, sequence=1, first_seen=0.0)


def done(paths: tuple[DirtyPath, ...]) -> Outcome:
    """Everything stands on the target."""
    return Outcome(verdict=Verdict.DONE, paths=paths, kind="entries")


def failed(paths: tuple[DirtyPath, ...]) -> Outcome:
    """Nothing is certain."""
    return Outcome(verdict=Verdict.RETRY, paths=paths, reason=Reason(message="refused"))


def halted(paths: tuple[DirtyPath, ...]) -> Outcome:
    """A person is needed."""
    reason = Reason(message="wrong password")
    return Outcome(verdict=Verdict.HALT, paths=paths, reason=reason)
