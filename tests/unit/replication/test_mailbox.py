"""Where the watcher's reports become dirty paths, and who is woken for them."""

from __future__ import annotations

from sersync.changelog.log import Changelog
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.model.report import Desync, DesyncReason, Moved, NewTree, Report, Stage, Touched
from sersync.replication.mailbox import CREATED_HOLD_S, NEVER, Mailbox

A = RelPath(b"a")


class Box:
    """A mailbox with one target that counts how often it is woken."""

    def __init__(self) -> None:
        self.wakes = 0
        self.mailbox = Mailbox(Changelog(), max_delay_s=10.0)
        self.mailbox.join("copy", self._wake, now=0.0)

    def _wake(self) -> None:
        self.wakes += 1

    def put(self, *reports: Report, now: float = 1.0) -> None:
        self.mailbox.put(reports, now=now)

    def take(self, now: float) -> list[DirtyPath]:
        return self.mailbox.take("copy", now=now, limit=100)


def test_a_change_wakes_a_sleeping_target_and_can_be_taken() -> None:
    box = Box()
    box.mailbox.sleep("copy", 100.0, ready_at=0.0)
    box.put(Touched(A, content=True))

    assert box.wakes == 1
    assert [path.path for path in box.take(1.0)] == [b"a"]


def test_a_target_that_can_start_nothing_is_not_woken() -> None:
    box = Box()
    box.mailbox.sleep("copy", 100.0, ready_at=NEVER)
    box.put(Touched(A))

    assert box.wakes == 0


def test_a_target_that_is_awake_is_not_woken() -> None:
    box = Box()
    box.put(Touched(A))

    assert box.wakes == 0


def test_a_file_that_is_being_written_is_held_for_max_delay() -> None:
    box = Box()
    box.put(Touched(A, content=True, stage=Stage.OPEN))

    assert box.take(10.9) == []
    assert len(box.take(11.0)) == 1


def test_a_file_is_due_as_soon_as_its_writer_closes_it() -> None:
    box = Box()
    box.put(Touched(A, content=True, stage=Stage.OPEN))
    box.put(Touched(A, content=True), now=2.0)

    assert len(box.take(2.0)) == 1


def test_a_file_that_goes_on_being_written_is_not_held_for_ever() -> None:
    box = Box()
    for second in range(1, 10):
        box.put(Touched(A, content=True, stage=Stage.OPEN), now=float(second))

    assert len(box.take(11.0)) == 1


def test_a_file_without_a_writer_is_held_for_a_moment() -> None:
    box = Box()
    box.put(Touched(A, stage=Stage.CREATED, created=True))

    assert box.take(1.0) == []
    assert len(box.take(1.0 + CREATED_HOLD_S)) == 1


def test_a_sleeping_target_is_woken_in_time_for_what_is_held() -> None:
    box = Box()
    box.put(Touched(A, stage=Stage.CREATED))

    assert box.mailbox.sleep("copy", 100.0, ready_at=0.0) == 1.0 + CREATED_HOLD_S


def test_new_and_doubtful_subtrees_are_dirty_as_a_whole() -> None:
    box = Box()
    box.put(NewTree(A), Desync(subtree=RelPath(b"b"), reason=DesyncReason.OVERFLOW))

    assert {(path.path, path.scope) for path in box.take(1.0)} == {
        (b"a", Scope.TREE),
        (b"b", Scope.TREE),
    }


def test_a_tree_is_new_unless_another_one_may_still_stand_in_its_place() -> None:
    box = Box()
    box.put(Touched(A), NewTree(A), NewTree(RelPath(b"b")), NewTree(RelPath(b"c"), replaces=True))

    assert {path.path: path.created for path in box.take(1.0)} == {
        b"a": False,
        b"b": True,
        b"c": False,
    }


def test_of_a_move_the_new_name_knows_the_old_one() -> None:
    box = Box()
    box.put(Touched(A), NewTree(RelPath(b"b")), Moved(A, RelPath(b"b")))

    assert {(path.path, path.scope, path.origin) for path in box.take(1.0)} == {
        (b"a", Scope.ENTRY, None),
        (b"b", Scope.TREE, b"a"),
    }


def test_a_target_that_left_is_neither_woken_nor_kept_for() -> None:
    box = Box()
    box.mailbox.sleep("copy", 100.0, ready_at=0.0)
    box.mailbox.leave("copy")
    box.put(Touched(A))

    assert box.wakes == 0


def test_what_is_put_back_is_pending_until_its_time() -> None:
    box = Box()
    box.put(Touched(A))
    taken = box.take(1.0)
    assert box.mailbox.counts("copy") == (0, 1)
    box.mailbox.settle("copy", (), put_back=taken, not_before=5.0, now=1.0)

    assert box.mailbox.counts("copy") == (1, 0)
    assert box.take(4.0) == []
    [again] = box.take(5.0)
    assert (again.failures, again.first_seen) == (1, 1.0)
