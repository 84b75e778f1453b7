"""Whatever happens in whatever order, with a crash at any point: no difference is ever lost."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from sersync.model.dirty import Scope
from sersync.model.filters import Filter
from sersync.model.look import Look
from sersync.model.path import ROOT, RelPath, join, parent
from sersync.model.report import Desync, DesyncReason, Report
from sersync.replication.keeping import Keeping
from sersync.replication.quiet import Quiet
from sersync.replication.reconcile import conclude
from sersync.watch.rescan import Rescan
from tests.support.simulated import File, Target, Time, Tree

_NAMES = (b"a", b"b")
_EFFORT = float(os.environ.get("SERSYNC_CONVERGENCE_EFFORT", "1"))


class Daemons(RuleBasedStateMachine):
    """One source, one target, and daemons that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.tree = Tree(self.time)
        self.target = Target()
        self.file = File()
        self.walk: Iterator[Look] | None = None
        self.looks: list[Look] = []
        self.has_lost_events = False
        self.last_move: tuple[RelPath, RelPath] | None = None
        for path in (b"a", b"a/a", b"b"):
            self.tree.mkdir(RelPath(path))
        self.tree.write(RelPath(b"a/a/b"), 1)
        self.start()
        self.let_rows_be_stored()
        self.get_current()
        self.file.commit()

    # The daemon.

    def start(self) -> None:
        """Begin: watch first, then walk."""
        self.file.crashed()
        self.tree.told.clear()
        self.tree.is_watched = True
        self.keeping = Keeping(self.file, self.file.commit, clock=self.time)
        self.rescan = Rescan(self.tree, Filter())
        self.quiet = Quiet(self.keeping, self.rescan, put=self.file.put, clock=self.time)
        self.looks = []
        self.has_lost_events = False
        # After a crash, directories that moved are doubted too; here the first line must hold.
        self.begin_walk(doubts_moves=False)

    def begin_walk(self, *, doubts_moves: bool) -> None:
        rows = self.keeping.rows(ROOT)
        self.walk = self.rescan.looks(
            ROOT, rows, opening=self.keeping.opening, doubts_moves=doubts_moves
        )

    @property
    def is_running(self) -> bool:
        return self.tree.is_watched

    @precondition(lambda self: self.is_running)
    @rule()
    def read_events(self) -> None:
        """Everything that was told goes into the log; a lost event asks for another walk."""
        since = self.time.now
        self.time.now += 0.001
        reports: Sequence[Report] = list(self.tree.told)
        self.tree.told.clear()
        self.keeping.note(reports)
        self.has_lost_events |= any(isinstance(each, Desync) for each in reports)
        self.file.put([each for each in reports if not isinstance(each, Desync)])
        self.keeping.drained(since)
        self.begin_what_is_asked_for()

    def begin_what_is_asked_for(self) -> None:
        if self.walk is None and self.has_lost_events:
            self.has_lost_events = False
            self.begin_walk(doubts_moves=True)

    @precondition(lambda self: self.is_running)
    @rule(looks=st.integers(1, 4))
    def walk_on(self, looks: int) -> None:
        for _ in range(looks):
            look = next(self.walk, None) if self.walk is not None else None
            if look is None:
                self.conclude()
                self.walk = None
                self.begin_what_is_asked_for()
                return
            self.looks.append(look)

    @precondition(lambda self: self.is_running)
    @rule()
    def conclude(self) -> None:
        conclude(self.looks, self.keeping, self.file.put, tells=True)
        self.looks = []

    @precondition(lambda self: self.is_running and not self.looks)
    @rule()
    def work_in_the_background(self) -> None:
        self.quiet.work(lambda: False)

    @precondition(lambda self: self.is_running)
    @rule()
    def store_rows(self) -> None:
        self.keeping.store()

    @precondition(lambda self: self.is_running)
    @rule()
    def let_rows_be_stored(self) -> None:
        """A quiet while, in which everything else gets done, but nothing needs to be carried."""
        for _ in range(2):
            self.time.now += 10.0
            self.read_events()
            while self.walk is not None:
                self.walk_on(100)
            self.quiet.work(lambda: False)
        self.read_events()
        self.keeping.store()

    @precondition(lambda self: self.is_running)
    @rule()
    def checkpoint(self) -> None:
        self.file.commit()

    @precondition(lambda self: self.is_running)
    @rule(data=st.data())
    def carry(self, data: st.DataObject) -> None:
        known = sorted(self.file.dirty)
        if not known:
            return
        for path in data.draw(st.lists(st.sampled_from(known), unique=True)):
            self.target.carry(self.tree, path, self.file.dirty.pop(path))

    @precondition(lambda self: self.is_running)
    @rule()
    def get_current(self) -> None:
        """What has been told is read, and all that is pending is carried."""
        self.read_events()
        while self.file.dirty:
            path = next(iter(self.file.dirty))
            self.target.carry(self.tree, path, self.file.dirty.pop(path))

    @precondition(lambda self: self.is_running)
    @rule()
    def get_current_and_know_it(self) -> None:
        self.get_current()
        self.let_rows_be_stored()
        self.file.commit()

    @precondition(lambda self: self.is_running)
    @rule()
    def crash(self) -> None:
        self.tree.is_watched = False

    @precondition(lambda self: self.is_running)
    @rule()
    def stop(self) -> None:
        self.read_events()
        self.file.commit()
        self.tree.is_watched = False

    @precondition(lambda self: not self.is_running)
    @rule()
    def start_again(self) -> None:
        self.start()

    # The world.

    @rule(seconds=st.sampled_from([0.5, 3.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.time.now += seconds

    @rule()
    def overflow(self) -> None:
        self.tree.overflow()

    @rule(data=st.data(), content=st.integers(1, 9))
    def write(self, data: st.DataObject, content: int) -> None:
        self.tree.write(self.any_name(data), content)

    @rule(data=st.data(), mode=st.integers(0, 3))
    def chmod(self, data: st.DataObject, mode: int) -> None:
        paths = [path for path, _ in self.tree.walk()]
        self.tree.chmod(data.draw(st.sampled_from(paths)), mode)

    @rule(data=st.data())
    def mkdir(self, data: st.DataObject) -> None:
        self.tree.mkdir(self.any_name(data))

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.tree.remove(self.any_name(data))

    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        self.tree.rename(self.any_name(data), self.any_name(data))

    @rule(data=st.data())
    def move_a_directory(self, data: st.DataObject) -> None:
        directory = data.draw(st.sampled_from(self.tree.directories()))
        name = self.any_name(data)
        self.tree.rename(directory, name)
        self.last_move = (name, directory)

    @precondition(lambda self: self.last_move is not None)
    @rule()
    def move_back(self) -> None:
        assert self.last_move is not None
        old, new = self.last_move
        if self.tree.at(parent(new)) is not None:
            self.tree.rename(old, new)

    def any_name(self, data: st.DataObject) -> RelPath:
        directory = data.draw(st.sampled_from(self.tree.directories()))
        return join(directory, data.draw(st.sampled_from(_NAMES)))

    # The promise.

    def teardown(self) -> None:
        if not self.is_running:
            self.start()
        for _ in range(3):
            self.read_events()
            while self.walk is not None:
                self.walk_on(100)
            self.get_current()
        assert self.target.root.shape() == self.tree.root.shape()


Daemons.TestCase.settings = settings(
    max_examples=int(150 * _EFFORT), stateful_step_count=40, deadline=None
)
test_no_difference_is_ever_lost = Daemons.TestCase


def test_a_directory_that_moved_is_void_before_its_move_is_carried() -> None:
    world = Daemons()
    world.tree.rename(RelPath(b"a"), RelPath(b"c"))
    world.get_current()
    world.crash()
    world.tree.rename(RelPath(b"c"), RelPath(b"a"))
    world.teardown()


def test_a_directory_that_moved_away_and_back_unseen_is_compared() -> None:
    world = Daemons()
    world.tree.rename(RelPath(b"a"), RelPath(b"c"))
    world.target.carry(world.tree, ROOT, Scope.LEVEL)
    world.tree.rename(RelPath(b"c"), RelPath(b"a"))
    world.tree.overflow()
    world.teardown()


def test_what_a_walk_finds_moved_is_void_before_its_move_is_carried() -> None:
    world = Daemons()
    world.tree.rename(RelPath(b"a"), RelPath(b"c"))
    world.tree.overflow()
    world.read_events()
    world.walk_on(100)
    world.get_current()
    world.crash()
    world.tree.rename(RelPath(b"c"), RelPath(b"a"))
    world.teardown()


def test_a_look_at_a_directory_that_moves_is_dropped() -> None:
    world = Daemons()
    world.tree.write(RelPath(b"a/a/b"), 2)
    world.get_current()
    world.time.now += 10.0
    world.quiet.work(lambda: False)
    world.tree.rename(RelPath(b"a"), RelPath(b"c"))
    world.time.now += 1.0
    world.get_current()
    world.keeping.store()
    world.file.commit()
    world.crash()
    world.tree.rename(RelPath(b"c"), RelPath(b"a"))
    world.teardown()


def test_a_change_in_the_tick_of_the_look_is_not_taken_for_what_was_seen() -> None:
    world = Daemons()
    world.time.now = 5000.0
    world.tree.write(RelPath(b"a/x"), 1)
    world.get_current()
    world.file.commit()
    world.time.now += 0.1
    world.begin_walk(doubts_moves=False)
    world.walk_on(100)
    world.get_current()
    world.time.now += 0.1
    world.read_events()
    world.keeping.store()
    world.file.commit()
    world.crash()
    world.tree.write(RelPath(b"a/x"), 2)
    world.teardown()


def test_a_row_waits_until_what_was_told_before_its_look_is_in_the_log() -> None:
    world = Daemons()
    reading_since = world.time.now
    world.time.now += 0.1
    world.tree.write(RelPath(b"a/a/b"), 2)
    world.time.now += 10.0
    looks = world.rescan.looks(
        ROOT, world.keeping.rows(ROOT), opening=world.keeping.opening, doubts_moves=False
    )
    world.keeping.looked(list(looks), were_told=False)
    world.keeping.drained(reading_since)
    world.keeping.store()
    world.crash()
    world.teardown()


def test_a_change_that_no_event_shows_is_found_within_the_hour() -> None:
    world = Daemons()
    world.tree.write(RelPath(b"a/a/b"), 2)
    world.tree.told.clear()
    world.quiet.work(lambda: False)
    assert not world.file.dirty
    world.time.now += 3601.0
    world.quiet.work(lambda: False)
    assert world.file.dirty == {b"a/a/b": Scope.ENTRY}


def test_where_nothing_is_watched_only_a_look_that_tells_makes_rows() -> None:
    world = Daemons()
    world.keeping.uncovered = (RelPath(b"a"),)
    world.keeping.add_stale(RelPath(b"a"))
    world.tree.write(RelPath(b"a/a/b"), 2)
    world.tree.told.clear()
    world.let_rows_be_stored()
    world.crash()
    world.teardown()


def test_where_a_file_system_is_missing_no_rows_are_made() -> None:
    world = Daemons()
    keeping = Keeping(
        world.file, world.file.commit, clock=world.time, missing=lambda: [RelPath(b"a")]
    )
    world.time.now += 10.0
    looks = world.rescan.looks(ROOT, (), opening=keeping.opening, doubts_moves=False)
    keeping.looked(list(looks), were_told=True)
    keeping.drained(world.time.now + 1.0)
    world.file.stored.rows_of.clear()
    keeping.store()
    assert set(world.file.stored.rows_of) == {b"", b"b"}


def test_after_a_mount_came_or_went_no_row_below_it_counts() -> None:
    world = Daemons()
    world.keeping.note([Desync(subtree=RelPath(b"a"), reason=DesyncReason.MOUNTED)])
    assert set(world.file.stored.rows_of) == {b"", b"b"}
