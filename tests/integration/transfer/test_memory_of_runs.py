"""What a run may have carried, beyond what the plan saw, is not taken for known."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sersync.model.batch import Verdict
from sersync.model.path import RelPath
from sersync.transfer.batch import Run
from sersync.transfer.command import Kind
from sersync.transfer.planning import Planning


@pytest.mark.parametrize(("listed", "is_complete"), [(b"/d/", False), (b"/d/f", True)])
def test_after_a_level_was_listed_files_of_any_age_may_stand_on_the_target(
    tmp_path: Path, listed: bytes, is_complete: bool
) -> None:
    planning = Planning(os.fsencode(tmp_path))
    before_ns = time.time_ns()
    planning.remember(Run(Kind.ENTRIES, names=[listed]), Verdict.DONE)

    assert (planning.carried.complete_since_ns < before_ns) is is_complete


def test_what_is_gone_after_its_run_may_have_been_carried_in_another_state(tmp_path: Path) -> None:
    planning = Planning(os.fsencode(tmp_path))
    (tmp_path / "here").touch()
    seen = (tmp_path / "here").stat()
    stamp = (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, time.time_ns())
    stamps = [(RelPath(b"here"), stamp), (RelPath(b"gone"), stamp)]
    planning.remember(Run(Kind.ENTRIES, names=[b"/here", b"/gone"], stamps=stamps), Verdict.DONE)

    assert planning.carried.is_confirmed(RelPath(b"here"))
    assert not planning.carried.is_confirmed(RelPath(b"gone"))
