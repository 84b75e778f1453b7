"""``sersync health`` against sockets that answer, and such that do not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.api.server import ApiServer
from sersync.model.status import TargetState
from tests.support.board import FakeBoard
from tests.support.cli import Cli
from tests.support.status import daemon_status, target_status


@pytest.fixture
def healthy(tmp_path: Path) -> Iterator[Path]:
    """The state directory of an instance that is well."""
    (tmp_path / "state" / "www").mkdir(parents=True)
    path = tmp_path / "state" / "www" / "control.sock"
    server = ApiServer(os.fspath(path), FakeBoard())
    server.start()
    yield tmp_path / "state"
    server.close()


def test_all_well_is_0_and_quiet_says_nothing(cli: Cli, healthy: Path) -> None:
    told = cli.run("health", "--state-dir", "state")
    quiet = cli.run("health", "--state-dir", "state", "--quiet")

    assert (told.returncode, told.stdout.partition(" - ")[0]) == (0, "SERSYNC OK")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_trouble_is_said_even_when_quiet(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    status = daemon_status(target_status(state=TargetState.HALTED))
    server = ApiServer(os.fspath(tmp_path / "state" / "control.sock"), FakeBoard(lambda: status))
    server.start()
    try:
        result = cli.run("health", "--state-dir", "state", "--quiet")
    finally:
        server.close()

    assert result.returncode == 2
    assert result.stdout.startswith("SERSYNC CRITICAL - www/web1 halted")


def test_nothing_running_is_2(cli: Cli) -> None:
    result = cli.run("health", "--state-dir", "nowhere", "--quiet")

    assert (result.returncode, "no instance is running" in result.stdout) == (2, True)


@pytest.mark.parametrize("limit", [("--max-lag", "soon"), ("--max-pending", "many")])
def test_a_limit_that_is_none_is_3(cli: Cli, healthy: Path, limit: tuple[str, str]) -> None:
    result = cli.run("health", "--state-dir", "state", *limit)

    assert result.returncode == 3
    assert result.stdout.startswith(f"SERSYNC UNKNOWN - {limit[0]} {limit[1]}: ")


def test_an_instance_that_hangs_is_2(cli: Cli, healthy: Path) -> None:
    (healthy / "hung").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(healthy / "hung" / "control.sock"))
        listener.listen()

        result = cli.run("health", "--state-dir", "state")

    assert result.returncode == 2
    assert "hung/control.sock: it did not answer in time" in result.stdout
