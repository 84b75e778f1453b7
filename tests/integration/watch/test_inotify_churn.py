"""Whatever happens to the tree, one who looks only where reports say ends with the same tree."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from tests.integration.watch.conftest import Watch, Watched
from tests.support.churn import Churn
from tests.support.replica import Replica

_OPERATIONS = 1500
_DEADLINE_S = 60.0


@pytest.mark.parametrize("seed", range(4))
def test_a_replica_that_follows_the_reports_ends_as_the_source(
    seed: int, root: Path, tmp_path: Path, watch: Watch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    churn = Churn(root, outside, seed)
    churn.run(300)
    watched = watch()
    replica = Replica(os.fsencode(root))
    thread = threading.Thread(target=churn.run, args=(_OPERATIONS,))
    thread.start()
    deadline = time.monotonic() + _DEADLINE_S
    while thread.is_alive():
        assert time.monotonic() < deadline
        replica.apply(watched.take())
    thread.join()
    replica.apply(watched.settle())
    replica.release()
    assert replica.tree == Replica(os.fsencode(root)).tree
    assert not watched.desyncs()
    assert watched.watcher.directories == _count_directories(root, watched)


def _count_directories(root: Path, watched: Watched) -> int:
    return sum(1 for _ in os.walk(root))
