"""Commands that are shown do what they say when they are pasted, also where several daemons run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, RunningCli, cli
from tests.support.trees import wait_until

__all__ = ["cli"]

_HERE = ("--state-dir", "state/the one")


@pytest.fixture
def paste(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """A shell that knows ``sersync``, as a person has it, in another directory."""
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "sersync"
    path = os.pathsep.join(filter(None, sys.path))
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" -m sersync "$@"\n')
    script.chmod(0o755)
    # Where a person's own instances are looked for, there is another one.
    environ = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": os.fspath(tmp_path),
        "XDG_STATE_HOME": os.fspath(tmp_path / "xdg"),
    }

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", line], env=environ, cwd="/", capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip

    return run


@pytest.fixture
def running(cli: Cli, tmp_path: Path) -> RunningCli:
    """A daemon that has told somebody of its halt, and another one beside it."""
    for name in ("the source", "other"):
        (tmp_path / name).mkdir()
        for number in range(10):
            (tmp_path / name / f"file{number}").write_text("x")
    script = tmp_path / "record.py"
    script.write_text("import sys; open(sys.argv[1], 'a').write(sys.stdin.read())")
    config = tmp_path / "sersync.toml"
    config.write_text(
        f'state_dir = "{tmp_path}/state/the one"\n[[source]]\nroot = "{tmp_path}/the source"\n'
        f'[[source.target]]\nname = "the copy"\nto = "{tmp_path}/copy"\nmax_delete = 3\n'
        f'[[notify]]\ntype = "command"\n'
        f'command = ["{sys.executable}", "{script}", "{tmp_path}/told"]\n'
    )
    other = cli.start("mirror", "other", "copy-of-other")
    running = cli.start("run", "-c", os.fspath(config))
    for each in (other, running):
        each.wait_until(lambda: cli.run("status").returncode == 0)
    running.wait_until(lambda: _target(cli)["state"] == "in-sync")
    return running


def _source(cli: Cli) -> dict[str, Any]:
    said = cli.run("status", "--json", *_HERE).stdout
    instances = json.loads(said)["instances"] if said else []
    found: dict[str, Any] = (
        instances[0]["sources"][0] if instances else {"targets": [{"state": ""}]}
    )
    return found


def _target(cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = _source(cli)["targets"][0]
    return found


def _commands(text: str) -> set[str]:
    """Return each command that *text* shows; one may end a sentence."""
    return {found.rstrip(".") for found in re.findall(r"sersync resume [^\n]*?'[^\n]*?one'", text)}


def test_a_mass_deletion_is_confirmed_by_what_is_shown_wherever_it_is_shown(
    cli: Cli, tmp_path: Path, running: RunningCli,
    paste: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:  # fmt: skip
    told = tmp_path / "told"
    for number in range(8):
        (tmp_path / "the source" / f"file{number}").unlink()
    running.wait_until(lambda: _target(cli)["state"] == "halted")
    wait_until(lambda: told.exists() and "resume" in told.read_text(), 30.0)
    shown = _target(cli)["reason"]["command"]
    places = (running.err, told.read_text(), cli.run("status", *_HERE, COLUMNS="400").stdout)

    assert [_commands(place) for place in places] == [{shown}] * 3
    done = paste(shown)
    assert (done.returncode, "confirmed" in done.stdout) == (0, True), done.stderr
    running.wait_until(lambda: _target(cli)["state"] == "in-sync")
    assert len(list((tmp_path / "copy").iterdir())) == 2


def test_a_root_that_was_emptied_is_confirmed_by_what_is_shown(
    cli: Cli, tmp_path: Path, running: RunningCli,
    paste: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:  # fmt: skip
    with running.standing_still():  # between the two it is gone, which nobody can confirm
        shutil.rmtree(tmp_path / "the source")
        (tmp_path / "the source").mkdir()
    running.wait_until(lambda: _source(cli)["halted"] is not None)
    halted = _source(cli)["halted"]
    [shown] = _commands(halted["remedy"])

    assert paste(halted["command"]).returncode == 0
    assert paste(shown).returncode == 0
    running.wait_until(lambda: _source(cli)["halted"] is None)


def test_a_pause_is_ended_by_what_is_shown(
    cli: Cli, running: RunningCli, paste: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    cli.run("pause", *_HERE)
    explained = cli.run("explain", "file1", "--source", "the source", *_HERE).stdout
    listed = cli.run("status", *_HERE, COLUMNS="400").stdout
    shown = _commands(explained)

    assert len(shown) == 1
    assert shown == _commands(listed)
    assert paste(shown.pop()).returncode == 0
    running.wait_until(lambda: _target(cli)["state"] == "in-sync")
