"""What holds for all tests that meet the real world."""

from __future__ import annotations

import importlib

import pytest


@pytest.fixture(scope="session", autouse=True)
def _http_is_loaded() -> None:
    """Load HTTP: a daemon in this process would do so when it is asked first, and be late."""
    importlib.import_module("sersync.api.serving")
