"""What is known about a path, as people read it."""

from __future__ import annotations

import pytest

from sersync.api.sentences import sentences
from sersync.model.explanation import Carried, Explanation, FileKind, OfTarget, Watched
from sersync.model.path import RelPath
from sersync.model.status import TargetState


@pytest.mark.parametrize(
    ("verdict", "failed", "did"),
    [
        ("done", False, "carried"),
        ("partial", False, "carried"),
        ("partial", True, "tried"),
        ("retry", True, "tried"),
        ("halt", True, "tried"),
    ],
)
def test_only_a_transfer_that_carried_something_is_said_to_have_carried(
    verdict: str, failed: bool, did: str
) -> None:
    last = Carried(
        at=0.0,
        number=7,
        by=RelPath(b"a"),
        failed=failed,
        kind="entries",
        verdict=verdict,
        paths=1,
        duration_s=0.5,
        lag_s=1.0,
    )
    about = Explanation(
        source="www",
        root=b"/srv/www",
        path=RelPath(b"a"),
        kind=FileKind.FILE,
        watched=Watched.TOLD,
        targets=(OfTarget(target="web1", state=TargetState.IN_SYNC, last=last),),
    )

    said = sentences(about, state_dir="")[-1]

    assert said.startswith(f"web1: last {did} ")
    assert said.endswith(f" by transfer #7, with 1 path in 0.50 s: {verdict}")
