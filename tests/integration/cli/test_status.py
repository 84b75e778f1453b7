"""``sersync status`` finds what runs, and its exit code tells how that is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.api.server import ApiServer
from sersync.model.batch import Reason
from sersync.model.status import DaemonStatus, TargetState
from tests.support.board import FakeBoard
from tests.support.cli import Cli, cli
from tests.support.status import daemon_status, target_status

__all__ = ["cli"]


class Instances:
    """Control sockets below one directory, each with a status of its own."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._servers: list[ApiServer] = []

    def add(self, name: str, status: DaemonStatus) -> None:
        """Begin to answer for the instance *name*."""
        (self.base / name).mkdir()
        server = ApiServer(os.fspath(self.base / name / "control.sock"), FakeBoard(lambda: status))
        server.start()
        self._servers.append(server)

    def close(self) -> None:
        """Answer no more."""
        for server in self._servers:
            server.close()


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[Instances]:
    (tmp_path / "state").mkdir()
    instances = Instances(tmp_path / "state")
    yield instances
    instances.close()


def test_every_instance_below_the_directory_is_shown(cli: Cli, instances: Instances) -> None:
    instances.add("one", daemon_status())
    instances.add("two", daemon_status(pid=4712))

    result = cli.run("status", "--state-dir", "state")

    assert (result.returncode, result.stderr) == (0, "")
    assert "pid 4711" in result.stdout
    assert "pid 4712" in result.stdout
    assert "in-sync" in result.stdout


@pytest.mark.parametrize("state", [TargetState.HALTED, TargetState.BACKING_OFF])
def test_a_target_in_trouble_makes_the_exit_code_1(
    cli: Cli, instances: Instances, state: TargetState
) -> None:
    reason = Reason(message="[x] the password is wrong", remedy="Correct it.")
    instances.add("one", daemon_status(target_status(state=state, reason=reason)))

    result = cli.run("status", "--state-dir", "state/one")

    assert result.returncode == 1
    assert "web1: [x] the password is wrong" in result.stdout


def test_a_halted_source_makes_the_exit_code_1(cli: Cli, instances: Instances) -> None:
    instances.add("one", daemon_status(halted=Reason(message="the root is empty")))

    assert cli.run("status", "--state-dir", "state").returncode == 1


def test_json_holds_all_instances(cli: Cli, instances: Instances) -> None:
    instances.add("one", daemon_status())

    result = cli.run("status", "--json", "--state-dir", "state")

    (instance,) = json.loads(result.stdout)["instances"]
    assert instance["sources"][0]["targets"][0]["state"] == "in-sync"


def test_nothing_running_is_exit_code_2(cli: Cli, instances: Instances) -> None:
    plain = cli.run("status", "--state-dir", "state")
    as_json = cli.run("status", "--json", "--state-dir", "state")

    assert (plain.returncode, plain.stdout) == (2, "")
    assert "no instance is running" in plain.stderr
    assert json.loads(as_json.stdout) == {"instances": []}


def test_a_socket_without_anybody_behind_it_is_told(cli: Cli, instances: Instances) -> None:
    (instances.base / "dead").mkdir()
    (instances.base / "dead" / "control.sock").touch()

    result = cli.run("status", "--state-dir", "state")

    assert result.returncode == 2
    assert "no answer from" in result.stderr
    assert "dead/control.sock" in result.stderr
