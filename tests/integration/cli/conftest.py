"""A port that nobody else gets, and HTTP that is there before anybody waits for an answer."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from sersync.rsyncd.running import reserve_port


@pytest.fixture(scope="session", autouse=True)
def _http_is_loaded() -> None:
    """Whoever asks first waits for it: on a busy host longer than callers are ready to."""
    importlib.import_module("sersync.api.serving")


@pytest.fixture
def port() -> Iterator[int]:
    """A port of the loopback, kept for the test until it is over."""
    with reserve_port() as reserved:
        yield int(reserved.getsockname()[1])
