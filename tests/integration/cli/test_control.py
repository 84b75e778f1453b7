"""``sersync pause``, ``resume`` and ``resync``, typed at a daemon that runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import leave_alone
from tests.support.cli import Cli, RunningCli, cli

__all__ = ["cli"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "d").mkdir(parents=True)
    (root / "kept").write_text("so that the root is never empty")
    (root / "d" / "file").write_text("file")
    return root


_HERE = ("--state-dir", "state/one")


def status(cli: Cli) -> dict[str, Any]:
    [instance] = json.loads(cli.run("status", "--json", *_HERE).stdout)["instances"]
    target: dict[str, Any] = instance["sources"][0]["targets"][0]
    return target


def mirror(cli: Cli, *more: str) -> RunningCli:
    running = cli.start("mirror", "source", "copy", *_HERE, *more)
    running.wait_until(lambda: cli.run("status", *_HERE).returncode == 0)
    running.wait_until(lambda: status(cli)["state"] == "in-sync")
    return running


def test_a_paused_target_holds_no_connection_and_what_changed_meanwhile_arrives_later(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    running = mirror(cli)
    paused = cli.run("pause", *_HERE)
    now = status(cli)
    assert (paused.returncode, now["state"], now["spares"], now["runs"]) == (0, "paused", 0, 0)
    assert "paused" in paused.stdout
    (source / "later").write_text("written while it was paused")
    running.wait_until(lambda: status(cli)["pending"] > 0)
    assert not (tmp_path / "copy" / "later").exists()
    resumed = cli.run("resume", "--json", *_HERE)
    running.wait_until((tmp_path / "copy" / "later").exists)

    assert resumed.returncode == 0
    [deed] = json.loads(resumed.stdout)["targets"]
    assert (deed["did"], deed["reason"]) == ("resumed", None)


def test_pausing_twice_and_resuming_what_is_not_paused_change_nothing(
    cli: Cli, source: Path
) -> None:
    mirror(cli)
    cli.run("pause", *_HERE)

    assert "nothing to do" in cli.run("pause", *_HERE).stdout
    assert "goes on" in cli.run("resume", *_HERE).stdout
    assert "nothing to do" in cli.run("resume", *_HERE).stdout


def test_a_resync_of_a_subtree_mends_what_others_did_there_and_nothing_else(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    running = mirror(cli)
    leave_alone(cli, running, *_HERE)
    (tmp_path / "copy" / "d" / "file").unlink()
    (tmp_path / "copy" / "kept").unlink()
    result = cli.run("resync", "d", *_HERE)
    running.wait_until((tmp_path / "copy" / "d" / "file").exists)

    assert (result.returncode, "compared again" in result.stdout) == (0, True)
    assert not (tmp_path / "copy" / "kept").exists()
    assert (
        cli.run("resync", str(source), "--target", str(tmp_path / "copy"), *_HERE).returncode == 0
    )
    running.wait_until((tmp_path / "copy" / "kept").exists)


def test_a_resync_of_a_path_that_is_gone_deletes_it_on_the_target(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    running = mirror(cli)
    (tmp_path / "copy" / "extra").mkdir()
    cli.run("resync", "extra", *_HERE)

    running.wait_until(lambda: not (tmp_path / "copy" / "extra").exists())


def test_names_that_are_not_there_are_told_with_those_that_are(cli: Cli, source: Path) -> None:
    mirror(cli, "--name", "www")
    no_target = cli.run("resume", "--target", "nobody", *_HERE)
    no_source = cli.run("pause", "--source", "nothing", *_HERE)
    elsewhere = cli.run("resync", "/nowhere", *_HERE)

    assert [no_target.returncode, no_source.returncode, elsewhere.returncode] == [1, 1, 1]
    assert "copy" in no_target.stderr
    assert 'only "www"' in no_source.stderr
    assert str(source) in elsewhere.stderr


def test_without_an_instance_there_is_nobody_to_ask(cli: Cli) -> None:
    result = cli.run("resume", *_HERE)

    assert result.returncode == 2
    assert "no instance is running" in result.stderr


def test_of_several_instances_one_must_be_named(cli: Cli, tmp_path: Path, source: Path) -> None:
    mirror(cli)
    shutil.copytree(source, tmp_path / "other")
    other = cli.start("mirror", "other", "copy-of-other", "--state-dir", "state/two")
    other.wait_until(lambda: cli.run("status", "--state-dir", "state/two").returncode == 0)
    result = cli.run("pause", "--state-dir", "state")

    assert result.returncode == 64
    assert "state/one" in result.stderr
    assert "state/two" in result.stderr


def test_a_wiped_source_is_emptied_on_the_target_only_when_that_is_confirmed(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    running = mirror(cli)
    with running.standing_still():  # what is wiped before the root is empty may be deleted
        for entry in source.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    running.wait_until(lambda: status(cli)["state"] == "halted")
    unconfirmed = cli.run("resume", *_HERE)
    assert unconfirmed.returncode == 1
    assert "--confirm" in unconfirmed.stdout
    assert (tmp_path / "copy" / "kept").exists()
    assert (tmp_path / "copy" / "d" / "file").exists()
    confirmed = cli.run("resume", "--confirm", "--source", "source", *_HERE)

    running.wait_until(lambda: not any((tmp_path / "copy").iterdir()))
    assert (confirmed.returncode, "confirmed" in confirmed.stdout) == (0, True)
    running.wait_until(lambda: status(cli)["state"] == "in-sync")
