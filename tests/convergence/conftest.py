"""How long to try, and how to tell what was done."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.engine import Engine
from tests.support.steps import Playground, Step, steps

EFFORT = float(os.environ.get("SERSYNC_CONVERGENCE_EFFORT", "1"))
"""How many times as long as usual to try."""

Converge = Callable[..., None]


@pytest.fixture
def playground(source: Path, tmp_path: Path) -> Playground:
    outside = tmp_path / "outside"
    outside.mkdir()
    return Playground(source, outside)


@pytest.fixture
def converge(playground: Playground) -> Converge:
    """Make random changes in batches, and after each batch compare."""

    def converge(
        engine: Engine,
        compare: Callable[[], None],
        *,
        examples: int,
        made_of: st.SearchStrategy[Step] | None = None,
    ) -> None:
        failures: list[str] = []

        @settings(
            max_examples=max(1, int(examples * EFFORT)),
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(steps() if made_of is None else made_of, min_size=10, max_size=60))
        def run(batch: list[Step]) -> None:
            # The tree is what earlier batches made of it, so there is nothing to shrink.
            if failures:
                return
            before = len(playground.done)
            for step in batch:
                playground.apply(step)
            try:
                # A search for names of hard-linked files may have to wait for its share.
                engine.wait_for_rest(timeout_s=90)
                compare()
            except AssertionError as error:
                failures.append(f"{error}\n{_story(playground, before, engine)}")

        run()
        assert not failures, failures[0]

    return converge


def _story(playground: Playground, before: int, engine: Engine) -> str:
    """Return what was done, the last batch of it apart, and what the engine did."""
    earlier, now = playground.told[:before], playground.told[before:]
    runs = [
        f"{batch.outcome.verdict.value} {batch.outcome.kind or '-'} {batch.outcome.exit_code}: "
        f"{[(path.path, path.scope.name, path.content) for path in batch.outcome.paths]}"
        for batch in engine.batches[-200:]
    ]
    return "\n".join(["before:", *earlier[-300:], "in this batch:", *now, "runs:", *runs])
