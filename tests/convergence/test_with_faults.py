"""Whatever happens to the source, the targets, the connections and the daemon itself.

Each of the rounds makes random changes while faults chosen at random come and go, then
compares. SERSYNC_CONVERGENCE_EFFORT=100 makes 500 of them.
"""

from __future__ import annotations

import os

import pytest

from sersync.selftest.chaos import rounds_row
from sersync.selftest.play import play
from sersync.selftest.row import Verdict
from tests.convergence.conftest import EFFORT

_SEED = int(os.environ.get("SERSYNC_SELFTEST_SEED", "1"))
_ROUNDS = 5


@pytest.mark.timeout(120 + 60 * _ROUNDS * max(1, EFFORT))
def test_any_changes_arrive_among_any_faults() -> None:
    result = play(rounds_row(max(1, int(_ROUNDS * EFFORT))), seed=_SEED)

    told = "\n".join([*result.differences, *result.notes, result.log])
    assert result.verdict is Verdict.PASSED, f"seed {_SEED}: {result.reason}\n{told}"
