"""However much is pending and fails, the page is short, and costs a tenth of a second at most."""

from __future__ import annotations

import time

from sersync.api.page.render import live, page
from sersync.api.page.view import Past, page_view
from sersync.model.batch import Problem, Stage
from sersync.model.path import RelPath
from sersync.model.status import DirectoryCount, PendingStatus, TransferStatus
from tests.page.scene import Scene

_PENDING = 10_000
_FAILING = 1000


def _overwhelm(scene: Scene) -> Past:
    """Have every target of *scene* lack 10,000 paths, and fail at 1,000; return the past."""
    problems = tuple(
        Problem(path=RelPath(b"bad/f%d" % number), stage=Stage.READ, message="Permission denied")
        for number in range(_FAILING)
    )
    runs = tuple(
        TransferStatus(
            kind="entries", paths=1, bytes=0, bytes_total=1, elapsed_s=0.1, first_path=RelPath(b"f")
        )
        for _ in range(100)
    )
    for source in scene.current.sources:
        for target in source.targets:
            scene.set(
                source.name,
                target.target,
                pending=_PENDING,
                quarantined=_FAILING,
                problems=problems,
                problems_omitted=0,
                transfers=runs,
            )
    lacking = PendingStatus(
        source="",
        target="",
        pending=_PENDING,
        in_flight=0,
        directories=tuple(
            DirectoryCount(directory=RelPath(b"d%d" % number), paths=1)
            for number in range(_PENDING)
        ),
        directories_omitted=7,
        paths=(),
        omitted=_PENDING,
    )
    samples = scene.samples("www", "web1", 86_400.0)
    transfers = scene.transfers("www", "web1", 8)
    return Past(
        samples=lambda *_: samples,
        transfers=lambda *_: transfers,
        pending=lambda *_: (lacking,),
    )


def test_what_is_shown_is_bounded_and_what_is_left_out_is_counted(scene: Scene) -> None:
    past = _overwhelm(scene)
    view = page_view(scene.current, past, now=scene.now, with_plots=False)
    html = live(view)

    for target in (each for source in view.sources for each in source.targets):
        assert len(target.problems) + target.problems_more == _FAILING
        assert len(target.pending_by) + target.pending_more == _PENDING + 7
        assert max(len(target.problems), len(target.pending_by), len(target.runs)) <= 10
    assert b"and 990 more" in html
    assert b"and in 9999 more directories" in html
    assert len(html) / 15 < 12_000


def test_it_costs_a_tenth_of_a_second_at_most(scene: Scene) -> None:
    past = _overwhelm(scene)
    took_s = []
    for _ in range(5):
        began_at = time.thread_time()
        page(page_view(scene.current, past, now=scene.now))
        took_s.append(time.thread_time() - began_at)

    # The first one compiles the templates. Of the processor's time: other tests have a share of it.
    assert min(took_s) <= 0.1
