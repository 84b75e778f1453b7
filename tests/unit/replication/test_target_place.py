"""A local target whose directory is not where it was; tests with real ones are elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from sersync.model.status import TargetState
from tests.support.fakes import Bench
from tests.unit.replication.steps import ready


def test_a_place_that_is_confirmed_while_it_is_looked_at_is_not_told_once_more() -> None:
    here = (1, 1)
    meanwhile: list[Callable[[], object]] = []

    def place_of(_: bytes) -> tuple[int, int]:
        while meanwhile:
            meanwhile.pop()()
        return here

    bench = ready(Bench(place_of=place_of))
    here = (2, 2)
    bench.step()
    assert bench.worker.status().state is TargetState.HALTED
    meanwhile.append(lambda: bench.worker.resume(confirm=True))
    bench.step()
    bench.step()

    assert bench.worker.status().state is not TargetState.HALTED
