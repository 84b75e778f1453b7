"""Instances that answer at control sockets as the test says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sersync.api.server import ApiServer
from sersync.model.request import Deed, Request
from sersync.model.status import DaemonStatus
from tests.support.board import FakeBoard


class Instances:
    """Control sockets below one directory, each with a status of its own, which may change."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.asked: list[Request] = []
        self.now: dict[str, DaemonStatus] = {}
        self._servers: dict[str, ApiServer] = {}

    def add(self, name: str, status: DaemonStatus) -> None:
        """Begin to answer for the instance *name*."""
        (self.base / name).mkdir(exist_ok=True)
        self.now[name] = status
        board = FakeBoard(self._look(name), act=self._act)
        server = ApiServer(os.fspath(self.base / name / "control.sock"), board)
        server.start()
        self._servers[name] = server

    def remove(self, name: str) -> None:
        """Let the instance *name* go away."""
        self._servers.pop(name).close()

    def close(self) -> None:
        """Answer no more."""
        for server in self._servers.values():
            server.close()

    def _look(self, name: str) -> Callable[[], DaemonStatus]:
        return lambda: self.now[name]

    def _act(self, request: Request) -> tuple[Deed, ...]:
        self.asked.append(request)
        return ()


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[Instances]:
    """Answer below ``state`` of the test's own directory."""
    (tmp_path / "state").mkdir()
    instances = Instances(tmp_path / "state")
    yield instances
    instances.close()
