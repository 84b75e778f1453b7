"""Every rule of the changelog, one sentence each."""

from __future__ import annotations

import pytest

from sersync.changelog.log import Changelog
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath

A = RelPath(b"a")
B = RelPath(b"b")
D = RelPath(b"d")
D_X = RelPath(b"d/x")
D_E = RelPath(b"d/e")
D_E_Y = RelPath(b"d/e/y")


def names(paths: list[DirtyPath]) -> list[bytes]:
    return [entry.path for entry in paths]


def test_a_marked_path_is_taken_once_by_every_target() -> None:
    log = Changelog(["one", "two"])
    log.mark(A, now=1.0)
    assert names(log.take("one", now=2.0)) == [A]
    assert names(log.take("one", now=3.0)) == []
    assert names(log.take("two", now=4.0)) == [A]


def test_paths_are_taken_in_the_order_of_their_last_report() -> None:
    log = Changelog(["one"])
    for path in (A, B, D, A):
        log.mark(path, now=1.0)
    assert names(log.take("one", now=2.0)) == [B, D, A]


def test_a_path_marked_twice_is_one_entry_with_all_that_was_said() -> None:
    log = Changelog(["one"])
    log.mark(D, Scope.LEVEL, now=1.0, content=True)
    log.mark(D, now=2.0, not_before=9.0)
    (entry,) = log.take("one", now=3.0)
    assert entry.scope is Scope.LEVEL
    assert entry.content
    assert entry.first_seen == 1.0
    assert entry.not_before == 0.0
    assert entry.sequence == 2


def test_without_targets_nothing_is_kept() -> None:
    log = Changelog()
    log.mark(A, now=1.0)
    log.add_target("late", now=2.0)
    assert log.pending("late") == 0
    assert log.oldest("late") is None


def test_a_new_target_begins_at_the_end_of_the_log() -> None:
    log = Changelog(["one"])
    log.mark(A, now=1.0)
    log.add_target("late", now=2.0)
    log.mark(B, now=3.0)
    assert names(log.take("late", now=4.0)) == [B]
    assert names(log.take("one", now=4.0)) == [A, B]


def test_a_removed_target_holds_nothing_back_any_more() -> None:
    log = Changelog(["one", "gone"])
    log.mark(A, now=1.0)
    log.settle("one", log.take("one", now=2.0))
    log.remove_target("gone")
    log.mark(A, now=3.0)
    (entry,) = log.take("one", now=4.0)
    assert entry.first_seen == 3.0
    with pytest.raises(KeyError):
        log.take("gone", now=5.0)


class TestSeveralTargets:
    def test_what_a_slow_target_has_not_passed_does_not_widen_what_a_fast_one_gets(self) -> None:
        log = Changelog(["fast", "slow"])
        log.mark(D, Scope.TREE, now=1.0, content=True)
        log.settle("fast", log.take("fast", now=2.0))
        log.mark(D, now=5.0)
        (fast,) = log.take("fast", now=6.0)
        assert (fast.scope, fast.content, fast.first_seen) == (Scope.ENTRY, False, 5.0)
        (slow,) = log.take("slow", now=7.0)
        assert (slow.scope, slow.content, slow.first_seen) == (Scope.TREE, True, 1.0)

    def test_three_targets_at_three_places_each_get_what_they_have_not_passed(self) -> None:
        log = Changelog(["fast", "middle", "slow"])
        log.mark(D, Scope.TREE, now=1.0)
        log.settle("fast", log.take("fast", now=2.0))
        log.settle("middle", log.take("middle", now=2.0))
        log.mark(D, Scope.LEVEL, now=3.0)
        log.settle("fast", log.take("fast", now=4.0))
        log.mark(D, now=5.0)
        assert log.take("fast", now=6.0)[0].first_seen == 5.0
        middle = log.take("middle", now=6.0)[0]
        assert middle.scope >= Scope.LEVEL
        assert 2.0 <= middle.first_seen <= 3.0
        assert log.take("slow", now=6.0)[0].first_seen == 1.0

    def test_what_was_set_aside_goes_when_the_slow_target_has_passed_it(self) -> None:
        log = Changelog(["fast", "slow"])
        log.mark(D, Scope.TREE, now=1.0)
        log.settle("fast", log.take("fast", now=2.0))
        log.mark(D, now=3.0)
        log.settle("slow", log.take("slow", now=4.0))
        log.mark(D, now=5.0)
        (slow,) = log.take("slow", now=6.0)
        assert (slow.scope, slow.first_seen) == (Scope.ENTRY, 5.0)
        (fast,) = log.take("fast", now=6.0)
        assert (fast.scope, fast.first_seen) == (Scope.ENTRY, 3.0)


