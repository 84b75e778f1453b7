"""Ports of the loopback, each kept for the test that asked for it until that is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sersync.rsyncd.running import reserve_port


@pytest.fixture
def free_port() -> Iterator[Callable[[], int]]:
    """Give out ports that nobody listens at, and that nobody else is given meanwhile."""
    with ExitStack() as kept:
        yield lambda: int(kept.enter_context(reserve_port()).getsockname()[1])


@pytest.fixture
def port(free_port: Callable[[], int]) -> int:
    """One such port."""
    return free_port()
