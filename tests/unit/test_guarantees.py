"""``docs/guarantees.md`` promises nothing without a proof that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "guarantees.md").read_text()
_TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?(?:\[[\w-]+\])?`", _PAGE)))
_PROMISES = [line for line in _PAGE.splitlines() if line.startswith("| ") and "proof" not in line]
_CALENDAR = re.compile(r"time\.time\b|time\.time_ns|datetime\.now\(")
_MAY_KNOW_THE_DATE = {
    "watch/sample.py": "how old a change of the source is, by its file's own time",
    "transfer/probe.py": "the probe's file gets a time of the calendar",
    "transfer/launch.py": "the trash has a directory for each day",
    "transfer/trash.py": "what expires is named by days; a jump is noticed",
    "watch/followed.py": "compared with times of files, which are the calendar's",
    "watch/level.py": "compared with times of files, which are the calendar's",
    "transfer/tree.py": "compared with times of files, which are the calendar's",
    "transfer/planning.py": "compared with times of files, which are the calendar's",
}


@pytest.mark.parametrize(("file", "name"), _TESTS)
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    text = (_ROOT / file).read_text()

    assert not name or f"def {name}(" in text


def test_every_row_of_the_fault_matrix_that_is_named_exists() -> None:
    from sersync.selftest.rows import ROWS

    named = set(re.findall(r"\[([a-z0-9-]+)\]`", _PAGE))

    assert named - {row.name for row in ROWS} == set()


def test_every_promise_names_its_proof() -> None:
    assert len(_PROMISES) > 25
    assert [line for line in _PROMISES if "`tests/" not in line] == []


def test_no_wait_is_by_the_calendar_clock() -> None:
    """Of the engine, only named files ask for the date, each for a reason that is no wait."""
    source = _ROOT / "src" / "sersync"
    asking = {
        path.relative_to(source).as_posix()
        for floor in ("replication", "changelog", "watch", "transfer")
        for path in (source / floor).rglob("*.py")
        if _CALENDAR.search(path.read_text())
    }

    assert asking - _MAY_KNOW_THE_DATE.keys() == set()
