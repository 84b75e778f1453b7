"""What is said where something cannot be carried without a person: a target, or a single path."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, RunningCli, cli

__all__ = ["cli"]

_NEXT = "it goes with the next transfer"
_WAITS = "it waits until a person lets that go on"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "d").mkdir(parents=True)
    for number in range(20):
        (root / "d" / str(number)).write_text("file")
    (root / "kept").write_text("so that the root is never empty")
    return root


@pytest.fixture
def here(tmp_path: Path) -> tuple[str, str]:
    return ("--state-dir", str(tmp_path / "state" / "one"))


def mirror(cli: Cli, tmp_path: Path, here: tuple[str, str]) -> RunningCli:
    (tmp_path / "sersync.toml").write_text(
        f'state_dir = "{tmp_path}/state/one"\n'
        "[[source]]\n"
        'name = "www"\n'
        f'root = "{tmp_path}/source"\n'
        "[[source.target]]\n"
        'name = "web1"\n'
        f'to = "{tmp_path}/copy"\n'
        "max_delete = 10\n"
    )
    running = cli.start("run", "-c", "sersync.toml")
    running.wait_until(lambda: cli.run("status", *here).returncode == 0)
    running.wait_until(lambda: cli.run("wait", *here).returncode == 0)
    return running


def test_a_paused_target_is_told_with_the_command_by_which_it_goes_on(
    cli: Cli, tmp_path: Path, source: Path, here: tuple[str, str]
) -> None:
    running = mirror(cli, tmp_path, here)
    cli.run("pause", *here)
    (source / "later").write_text("written while it was paused")
    waited = cli.run("wait", *here)
    command = f"sersync resume --source www --target web1 --state-dir {here[1]}"

    assert waited.returncode == 1
    assert f"Let it go on: {command}" in waited.stdout
    assert (_WAITS in waited.stdout, _NEXT in waited.stdout) == (True, False)
    explained = cli.run("explain", "later", *here)
    assert (_WAITS in explained.stdout, _NEXT in explained.stdout) == (True, False)
    assert f"the target is paused; it goes on with: {command}" in explained.stdout
    document = json.loads(cli.run("wait", "--json", *here).stdout)
    assert [each["goes_on"] for each in document["targets"]] == [command]
    cli.run(*command.split()[1:])
    running.wait_until((tmp_path / "copy" / "later").exists)


def test_a_halted_target_is_told_with_the_command_that_confirms(
    cli: Cli, tmp_path: Path, source: Path, here: tuple[str, str]
) -> None:
    mirror(cli, tmp_path, here)
    shutil.rmtree(source / "d")
    waited = cli.run("wait", *here)
    command = f"sersync resume --confirm --source www --target web1 --state-dir {here[1]}"

    assert waited.returncode == 1
    assert (waited.stdout.count(command), _NEXT in waited.stdout) == (1, False)
    explained = cli.run("explain", "source/d", *here)
    assert explained.returncode == 1
    assert (explained.stdout.count(command), _NEXT in explained.stdout) == (1, False)
    assert _WAITS in explained.stdout


def test_an_emptied_source_is_not_said_to_be_read(
    cli: Cli, tmp_path: Path, source: Path, here: tuple[str, str]
) -> None:
    running = mirror(cli, tmp_path, here)
    shutil.rmtree(source / "d")
    (source / "kept").unlink()
    running.wait_until(lambda: "was emptied" in cli.run("status", *here).stdout)
    waited = cli.run("wait", *here)
    command = f"sersync resume --confirm --source www --state-dir {here[1]}"

    assert waited.returncode == 1
    assert "being read" not in waited.stdout
    assert _NEXT not in waited.stdout
    assert waited.stdout.count(command) == 1
    explained = cli.run("explain", "source/kept", *here)
    assert (explained.stdout.count(command), _NEXT in explained.stdout) == (1, False)


@pytest.fixture
def immutable(tmp_path: Path) -> Iterator[Path]:
    """A file of the target that nobody may change."""
    file = tmp_path / "copy" / "d" / "0"
    file.parent.mkdir(parents=True)
    file.write_text("old")
    if subprocess.run(["chattr", "+i", file], capture_output=True).returncode:
        pytest.skip("nobody here may make a file immutable")
    yield file
    subprocess.run(["chattr", "-i", file], check=True)


def test_a_path_that_the_target_may_not_change_is_told_by_all_with_what_to_do(
    cli: Cli, tmp_path: Path, source: Path, here: tuple[str, str], immutable: Path
) -> None:
    running = cli.start("mirror", "source", "copy", *here)
    running.wait_until(lambda: "1 path cannot be carried" in cli.run("status", *here).stdout)
    status = cli.run("status", *here)

    assert status.returncode == 1
    assert "Operation not permitted. See with lsattr -d" in " ".join(status.stdout.split())
    assert cli.run("health", *here).returncode == 1
    running.wait_until(lambda: "last tried" in cli.run("explain", "source/d/0", *here).stdout)
    assert "last carried" not in cli.run("explain", "source/d/0", *here).stdout
