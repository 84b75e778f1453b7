"""What every test may ask for; the fixtures themselves live in ``tests.support``."""

from __future__ import annotations

import os

import pytest

pytest_plugins = [
    "tests.support.cli",
    "tests.support.engine",
    "tests.support.ports",
    "tests.support.proxy",
    "tests.support.rsyncd",
    "tests.support.sshd",
    "tests.support.sysctls",
    "tests.support.tls",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs root for everybody else."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))
