"""Whatever happened between two checkpoints: what they stored together brings back all that was
dirty. The store is naive: two lists a target, changed by nothing but what checkpoints tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis.stateful import precondition, rule

from sersync.changelog.log import Changelog
from sersync.changelog.merge import merged
from sersync.changelog.restoring import restored as restored_log
from sersync.model.checkpoint import KeptTarget, LogChanges, Waiting
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from tests.unit.changelog.test_log_against_a_model import ChangelogMachine, Report

A, B = RelPath(b"a"), RelPath(b"b")


@dataclass
class Store:
    """What checkpoints have told so far."""

    log: list[DirtyPath] = field(default_factory=list)
    sequence: int = -1
    waiting: dict[str, dict[RelPath, Waiting]] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)

    def checkpoint(self, log: Changelog, names: list[str], copied: LogChanges) -> None:
        self.log = ([] if copied.is_whole else self.log) + list(copied.reported)
        self.sequence = copied.sequence
        known, self.waiting, self.cursors = self.waiting, {}, {}
        for name in names:
            cursor, waiting, gone, is_whole = log.target_changes(name)
            kept = {} if is_whole else known[name]
            kept = {path: each for path, each in kept.items() if path not in gone}
            self.waiting[name] = kept | {each.path.path: each for each in waiting}
            self.cursors[name] = cursor
        slowest = min(self.cursors.values(), default=self.sequence)
        self.log = [entry for entry in self.log if entry.sequence > slowest]

    def restored(self, now: float) -> Changelog:
        targets = [
            KeptTarget(
                name=name, basis="", cursor=self.cursors[name], waiting=tuple(waiting.values())
            )
            for name, waiting in self.waiting.items()
        ]
        return restored_log(self.log, self.sequence, targets, now=now)


class StoredMachine(ChangelogMachine):
    """Checkpoints take their time: the targets go on after the log was copied."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.copied: LogChanges | None = None
        self.copied_at = 0
        self.is_lost = False

    @precondition(lambda self: self.copied is None)
    @rule()
    def a_checkpoint_copies_the_log(self) -> None:
        self.copied = self.log.changes(-1 if self.is_lost else self.store.sequence)
        self.copied_at = self.number

    @precondition(lambda self: self.copied is not None)
    @rule()
    def it_cannot_be_stored(self) -> None:
        for name in self.model:
            self.log.target_changes(name)
            self.log.forget_changes(name)
        self.copied = None
        self.is_lost = True

    @precondition(lambda self: self.copied is not None)
    @rule()
    def it_copies_the_targets_and_is_stored(self) -> None:
        assert self.copied is not None
        self.store.checkpoint(self.log, sorted(self.model), self.copied)
        self.copied, self.is_lost = None, False
        restored = self.store.restored(self.now)
        for name, seen in self.model.items():
            entries: dict[RelPath, DirtyPath] = {}
            for entry in restored.paths(name, 10_000):
                other = entries.get(entry.path, entry)
                entries[entry.path] = merged(other, entry, created=other.created or entry.created)
            flying = [(path, each) for path, (_, each) in seen.flying.items()]
            for path, reports in [*flying, *((each.path, [each]) for each in seen.waiting)]:
                for report in reports:
                    if report.number <= self.copied_at:
                        self.is_covered(report, entries.get(path), is_flying=path in seen.flying)
            assert restored.in_flight(name) == 0
            if entries:
                assert restored.next_due(name) == 0.0, "nothing is held back"

    def is_covered(self, report: Report, entry: DirtyPath | None, *, is_flying: bool) -> None:
        assert entry is not None, "what was dirty is dirty again"
        assert not entry.created
        if not is_flying:
            assert entry.scope >= report.scope
            assert entry.content or not report.content
        assert entry.first_seen <= max(report.at, self.now)


StoredMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestStoredLogAgainstAModel = StoredMachine.TestCase


def stored(log: Changelog, *names: str) -> Store:
    store = Store()
    store.checkpoint(log, list(names), log.changes(-1))
    return store


def test_each_target_goes_on_from_its_own_place() -> None:
    log = Changelog(["quick", "slow"])
    log.mark(A, now=1.0)
    log.settle("quick", log.take("quick", now=1.0))
    log.mark(B, now=2.0)
    restored = stored(log, "quick", "slow").restored(9.0)

    assert [entry.path for entry in restored.take("quick", now=9.0)] == [b"b"]
    assert [entry.path for entry in restored.take("slow", now=9.0)] == [b"a", b"b"]


def test_what_was_in_flight_is_told_apart() -> None:
    log = Changelog(["one"])
    log.mark(A, now=1.0)
    log.take("one", now=1.0)
    log.mark(B, now=1.0, not_before=5.0)
    _, waiting, _, _ = log.target_changes("one")

    assert [(each.path.path, each.is_flying) for each in waiting] == [(b"a", True)]


def test_a_checkpoint_tells_only_what_changed_since_the_last() -> None:
    log = Changelog(["gone"])
    for number in range(1000):
        log.mark(RelPath(b"%d" % number), now=1.0)
    stored(log, "gone")
    log.mark(A, now=2.0)
    changes = log.changes(1000)

    assert [entry.path for entry in changes.reported] == [b"a"]
    assert log.target_changes("gone") == (0, [], set(), False)


def test_the_newer_report_of_a_path_keeps_what_the_older_one_asked_for() -> None:
    log = Changelog(["one"])
    log.mark(A, Scope.TREE, now=1.0, content=True)
    store = stored(log, "one")
    log.mark(A, now=2.0)
    store.checkpoint(log, ["one"], log.changes(store.sequence))
    [entry] = store.restored(9.0).take("one", now=9.0)

    assert (entry.scope, entry.content, entry.first_seen) == (Scope.TREE, True, 1.0)


def test_numbers_go_on_where_they_were() -> None:
    log = Changelog(["one"])
    for _ in range(5):
        log.mark(A, now=1.0)
    log.settle("one", log.take("one", now=1.0))
    restored = stored(log, "one").restored(2.0)
    restored.mark(B, now=3.0)
    [entry] = restored.take("one", now=3.0)

    assert entry.sequence == 6


def test_a_flight_nobody_will_tell_the_end_of_is_due_again() -> None:
    log = Changelog(["one"])
    log.mark(A, now=1.0)
    log.take("one", now=1.0)

    assert [entry.path for entry in log.ground("one")] == [b"a"]
    assert [entry.path for entry in log.take("one", now=2.0)] == [b"a"]


def test_until_what_was_stored_is_carried_no_name_is_a_new_one() -> None:
    log = Changelog(["one"])
    log.add("one", RelPath(b"d"), Scope.LEVEL, now=1.0, content=True)
    restored = stored(log, "one").restored(9.0)
    restored.mark(RelPath(b"d/a"), now=9.0, content=True, created=True)
    first = restored.take("one", now=9.0)
    restored.settle("one", first)
    restored.mark(RelPath(b"d/b"), now=9.0, content=True, created=True)
    then = restored.take("one", now=9.0)

    assert [(each.path, each.created) for each in first] == [(b"d", False), (b"d/a", False)]
    assert [(each.path, each.created) for each in then] == [(b"d/b", True)]
