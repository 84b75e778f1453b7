"""What ``sersync`` says about itself, quickly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sersync import __version__
from tests.support.cli import Cli, cli

__all__ = ["cli"]


def test_bare_sersync_shows_the_commands(cli: Cli) -> None:
    bare, asked = cli.run(), cli.run("--help")

    assert bare.returncode == asked.returncode == 0
    assert bare.stdout.strip() == asked.stdout.strip()
    for command in ("mirror", "run", "demo", "check", "status", "health"):
        assert f"  {command} " in asked.stdout


def test_the_version_is_that_of_the_package(cli: Cli) -> None:
    result = cli.run("--version")

    assert (result.returncode, result.stdout) == (0, f"sersync {__version__}\n")


@pytest.mark.parametrize("command", ["mirror", "run", "demo", "check", "status", "health"])
def test_every_command_explains_itself(cli: Cli, command: str) -> None:
    result = cli.run(command, "--help")

    assert (result.returncode, result.stderr) == (0, "")
    assert f"Usage: sersync {command}" in result.stdout


def test_help_loads_nothing_heavy() -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sersync", "--help"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    loaded = {line.rsplit("|")[-1].strip() for line in listed.stderr.splitlines()}
    assert listed.returncode == 0
    assert "typer" in loaded
    assert not loaded & {"pydantic", "rich.live", "http.server", "sersync.daemon"}


def test_output_that_nobody_reads_any_more_ends_without_a_word() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "sersync", "check", "--schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    said = child.stderr.read()
    child.stderr.close()

    child.wait(timeout=30)
    assert said == b""
