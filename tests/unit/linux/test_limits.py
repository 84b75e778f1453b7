"""What is said about a limit."""

from __future__ import annotations

from sersync.linux.limits import Limit, Raised


def test_a_raised_limit_tells_both_values() -> None:
    raised = Raised(limit=Limit.WATCHES, wanted=200, before=100, now=200)
    assert raised.is_enough
    assert str(raised) == "fs.inotify.max_user_watches was 100; raised to 200 until the next boot"


def test_a_limit_that_was_enough_is_left_alone() -> None:
    raised = Raised(limit=Limit.WATCHES, wanted=100, before=300, now=300)
    assert str(raised) == "fs.inotify.max_user_watches is 300, which is enough"


def test_a_limit_that_could_not_be_raised_comes_with_reason_and_command() -> None:
    raised = Raised(
        limit=Limit.QUEUED_EVENTS, wanted=200, before=100, now=100, obstacle="Permission denied"
    )
    assert not raised.is_enough
    assert str(raised) == (
        "fs.inotify.max_queued_events is 100; 200 is wanted, but it could not be raised"
        " (Permission denied): sudo sysctl -w fs.inotify.max_queued_events=200"
    )