class TestHolds:
    def test_a_held_path_is_not_taken_before_its_time_but_counts_as_pending(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0, not_before=11.0)
        assert log.next_due("one") == 11.0
        assert log.take("one", now=2.0) == []
        assert log.next_due("one") == 11.0
        assert log.pending("one") == 1
        assert log.oldest("one") == 1.0
        assert names(log.take("one", now=11.0)) == [A]

    def test_a_closed_file_is_due_at_once(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0, not_before=11.0, created=True)
        assert log.take("one", now=2.0) == []
        log.mark(A, now=3.0, content=True)
        assert log.next_due("one") == 0.0
        (entry,) = log.take("one", now=4.0)
        assert (entry.first_seen, entry.content, entry.created) == (1.0, True, True)
        assert log.take("one", now=20.0) == []

    def test_a_file_that_keeps_changing_keeps_its_first_deadline(self) -> None:
        log = Changelog(["one"])
        for second in range(1, 12):
            log.mark(A, now=second, not_before=second + 10.0)
            assert log.take("one", now=second) == [] or second == 11
        assert log.in_flight("one") == 1

    def test_a_held_path_does_not_hold_up_those_behind_it(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0, not_before=11.0)
        log.mark(B, now=1.0)
        assert names(log.take("one", now=2.0)) == [B]


class TestInFlight:
    def test_a_path_that_changes_while_it_is_carried_waits_and_is_carried_again(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0)
        first = log.take("one", now=2.0)
        log.mark(A, now=3.0, content=True, created=True)
        assert log.next_due("one") is None
        assert log.take("one", now=4.0) == []
        assert log.next_due("one") is None
        assert log.pending("one") == 1
        log.settle("one", first)
        assert log.next_due("one") == 0.0
        (again,) = log.take("one", now=5.0)
        assert (again.first_seen, again.content) == (3.0, True)
        assert again.sequence > first[0].sequence

    def test_a_name_made_anew_while_its_removal_is_carried_is_not_called_new(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0)
        first = log.take("one", now=2.0)
        log.mark(A, now=3.0, created=True)
        log.settle("one", first)
        assert not log.take("one", now=4.0)[0].created
        log.mark(B, now=5.0)
        first = log.take("one", now=6.0)
        log.mark(B, now=7.0, created=True)
        assert log.take("one", now=8.0) == []
        log.settle("one", first)
        assert not log.take("one", now=9.0)[0].created

    def test_settling_ends_the_flight_and_the_lag(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0)
        taken = log.take("one", now=2.0)
        assert (log.in_flight("one"), log.pending("one"), log.oldest("one")) == (1, 0, 1.0)
        log.settle("one", taken)
        assert (log.in_flight("one"), log.pending("one"), log.oldest("one")) == (0, 0, None)

    def test_settling_an_old_version_again_does_not_settle_the_new_one(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0)
        old = log.take("one", now=2.0)
        log.settle("one", old)
        log.mark(A, now=3.0)
        log.take("one", now=4.0)
        log.settle("one", old)
        assert log.in_flight("one") == 1

    def test_what_is_put_back_keeps_its_age_and_counts_its_failures(self) -> None:
        log = Changelog(["one"])
        log.mark(A, Scope.LEVEL, now=1.0, content=True, created=True)
        log.put_back("one", log.take("one", now=2.0), not_before=5.0, failed=True)
        assert log.next_due("one") == 5.0
        assert log.take("one", now=4.0) == []
        (entry,) = log.take("one", now=5.0)
        assert (entry.failures, entry.first_seen) == (1, 1.0)
        assert (entry.scope, entry.content, entry.created) == (Scope.LEVEL, True, True)
        log.put_back("one", [entry])
        assert log.take("one", now=6.0)[0].failures == 1

    def test_a_change_ends_the_wait_of_a_path_that_failed(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0, created=True)
        log.put_back("one", log.take("one", now=2.0), not_before=500.0, failed=True)
        log.mark(A, now=3.0, content=True)
        (entry,) = log.take("one", now=4.0)
        assert (entry.first_seen, entry.failures) == (1.0, 1)
        assert not entry.created, "an older state may stand on the target"

    def test_a_change_during_a_run_that_fails_is_one_path_with_it(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0)
        taken = log.take("one", now=2.0)
        log.mark(A, now=3.0)
        assert log.take("one", now=4.0) == []
        log.put_back("one", taken, not_before=500.0)
        (entry,) = log.take("one", now=5.0)
        assert entry.first_seen == 1.0
        assert log.pending("one") == 0

    def test_deferred_paths_are_due_when_a_run_has_ended(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0, created=True)
        log.defer("one", log.take("one", now=2.0))
        assert (log.in_flight("one"), log.pending("one")) == (0, 1)
        assert log.next_due("one") is None
        log.mark(A, now=3.0, content=True)
        assert log.take("one", now=4.0) == []
        assert log.pending("one") == 1
        log.release("one")
        assert log.next_due("one") == 0.0
        (entry,) = log.take("one", now=5.0)
        assert (entry.first_seen, entry.content, entry.created) == (1.0, True, True)

    def test_release_does_not_wake_the_newer_version_of_what_is_in_flight(self) -> None:
        log = Changelog(["one"])
        log.mark(A, now=1.0)
        taken = log.take("one", now=2.0)
        log.mark(A, now=3.0)
        assert log.take("one", now=4.0) == []
        log.release("one")
        assert log.next_due("one") is None
        log.settle("one", taken)
        assert names(log.take("one", now=5.0)) == [A]


