"""A path as people type it: from where they are, relative to a source, or mistyped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.conftest import leave_alone
from tests.support.cli import Cli, RunningCli, cli

__all__ = ["cli"]

_NOTHING = "nothing of that name is in the source, nor pending"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "d").mkdir(parents=True)
    (root / "d" / "f").write_text("f")
    (root / "kept").write_text("so that the root is never empty")
    return root


@pytest.fixture
def here(tmp_path: Path) -> tuple[str, str]:
    return ("--state-dir", str(tmp_path / "state" / "one"))


@pytest.fixture
def mirror(cli: Cli, source: Path, here: tuple[str, str]) -> RunningCli:
    running = cli.start("mirror", "source", "copy", *here)
    running.wait_until(lambda: cli.run("status", *here).returncode == 0)
    running.wait_until(lambda: cli.run("wait", *here).returncode == 0)
    return running


@pytest.mark.parametrize("inside", ["", "source", "source/d"])
def test_a_wait_for_a_deletion_that_is_named_from_here_waits_for_it(
    cli: Cli, tmp_path: Path, source: Path, mirror: RunningCli, here: tuple[str, str], inside: str
) -> None:
    cli.run("pause", *here)
    (source / "d" / "f").unlink()
    where = tmp_path / inside
    path = str((source / "d" / "f").relative_to(where))
    waited = cli.inside(where).run("wait", "--path", path, *here)

    assert waited.returncode == 1, waited
    assert "d/f: since" in waited.stdout
    assert waited.stderr == ""


def test_explain_of_a_deletion_that_is_named_from_here_names_what_was_meant(
    cli: Cli, source: Path, mirror: RunningCli, here: tuple[str, str]
) -> None:
    cli.run("pause", *here)
    (source / "d" / "f").unlink()
    # It ends when the deletion is known, and nothing can be done about it.
    assert cli.run("wait", *here).returncode == 1
    explained = cli.inside(source / "d").run("explain", "f", *here)

    assert explained.returncode == 1, explained
    assert f"at d/f there is nothing in {source} now" in explained.stdout
    assert "d/f is pending since" in explained.stdout


def test_a_path_from_here_is_meant_though_the_source_has_the_same_name_at_its_root(
    cli: Cli, source: Path, mirror: RunningCli, here: tuple[str, str]
) -> None:
    waited = cli.inside(source / "d").run("wait", "--path", "kept", *here)

    assert waited.returncode == 0
    assert ", d/kept: everything stands on the target" in waited.stdout
    assert f"d/kept in {source}: {_NOTHING}" in waited.stderr


def test_a_directory_that_is_reached_by_a_link_is_the_source(
    cli: Cli, tmp_path: Path, source: Path, mirror: RunningCli, here: tuple[str, str]
) -> None:
    (tmp_path / "link").symlink_to(source)
    cli.run("pause", *here)
    (source / "d" / "f").unlink()

    assert "d/f: since" in cli.run("wait", "--path", "link/d/f", *here).stdout


def test_a_path_that_cannot_be_from_here_is_relative_to_the_source(
    cli: Cli, source: Path, mirror: RunningCli, here: tuple[str, str]
) -> None:
    cli.run("pause", *here)
    (source / "d" / "f").unlink()
    waited = cli.run("wait", "--path", "d/f", *here)

    assert waited.returncode == 1
    assert "d/f: since" in waited.stdout


@pytest.mark.parametrize("command", ["wait --path", "explain", "verify", "resync"])
def test_a_name_of_which_nothing_is_known_is_told_so(
    cli: Cli, source: Path, mirror: RunningCli, here: tuple[str, str], command: str
) -> None:
    there = cli.run(*command.split(), "d/f", *here)
    assert (there.returncode, there.stderr) == (0, ""), there
    mirror.wait_until(lambda: cli.run("wait", *here).returncode == 0)
    slip = cli.run(*command.split(), "d/ff", *here)

    assert slip.returncode == 0, slip
    assert slip.stderr.startswith(f"sersync: d/ff in {source}: {_NOTHING}")


def test_what_is_on_the_target_only_is_known(
    cli: Cli, tmp_path: Path, mirror: RunningCli, here: tuple[str, str]
) -> None:
    leave_alone(cli, mirror, *here)
    (tmp_path / "copy" / "strange").write_text("by others")
    for command in ("explain", "verify"):
        found = cli.run(command, "strange", *here)
        assert (found.returncode, found.stderr) == (1, ""), found


def test_the_command_that_repairs_can_be_pasted_anywhere(
    cli: Cli, tmp_path: Path, source: Path, mirror: RunningCli, here: tuple[str, str]
) -> None:
    leave_alone(cli, mirror, *here)
    (tmp_path / "copy" / "d" / "f").write_text("by somebody else")
    relative = ("--state-dir", "../../state/one")
    found = cli.inside(source / "d").run("verify", "f", *relative)

    assert found.returncode == 1, found
    again = found.stdout.rpartition("to carry again what has drifted: ")[2].split()
    assert again[:3] == ["sersync", "verify", str(source / "d" / "f")]
    assert again[-2:] == ["--state-dir", str(tmp_path / "state" / "one")]
