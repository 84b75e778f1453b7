"""What each key does, and what is asked before."""

from __future__ import annotations

import pytest

from sersync.api.client import NotReachable, Silence
from sersync.cli.instances import Answers
from sersync.cli.top.desk import Desk, press, settled
from sersync.cli.top.view import View, seen
from sersync.model.batch import Reason
from sersync.model.request import Request, Verb
from sersync.model.status import TargetState
from tests.support.status import target_status
from tests.unit.cli.top.rows import desk_at, view

_GUARD = Reason(
    message="1,234 entries would be deleted, at most 1,000 may be",
    remedy="Look first.",
    needs_confirm=True,
)
_TWO = view(target_status(), target_status(target="web2"))


def test_arrows_go_from_row_to_row_and_stop_at_the_ends() -> None:
    desk = desk_at(_TWO)

    for key, target in (("down", "web2"), ("down", "web2"), ("k", "web1"), ("end", "web2")):
        desk, _ = press(desk, key, _TWO)
        assert desk.selected is not None
        assert desk.selected[2] == target


def test_p_pauses_just_the_selected_target() -> None:
    desk, [order] = press(desk_at(_TWO, 1), "p", _TWO)

    assert order.request == Request(verb=Verb.PAUSE, source="www", target="web2")
    assert order.state_dir == "/var/lib/sersync/www"
    assert desk.question is None


def test_r_lets_a_target_go_on_at_once_where_nothing_is_to_be_confirmed() -> None:
    halted = view(target_status(state=TargetState.HALTED, reason=Reason(message="no password")))

    _, [order] = press(desk_at(halted), "r", halted)

    assert order.request == Request(verb=Verb.RESUME, source="www", target="web1")


@pytest.mark.parametrize(("answer", "given"), [("y", 1), ("n", 0), ("enter", 0), ("r", 0)])
def test_what_a_guard_halted_goes_on_only_after_its_numbers_were_confirmed(
    answer: str, given: int
) -> None:
    halted = view(target_status(state=TargetState.HALTED, reason=_GUARD))

    desk, orders = press(desk_at(halted), "r", halted)
    assert (orders, desk.question is None) == ((), False)
    assert desk.question is not None
    assert _GUARD.message in desk.question.lines
    desk, orders = press(desk, answer, halted)

    assert [order.request.confirm for order in orders] == [True] * given
    assert desk.question is None


def test_a_halted_source_is_confirmed_as_a_whole() -> None:
    halted = view(target_status(), halted=_GUARD)

    desk, _ = press(desk_at(halted), "r", halted)
    _, [order] = press(desk, "y", halted)

    assert order.request == Request(verb=Verb.RESUME, source="www", confirm=True)


@pytest.mark.parametrize(("key", "targets"), [("s", ["web2"]), ("S", ["web1", "web2"])])
def test_a_resync_is_asked_first(key: str, targets: list[str]) -> None:
    desk, orders = press(desk_at(_TWO, 1), key, _TWO)
    assert orders == ()
    desk, orders = press(desk, "y", _TWO)

    assert [order.request.target for order in orders] == targets
    assert {order.request.verb for order in orders} == {Verb.RESYNC}


def test_nothing_is_ordered_of_those_who_do_not_answer() -> None:
    gone = seen(
        Answers(documents=(), silent=(NotReachable("x", Silence.MISSING),), looked_in=""), _TWO
    )

    assert gone.is_old
    for key in "prsS":
        desk, orders = press(desk_at(gone), key, gone)
        assert (orders, desk.question) == ((), None)


def test_help_and_quit() -> None:
    desk, _ = press(Desk(), "?", View())
    assert desk.shows_help
    desk, _ = press(desk, "x", View())
    assert not desk.shows_help
    desk, _ = press(desk, "q", View())
    assert desk.is_over


def test_a_row_that_is_gone_gives_way_to_the_first() -> None:
    desk = settled(Desk(selected=("/other", "www", "gone")), _TWO)

    assert desk.selected == _TWO.rows[0].key


def test_numbers_that_changed_under_a_question_are_asked_anew() -> None:
    before = view(target_status(state=TargetState.HALTED, reason=_GUARD))
    more = Reason(message="9,999 entries would be deleted", needs_confirm=True)
    after = view(target_status(state=TargetState.HALTED, reason=more))

    desk, _ = press(desk_at(before), "r", before)
    desk, orders = press(desk, "y", after)

    assert orders == ()
    assert desk.question is not None
    assert more.message in desk.question.lines
    assert len(press(desk, "y", after)[1]) == 1


def test_a_yes_that_comes_too_late_does_nothing() -> None:
    before = view(target_status(state=TargetState.HALTED, reason=_GUARD))
    well = view(target_status())
    gone = seen(
        Answers(documents=(), silent=(NotReachable("x", Silence.MISSING),), looked_in=""), before
    )

    desk, _ = press(desk_at(before), "r", before)

    for now in (well, gone):
        after, orders = press(desk, "y", now)
        assert (orders, after.question) == ((), None)