class TestOwnSet:
    def test_what_is_added_for_one_target_is_not_seen_by_others(self) -> None:
        log = Changelog(["one", "two"])
        log.add("one", D, Scope.LEVEL, now=1.0)
        assert names(log.take("one", now=2.0)) == [D]
        assert log.take("two", now=2.0) == []

    def test_an_added_path_keeps_the_age_and_the_failures_that_it_is_given(self) -> None:
        log = Changelog(["one"])
        log.add("one", D, Scope.TREE, now=9.0, first_seen=2.0, failures=3, not_before=10.0)
        assert log.next_due("one") == 10.0
        (entry,) = log.take("one", now=10.0)
        assert (entry.scope, entry.first_seen, entry.failures) == (Scope.TREE, 2.0, 3)

    def test_added_and_marked_is_one_path(self) -> None:
        log = Changelog(["one"])
        log.add("one", D, Scope.LEVEL, now=1.0)
        log.mark(D, now=2.0, content=True)
        assert log.pending("one") == 1
        (entry,) = log.take("one", now=3.0)
        assert (entry.scope, entry.content, entry.first_seen) == (Scope.LEVEL, True, 1.0)

    def test_a_slice_over_a_path_in_flight_waits_for_it(self) -> None:
        log = Changelog(["one"])
        log.mark(D, now=1.0)
        taken = log.take("one", now=2.0)
        log.add("one", D, Scope.LEVEL, now=3.0)
        assert log.next_due("one") is None
        assert log.take("one", now=4.0) == []
        log.settle("one", taken)
        assert names(log.take("one", now=5.0)) == [D]


class TestAbsorption:
    def test_a_tree_covers_what_is_below_it_and_inherits_its_age(self) -> None:
        log = Changelog(["one"])
        log.mark(D_X, now=1.0)
        log.mark(D_E, Scope.TREE, now=2.0)
        log.mark(D_E_Y, now=3.0, content=True, created=True)
        log.mark(D, Scope.TREE, now=4.0)
        log.mark(A, now=5.0)
        tree, other = log.take("one", now=6.0)
        assert (tree.path, tree.first_seen, other.path) == (D, 1.0, A)
        log.settle("one", [tree, other])
        assert (log.in_flight("one"), log.pending("one")) == (0, 0)

    def test_changed_bytes_under_an_old_name_are_kept_beside_the_tree(self) -> None:
        log = Changelog(["one"])
        log.mark(D, Scope.TREE, now=1.0)
        log.mark(D_X, now=2.0, content=True)
        assert names(log.take("one", now=3.0)) == [D, D_X]

    def test_a_level_absorbs_nothing(self) -> None:
        log = Changelog(["one"])
        log.mark(D, Scope.LEVEL, now=1.0)
        log.mark(D_X, now=2.0)
        assert names(log.take("one", now=3.0)) == [D, D_X]

    def test_a_neighbour_whose_name_begins_alike_is_not_absorbed(self) -> None:
        log = Changelog(["one"])
        log.mark(D, Scope.TREE, now=1.0)
        log.mark(RelPath(b"d.x"), now=2.0)
        log.mark(RelPath(b"dx/y"), now=2.0)
        assert len(log.take("one", now=3.0)) == 3

    def test_the_root_as_a_tree_covers_everything_but_itself(self) -> None:
        log = Changelog(["one"])
        log.mark(D_E_Y, now=1.0)
        log.mark(ROOT, Scope.TREE, now=2.0)
        (entry,) = log.take("one", now=3.0)
        assert (entry.path, entry.first_seen) == (ROOT, 1.0)

    def test_what_is_held_is_not_absorbed(self) -> None:
        log = Changelog(["one"])
        log.mark(D_X, now=1.0, not_before=10.0)
        log.mark(D, Scope.TREE, now=2.0)
        assert names(log.take("one", now=3.0)) == [D]
        assert names(log.take("one", now=10.0)) == [D_X]

    def test_a_path_marked_below_a_tree_in_flight_is_newer_and_is_taken(self) -> None:
        log = Changelog(["one"])
        log.mark(D, Scope.TREE, now=1.0)
        log.take("one", now=2.0)
        log.mark(D_X, now=3.0)
        assert names(log.take("one", now=4.0)) == [D_X]


