"""No check of the doctor is without a test."""

from __future__ import annotations

from pathlib import Path

import sersync.doctor
from sersync.doctor.finding import Subject
from sersync.doctor.kept_checks import check_kept
from sersync.doctor.target_facts import Kept
from sersync.model.target import LocalDirectory, Target
from tests.support.named_in_code import arguments_named, constants

CODE = Path(sersync.doctor.__file__).parent
TESTS = Path(__file__).parents[2]


def checks() -> set[str]:
    named = arguments_named("check", [*CODE.glob("*_checks.py"), CODE / "finding.py"])
    target = Target(name="t", endpoint=LocalDirectory(path=b"/t"))
    lost = Kept(
        mode=False, owner=False, times=False, symlinks=False, hard_links=False, xattrs=False,
        names=False,
    )  # fmt: skip
    # The names of what is kept are put together from a table.
    return named | {each.check for each in check_kept(Subject("t"), target, lost)}


def test_every_check_is_named_by_a_test() -> None:
    tests = [
        file
        for kind in ("unit", "integration")
        for file in (TESTS / kind / "doctor").glob("test_*.py")
        if file != Path(__file__)
    ]

    found = checks()

    assert {"watches", "state space", "keeps xattrs", "far rsync", "SELinux"} <= found
    assert found - constants(tests) == set()
