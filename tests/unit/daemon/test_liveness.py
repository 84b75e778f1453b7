"""Who is stuck, and who is only slow."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sersync.daemon.liveness import Liveness, where
from sersync.daemon.pulse import Pulse

_ALLOWANCE_S = 10.0


class World:
    """A thread that waits, a clock that we turn, and what the kernel counts."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.switches = 0
        self.over = threading.Event()
        self.look = threading.Event()
        self.looked = threading.Event()
        self.pulse = Pulse()
        self.thread = threading.Thread(target=self._work, name="work:a/b", daemon=True)
        self.thread.start()
        self.liveness = Liveness(
            self.pulse,
            lambda: [self.thread],
            allowance_s=_ALLOWANCE_S,
            switches=lambda _: self.switches,
            clock=lambda: self.now,
        )

    def _work(self) -> None:
        self.over.wait()

    def beat(self) -> None:
        """Let the thread have looked at the clock now."""
        self.pulse._looked_at[self.thread.ident or 0] = self.now

    def is_stuck(self) -> bool:
        return self.thread in self.liveness.stuck()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.over.set()
    world.thread.join()


def test_a_thread_that_neither_looks_nor_moves_is_stuck_after_its_allowance(world: World) -> None:
    assert not world.is_stuck()
    world.now += _ALLOWANCE_S
    assert not world.is_stuck()
    world.now += 0.1
    assert world.is_stuck()


def test_a_thread_that_looks_at_the_clock_is_not_stuck(world: World) -> None:
    world.is_stuck()
    world.now += _ALLOWANCE_S * 2
    world.beat()
    assert not world.is_stuck()


def test_a_thread_that_is_scheduled_again_and_again_is_slow_not_stuck(world: World) -> None:
    world.beat()
    for _ in range(100):
        world.now += _ALLOWANCE_S
        world.switches += 1
        assert not world.is_stuck()


def test_a_thread_that_spins_without_ever_looking_is_stuck_after_an_hour(world: World) -> None:
    world.beat()
    for _ in range(500):
        world.now += _ALLOWANCE_S
        world.switches += 1
        if world.is_stuck():
            break
    assert 3600 < world.now - 1000.0 < 3700


def test_a_thread_that_has_ended_is_not_stuck(world: World) -> None:
    world.is_stuck()
    world.over.set()
    world.thread.join()
    world.now += _ALLOWANCE_S * 2
    assert not world.is_stuck()


def test_a_new_thread_does_not_inherit_the_silence_of_an_old_one_with_its_number() -> None:
    pulse = Pulse()
    pulse._looked_at[12345] = 0.0
    pulse.forget_all_but([threading.current_thread()])
    assert 12345 not in pulse._looked_at


def test_where_names_the_place_that_a_thread_is_at(world: World) -> None:
    assert "_work" in where(world.thread)
