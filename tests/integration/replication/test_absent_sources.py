"""A source that is not there at the start stands halted, and begins once it is; others go on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sersync.api.client import NotReachable, fetch_status
from tests.support.cli import Cli, RunningCli, cli
from tests.support.trees import assert_same_trees

__all__ = ["cli"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "sersync.toml"
    lines = [f'state_dir = "{tmp_path}/state"']
    for name in ("here", "late"):
        lines += [
            f'[[source]]\nname = "{name}"\nroot = "{tmp_path}/{name}"',
            f'[[source.target]]\nto = "{tmp_path}/{name}-copy"',
        ]
    file.write_text("\n".join(lines))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "file").write_text("carried")
    return file


def told(config: Path, source: str) -> dict[str, Any]:
    try:
        document = fetch_status(os.fspath(config.parent / "state" / "control.sock"))
    except NotReachable:
        return {}
    return next((dict(each) for each in document["sources"] if each["name"] == source), {})


def current(config: Path, source: str) -> bool:
    targets = told(config, source).get("targets", [])
    return bool(targets) and all(each["state"] == "in-sync" for each in targets)


def is_halted(config: Path, source: str) -> bool:
    """Tell whether the source stands halted, and each of its targets."""
    document = told(config, source)
    targets = [each["state"] for each in document.get("targets", [])]
    return bool(document.get("halted")) and targets == ["halted"]


def started(cli: Cli, config: Path) -> RunningCli:
    running = cli.start("run", "-c", "sersync.toml")
    running.wait_until(lambda: current(config, "here"))
    return running


def test_the_others_are_carried_and_it_is_said_what_is_missing(cli: Cli, config: Path) -> None:
    running = started(cli, config)
    # The threads of one source do not wait for those of the other.
    running.wait_until(lambda: is_halted(config, "late"))
    late = told(config, "late")
    assert "does not exist" in late["halted"]["message"]
    assert "begins by itself" in late["halted"]["remedy"]
    assert cli.run("status", "--state-dir", "state").returncode == 1
    waited = cli.run("wait", "--source", "late", "--state-dir", "state", "--timeout", "20")
    assert waited.returncode != 0
    assert "does not exist" in waited.stdout + waited.stderr
    assert running.stop() == 0
    assert_same_trees(config.parent / "here", config.parent / "here-copy")
    assert not (config.parent / "late-copy").exists()


def test_it_begins_by_itself_once_it_is_there(cli: Cli, config: Path) -> None:
    running = started(cli, config)
    late = config.parent / "late"
    (config.parent / "filled").mkdir()
    (config.parent / "filled" / "file").write_text("there at last")
    (config.parent / "filled").rename(late)
    running.wait_until(lambda: current(config, "late"))
    (late / "later").write_text("watched, too")
    running.wait_until((config.parent / "late-copy" / "later").exists)
    assert told(config, "late")["halted"] is None
    assert running.stop() == 0
    assert_same_trees(late, config.parent / "late-copy")


def test_what_its_target_holds_stays_while_it_is_there_but_empty(cli: Cli, config: Path) -> None:
    """As the mount point of a file system that is not mounted yet."""
    (config.parent / "late-copy").mkdir()
    (config.parent / "late-copy" / "file").write_text("of yesterday")
    running = started(cli, config)
    (config.parent / "late").mkdir()
    running.wait_until(lambda: told(config, "late").get("directories") == 1)
    running.wait_until(
        lambda: "but its target" in str(told(config, "late")) or current(config, "late")
    )
    assert running.stop() == 0
    assert (config.parent / "late-copy" / "file").read_text() == "of yesterday"


def test_one_that_a_new_configuration_brings_may_be_absent_too(cli: Cli, config: Path) -> None:
    whole = config.read_text()
    config.write_text(whole[: whole.index('[[source]]\nname = "late"')])
    running = started(cli, config)
    config.write_text(whole)
    running.child.send_signal(1)
    running.wait_until(lambda: bool(told(config, "late").get("halted")))
    (config.parent / "late").mkdir()
    (config.parent / "late" / "file").write_text("there at last")
    running.wait_until(lambda: current(config, "late"))
    assert running.stop() == 0


def test_where_no_source_is_there_nothing_begins(cli: Cli, config: Path) -> None:
    (config.parent / "here").rename(config.parent / "away")

    result = cli.run("run", "-c", "sersync.toml")

    assert result.returncode == 66
    assert "here does not exist" in result.stderr
