"""``wait`` never returns early: after each of many rounds the target is what the source is.

    SERSYNC_WAIT_ROUNDS=1000 .venv/bin/pytest -s tests/integration/replication/test_wait_is_exact.py

Rounds change a tree at random, hold files open while they write, and compare at once, while
somebody else changes another tree beside it. Each has its seed: SERSYNC_WAIT_SEED.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from sersync.daemon.waiting import stands
from sersync.selftest.changes import Playground, Step, random_step
from tests.support.churn import Churn
from tests.support.engine import Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees

_ROUNDS = int(os.environ.get("SERSYNC_WAIT_ROUNDS", "100"))
_SEED = int(os.environ.get("SERSYNC_WAIT_SEED", "1"))
_LONGEST_S = 60.0
_MUCH_LATER_S = 10.0


@pytest.mark.timeout(60 + 3 * _ROUNDS)
def test_after_a_wait_everything_of_before_stands_on_the_target_whatever_goes_on_beside(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    mine, outside = source / "mine", tmp_path / "outside"
    mine.mkdir()
    outside.mkdir()
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint), max_delay_s=30.0)
    chance = random.Random(_SEED)
    playground = Playground(mine, outside)
    with _load(source / "load", tmp_path / "load outside"), open(mine / "log", "ab", 0) as log:
        for number in range(_ROUNDS):
            begun = len(playground.told)
            for step in _steps(chance, chance.randint(1, 8)):
                playground.apply(step)
            log.write(b"%d\n" % number)
            path = b"mine" if chance.random() < 0.5 else b""
            _wait(engine, path)
            _compare(mine, rsyncd.root / "mine", number, playground.told[begun:])


def _compare(mine: Path, copy: Path, number: int, done: list[str]) -> None:
    """Compare at once; of what differs tell whether it would have come later, too."""
    try:
        assert_same_trees(mine, copy)
    except AssertionError as early:
        time.sleep(_MUCH_LATER_S)
        later = "it came later: the wait was not exact"
        try:
            assert_same_trees(mine, copy)
        except AssertionError:
            later = "it never came: the wait was right to end, but something was lost"
        story = "\n  ".join(done)
        raise AssertionError(f"round {number}, {later}\n{early}\n  {story}") from None


def _wait(engine: Engine, path: bytes) -> None:
    wait = engine.daemon.waiting.wait(path=path)
    wait.over.wait(_LONGEST_S)
    answer = wait.answer()
    wait.give_up()
    assert stands(answer), [(e.ending, e.stage, e.reason, e.paths, e.refused) for e in answer]


def _steps(chance: random.Random, count: int) -> list[Step]:
    """Make up changes, but no hard links.

    Names of a file that may lie outside of the tree are searched for a twentieth of the time.
    """
    steps = (random_step(chance) for _ in iter(int, 1))
    return list(islice((each for each in steps if each.kind != "hard_link"), count))


@contextmanager
def _load(root: Path, outside: Path) -> Iterator[None]:
    """Have a tree beside changed at random, a few hundred times a second."""
    root.mkdir()
    outside.mkdir()
    is_over = threading.Event()
    churn = Churn(root, outside, _SEED)

    def change() -> None:
        while not is_over.wait(0.02):
            churn.run(5)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
