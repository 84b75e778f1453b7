"""Each row of the fault matrix: what `sersync selftest` plays, played as a test.

SERSYNC_SELFTEST_LONG=1 adds the rows that wait for what only happens after a minute.
"""

from __future__ import annotations

import os

import pytest

from sersync.selftest.play import play
from sersync.selftest.row import Row, Verdict
from sersync.selftest.rows import ROWS

_SEED = int(os.environ.get("SERSYNC_SELFTEST_SEED", "1"))
_WITH_LONG = os.environ.get("SERSYNC_SELFTEST_LONG", "") == "1"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_nothing_is_lost_by(row: Row) -> None:
    if row.is_long and not _WITH_LONG:
        pytest.skip("takes minutes: SERSYNC_SELFTEST_LONG=1")
    result = play(row, seed=_SEED)
    if result.verdict is Verdict.SKIPPED:
        pytest.skip(result.reason)
    lines = "\n".join(result.differences)
    assert result.verdict is Verdict.PASSED, (
        f"{row.promise}: {result.reason}\n{lines}\n{result.log}"
    )


def test_every_row_has_a_name_of_its_own() -> None:
    names = [row.name for row in ROWS]

    assert len(set(names)) == len(names)