class TestLimit:
    def test_a_limited_take_leaves_the_newer_paths_for_the_next_one(self) -> None:
        log = Changelog(["one", "two"])
        for path in (A, B, D):
            log.mark(path, now=1.0)
        assert len(log.take("two", now=2.0)) == 3
        assert names(log.take("one", now=2.0, limit=2)) == [A, B]
        assert (log.pending("one"), log.next_due("one")) == (1, 0.0)
        assert names(log.take("one", now=3.0, limit=2)) == [D]

    def test_a_target_ahead_of_another_is_limited_from_its_oldest_on_too(self) -> None:
        log = Changelog(["one", "down"])
        log.mark(RelPath(b"before"), now=1.0)
        log.settle("one", log.take("one", now=1.0))
        for path in (A, B, D):
            log.mark(path, now=2.0)
        assert names(log.take("one", now=3.0, limit=2)) == [A, B]
        assert names(log.take("one", now=3.0, limit=2)) == [D]

    def test_retries_do_not_keep_new_changes_waiting(self) -> None:
        log = Changelog(["one"])
        for number in range(10):
            log.add("one", RelPath(b"retry%d" % number), Scope.ENTRY, now=1.0)
        log.mark(A, now=2.0)
        assert A in names(log.take("one", now=3.0, limit=4))


def test_a_look_at_the_paths_shows_each_once_and_at_most_the_limit() -> None:
    log = Changelog(["one"])
    log.mark(A, now=1.0)
    log.take("one", now=2.0)
    log.mark(A, now=3.0)
    log.mark(B, now=4.0)
    log.add("one", D, Scope.LEVEL, now=5.0)
    assert sorted(names(log.paths("one", 10))) == [A, B, D]
    assert len(log.paths("one", 2)) == 2
    assert names(log.paths("one", 1)) == [A]


def test_a_long_backlog_is_worked_off_in_order_and_gives_its_room_back() -> None:
    log = Changelog(["one"])
    paths = [RelPath(b"f%06d" % number) for number in range(50_000)]
    for path in paths:
        log.mark(path, now=1.0)
    seen: list[bytes] = []
    while taken := log.take("one", now=2.0, limit=7_000):
        seen += names(taken)
        log.settle("one", taken)
    assert seen == paths
    assert log.pending("one") == 0


def test_what_one_target_lacks_hastens_nothing_for_another() -> None:
    log = Changelog(["slow"])
    log.mark(A, now=1.0)
    log.add_target("later", now=1.0)
    log.mark(A, now=2.0, not_before=6.0)
    log.add_target("last", now=2.0)
    log.mark(A, now=3.0, not_before=7.0)

    assert [log.next_due(name) for name in ("slow", "later", "last")] == [0.0, 6.0, 7.0]


def test_what_was_not_taken_may_be_in_flight_and_a_newer_version_of_it_waits() -> None:
    log = Changelog(["one"])
    left = DirtyPath(path=B, scope=Scope.ENTRY, sequence=0, first_seen=1.0, content=True)
    log.depart("one", [left])
    log.mark(B, now=2.0)
    assert names(log.take("one", now=3.0)) == []
    log.settle("one", [left])
    assert names(log.take("one", now=4.0)) == [B]


def test_what_is_in_flight_already_stays_as_it_is() -> None:
    log = Changelog(["one"])
    log.mark(A, now=1.0)
    taken = log.take("one", now=2.0)
    log.depart("one", [DirtyPath(path=A, scope=Scope.ENTRY, sequence=0, first_seen=1.0)])
    assert log.snapshot("one").in_flight == taken
