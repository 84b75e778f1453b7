"""``sersync status`` finds what runs, and its exit code tells how that is."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from sersync.model.batch import Problem, Reason, Stage
from sersync.model.mount import MissingMount
from sersync.model.path import RelPath
from sersync.model.status import HookStatus, TargetState
from tests.support.cli import Cli, cli
from tests.support.instances import Instances, instances
from tests.support.status import daemon_status, target_status
from tests.support.window import LEAVE, Windows, windows

__all__ = ["cli", "instances", "windows"]


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


@pytest.mark.parametrize(
    "known",
    [
        {"missing": (MissingMount(path=RelPath(b"vol"), reason=Reason(message="not mounted")),)},
        {"hooks": (HookStatus(name="cdn", fails=True, last_error="exit code 3"),)},
        {"problems": (Problem(path=RelPath(b"a"), stage=Stage.WRITE, message="no"),)},
    ],
)
def test_the_exit_code_is_1_wherever_health_warns(
    cli: Cli, instances: Instances, known: dict[str, Any]
) -> None:
    targets = [target_status(problems=known.pop("problems"))] if "problems" in known else []
    instances.add("one", daemon_status(*targets, **known))

    assert cli.run("status", "--state-dir", "state").returncode == 1
    assert cli.run("health", "--state-dir", "state").returncode in (1, 2)


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


def test_one_target_can_be_asked_for(cli: Cli, instances: Instances) -> None:
    halted = target_status(target="web2", state=TargetState.HALTED)
    instances.add("one", daemon_status(target_status(), halted))

    well = cli.run("status", "--target", "web1", "--state-dir", "state")
    nobody = cli.run("status", "--target", "web3", "--state-dir", "state")

    assert (well.returncode, "web2" in well.stdout) == (0, False)
    assert (nobody.returncode, nobody.stdout) == (64, "")
    assert 'there is no target "web3"' in nobody.stderr
    assert "www/web1, www/web2" in nobody.stderr


def test_watching_redraws_in_place_and_leaves_the_last_table(
    instances: Instances, windows: Windows
) -> None:
    instances.add("one", daemon_status())
    window = windows("status", "--watch", "--state-dir", "state")
    window.shows("web1", "in-sync")

    instances.now["one"] = daemon_status(target_status(state=TargetState.HALTED))
    window.shows("!!", "halted")
    instances.remove("one")
    window.shows("no answer from")
    instances.add("one", daemon_status(target_status(pending=5)))
    window.shows("in-sync")
    window.resize(60, 6)
    window.shows("more lines: enlarge the window")
    window.child.send_signal(signal.SIGINT)

    assert window.ended() == 0
    assert window.is_as_it_was()
    assert "web1" in window.output.rpartition(LEAVE)[2]


def test_watching_without_a_terminal_prints_what_has_changed(
    cli: Cli, instances: Instances
) -> None:
    instances.add("one", daemon_status())
    watching = cli.start("status", "--watch", "--state-dir", "state")
    watching.wait_until(lambda: "www/web1: in-sync, 0 pending" in watching.out)

    instances.now["one"] = daemon_status(target_status(state=TargetState.PAUSED, pending=3))
    watching.wait_until(lambda: "www/web1: paused, 3 pending" in watching.out)

    assert watching.stop(signal.SIGINT) == 0
    assert len(watching.out.splitlines()) == 2
    assert "\x1b" not in watching.out


def test_after_a_restart_it_is_known_what_a_target_lacks(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("carried before the restart")
    _table_of_a_mirror(cli)

    table = _table_of_a_mirror(cli)

    [row] = [line for line in table.splitlines() if "in-sync" in line]
    assert re.search(r"in-sync +\S+ \S+ +0 +0 ", row), table
    assert "no success yet" not in table


def _table_of_a_mirror(cli: Cli) -> str:
    """Return what the table says of a daemon that has just become current, and end that."""
    running = cli.start("mirror", "source", "copy", "--state-dir", "state")
    running.wait_until(lambda: "in-sync, after" in running.out + running.err)
    # Who asks first waits until HTTP is loaded there, perhaps in vain.
    running.wait_until(lambda: cli.run("status", "--state-dir", "state").returncode == 0)
    table = cli.run("status", "--state-dir", "state").stdout
    assert running.stop() == 0
    return table
