"""What the page says first, and in each row."""

from __future__ import annotations

from sersync.api.page.shapes import Mood, PageView
from sersync.api.page.view import Past, page_view
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.path import RelPath
from sersync.model.status import TargetState, TargetStatus
from tests.support.status import daemon_status, target_status

_NOTHING = Past(samples=lambda *_: (), transfers=lambda *_: (), pending=lambda *_: ())
_PROBLEM = Problem(path=RelPath(b"a/b"), stage=Stage.WRITE, message="it cannot be written")


def seen(*targets: TargetStatus) -> PageView:
    return page_view(daemon_status(*targets), _NOTHING, now=0.0, with_plots=False)


def test_a_path_that_fails_is_told_in_the_headline_and_in_the_row() -> None:
    failing = target_status(state=TargetState.SETTLING, pending=1, problems=(_PROBLEM,))
    view = seen(failing, target_status(target="web2"))
    row, other = view.sources[0].targets

    assert (view.mood, view.headline) == (
        Mood.WARN,
        "1 path cannot be carried, and is tried again",
    )
    assert view.detail == "1 of 2 targets in sync, 1 with paths that fail"
    assert (row.mood, row.state) == (Mood.WARN, "settling")
    assert row.why == "1 path cannot be carried, a/b: it cannot be written"
    assert (other.mood, other.why) == (Mood.GOOD, "")


def test_many_paths_that_fail_are_counted() -> None:
    failing = target_status(problems=(_PROBLEM,), problems_omitted=1200)
    view = seen(failing)

    assert view.headline == "1,201 paths cannot be carried, and are tried again"
    assert view.sources[0].targets[0].why.startswith("1,201 paths cannot be carried, first a/b: ")


def test_a_target_that_backs_off_is_told_before_its_paths() -> None:
    gone = Reason(message="it is gone")
    view = seen(target_status(state=TargetState.BACKING_OFF, reason=gone, problems=(_PROBLEM,)))

    assert view.headline.startswith("A target cannot be reached or refuse")
    assert view.detail == "0 of 1 targets in sync, 1 backing off"
    assert view.sources[0].targets[0].why == "it is gone"
