"""The engine's decisions over time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import ROOT, RelPath, is_within, parent
from sersync.model.written import Written
from sersync.replication.policy import Backoff, DeletionGuard, Unconfirmed, widen

A = RelPath(b"d/a")


def numbered(count: int, *, below: bytes = b"d") -> list[RelPath]:
    return [RelPath(below + b"/%d" % number) for number in range(count)]


class TestBackoff:
    def test_pauses_double_up_to_the_ceiling(self) -> None:
        pauses = [Backoff().delay(failures, jitter=0.0) for failures in range(12)]
        assert pauses == [0.0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]

    def test_a_million_failures_pause_no_longer_than_the_ceiling(self) -> None:
        assert Backoff().delay(1_000_000, jitter=0.0) == 300.0

    @given(
        failures=st.integers(min_value=1, max_value=100),
        jitter=st.floats(min_value=0.0, max_value=1.0),
    )
    def test_jitter_takes_off_at_most_a_quarter(self, failures: int, jitter: float) -> None:
        whole = Backoff().delay(failures, jitter=0.0)
        assert 0.75 * whole <= Backoff().delay(failures, jitter=jitter) <= whole


class TestDeletionGuard:
    def test_half_of_a_large_source_may_go_before_it_stops(self) -> None:
        guard = DeletionGuard()
        guard.know(10_000)
        assert guard.allows(1.0, 5_000)
        assert not guard.allows(1.0, 5_001)
        guard.record(1.0, 5_000)
        assert not guard.allows(2.0, 1)

    def test_a_small_source_may_lose_a_thousand_entries(self) -> None:
        guard = DeletionGuard()
        guard.know(10)
        guard.record(1.0, 1_000)
        assert guard.allows(1.0, 0)
        assert not guard.allows(1.0, 1)

    def test_a_source_that_shrinks_does_not_lower_its_limit(self) -> None:
        guard = DeletionGuard()
        guard.know(10_000)
        guard.know(3)
        assert guard.limit == 5_000

    def test_only_the_last_minute_counts(self) -> None:
        guard = DeletionGuard(limit=10)
        guard.record(0.0, 8)
        guard.record(59.0, 2)
        assert not guard.allows(59.9, 1)
        assert guard.allows(60.0, 8)
        assert not guard.allows(60.0, 9)

    def test_zero_allows_no_deletion_and_a_negative_limit_allows_all(self) -> None:
        none = DeletionGuard(limit=0)
        assert not none.allows(1.0, 1)
        assert none.share(1.0, reserved=0, slots=3, free=3) == 0
        off = DeletionGuard(limit=-1)
        off.record(1.0, 10**9)
        assert off.allows(1.0, 10**9)
        assert off.share(1.0, reserved=0, slots=3, free=3) is None

    @pytest.mark.parametrize(
        ("known", "share"), [(0, 256), (2_999, 256), (4_000, 512), (100_000, 1024)]
    )
    def test_what_one_run_may_delete_uncounted_changes_rarely(self, known: int, share: int) -> None:
        guard = DeletionGuard()
        guard.know(known)
        assert guard.share(1.0, reserved=0, slots=3, free=3) == share
        assert guard.share(1.0, reserved=share, slots=3, free=2) == share

    @given(
        limit=st.integers(min_value=0, max_value=5000),
        slots=st.integers(min_value=1, max_value=9),
        steps=st.lists(st.tuples(st.booleans(), st.integers(min_value=0)), max_size=60),
    )
    def test_all_shares_together_never_exceed_the_limit(
        self, limit: int, slots: int, steps: list[tuple[bool, int]]
    ) -> None:
        guard = DeletionGuard(limit=limit)
        running: list[int] = []
        deleted = 0
        for starts, number in steps:
            if starts and len(running) < slots:
                free = slots - len(running)
                share = guard.share(1.0, reserved=sum(running), slots=slots, free=free)
                running.append(share or 0)
            elif running:
                done = number % (running.pop(number % len(running)) + 1)
                deleted += done
                guard.record(1.0, done)
            assert deleted + sum(running) <= limit

    def test_the_reason_has_the_numbers_and_the_way_on(self) -> None:
        guard = DeletionGuard(limit=10)
        guard.record(1.0, 9)
        reason = guard.reason(
            target="web2",
            confirm="sersync resume --confirm",
            entries=4,
            deleted=9,
            written=Written.TOML,
        )
        assert reason.message == (
            "4 entries are to be deleted on web2, after 9 that were deleted already within 60 s;"
            " the limit is 10"
        )
        assert "sersync resume --confirm" in reason.remedy
        assert "max_delete of web2 to 13 or more" in reason.remedy
        assert reason.needs_confirm
        assert reason.command == "sersync resume --confirm"

    @pytest.mark.parametrize(
        ("written", "setting"),
        [
            (Written.CONFXML, "add --max-delete=13, or more, to the params of <commonParams>"),
            (Written.COMMAND_LINE, "start it with --max-delete 13 or more"),
        ],
    )
    def test_the_reason_names_the_limit_as_it_is_written(
        self, written: Written, setting: str
    ) -> None:
        reason = DeletionGuard(limit=10).reason(
            target="web2", confirm="", entries=4, deleted=9, written=written
        )
        assert setting in reason.remedy

    def test_what_a_person_allows_comes_on_top_and_is_used_up(self) -> None:
        guard = DeletionGuard(limit=10)
        guard.record(1.0, 10)
        guard.allow(100)
        assert guard.allows(2.0, 100)
        assert not guard.allows(2.0, 101)
        guard.record(2.0, 100)
        assert not guard.allows(3.0, 1)
        assert guard.allows(61.0, 10)


class TestUnconfirmed:
    def test_a_lost_path_is_offered_after_one_ten_and_sixty_minutes(self) -> None:
        paths = Unconfirmed()
        paths.lost([A], 0.0)
        offered = []
        for now in range(0, 4000, 10):
            offered += [now] * len(paths.due(float(now)))
        assert offered == [60, 600, 3600]
        assert paths.count == 0
        assert paths.next_due is None

    def test_it_stays_unconfirmed_until_the_last_offer(self) -> None:
        paths = Unconfirmed()
        paths.lost([A], 0.0)
        assert (paths.count, paths.next_due) == (1, 60.0)
        assert paths.due(60.0) == [(A, Scope.ENTRY)]
        assert (paths.count, paths.next_due) == (1, 600.0)

    def test_late_offers_do_not_come_twice_at_once_unless_both_are_due(self) -> None:
        paths = Unconfirmed()
        paths.lost([A], 0.0)
        assert paths.due(300.0) == [(A, Scope.ENTRY)]
        assert paths.next_due == 600.0

    def test_what_was_settled_in_the_last_two_minutes_is_lost_with_the_connection(self) -> None:
        paths = Unconfirmed()
        paths.remember_settled([RelPath(b"old")], 0.0)
        paths.remember_settled([RelPath(b"young")], 100.0)
        paths.lost([A], 200.0)
        assert dict(paths.due(260.0)) == {A: Scope.ENTRY, b"young": Scope.ENTRY}

    def test_without_a_loss_nothing_is_unconfirmed(self) -> None:
        paths = Unconfirmed()
        paths.remember_settled([A], 0.0)
        assert paths.count == 0
        assert paths.due(10_000.0) == []

    def test_scopes_are_kept_and_the_wider_one_wins(self) -> None:
        paths = Unconfirmed()
        level = DirtyPath(path=A, scope=Scope.LEVEL, sequence=1, first_seen=0.0)
        paths.remember_settled([level], 0.0)
        paths.lost([A], 1.0)
        assert paths.due(61.0) == [(A, Scope.LEVEL)]

    def test_a_second_loss_begins_the_count_anew(self) -> None:
        paths = Unconfirmed()
        paths.lost([A], 0.0)
        paths.due(60.0)
        paths.lost([A], 100.0)
        assert paths.next_due == 160.0
        assert paths.count == 1

    def test_many_paths_become_the_levels_of_their_parents(self) -> None:
        paths = Unconfirmed(most=10)
        paths.lost([*numbered(20), *numbered(3, below=b"e")], 0.0)
        assert dict(paths.due(60.0)) == {b"d": Scope.LEVEL, b"e": Scope.LEVEL}

    def test_too_many_directories_become_the_whole_tree(self) -> None:
        paths = Unconfirmed(most=10)
        paths.lost([RelPath(b"%d/x" % number) for number in range(20)], 0.0)
        assert paths.due(60.0) == [(ROOT, Scope.TREE)]

    def test_what_was_settled_is_bounded_as_well_and_a_burst_is_forgotten_in_time(self) -> None:
        paths = Unconfirmed(most=100)
        paths.remember_settled(numbered(5000), 0.0)
        paths.remember_settled([A], 100.0)
        paths.lost([], 200.0)
        assert paths.due(260.0) == [(A, Scope.ENTRY)]


@given(
    paths=st.dictionaries(
        st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), max_size=4).map(
            lambda names: RelPath(b"/".join(names))
        ),
        st.sampled_from(Scope),
    ),
    most=st.integers(min_value=1, max_value=12),
)
def test_widened_scopes_cover_all_that_they_stand_for(
    paths: dict[RelPath, Scope], most: int
) -> None:
    wider = widen(paths, most=most)
    assert len(wider) <= most
    for path, scope in paths.items():
        assert any(
            (wide_scope is Scope.TREE and is_within(path, wide))
            or (path == wide and wide_scope >= scope)
            or (scope is Scope.ENTRY and wide_scope is Scope.LEVEL and parent(path) == wide)
            for wide, wide_scope in wider.items()
        )
