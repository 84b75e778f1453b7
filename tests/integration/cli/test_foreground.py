"""``mirror`` and ``run`` as people and scripts use them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, RunningCli, cli
from tests.support.sshd import Sshd

__all__ = ["cli"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    (directory / "dir").mkdir(parents=True)
    (directory / "dir" / "file").write_text("content")
    return directory


def _lines(running: RunningCli) -> list[dict[str, Any]]:
    """Return the lines that are whole by now."""
    whole = running.out.rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


@pytest.mark.parametrize("spelling", ["source", "source/", "./source/."])
def test_the_contents_of_the_source_come_to_stand_at_the_target(
    cli: Cli, source: Path, tmp_path: Path, spelling: str
) -> None:
    result = cli.run("mirror", spelling, "copy", "--once", "--state-dir", "state")

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "copy" / "dir" / "file").read_text() == "content"


def test_once_deletes_what_is_gone_unless_told_not_to(
    cli: Cli, source: Path, tmp_path: Path
) -> None:
    for name in ("kept", "deleted"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gone").touch()

    cli.run("mirror", "source", "kept", "--once", "--no-delete", "--state-dir", "state")
    cli.run("mirror", "source", "deleted", "--once", "--state-dir", "state")

    assert (tmp_path / "kept" / "gone").exists()
    assert not (tmp_path / "deleted" / "gone").exists()


def test_what_is_excluded_is_neither_sent_nor_deleted(
    cli: Cli, source: Path, tmp_path: Path
) -> None:
    (source / "new.tmp").touch()
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "own.tmp").touch()

    cli.run("mirror", "source", "copy", "--once", "--exclude", "*.tmp", "--state-dir", "state")

    assert (tmp_path / "copy" / "own.tmp").exists()
    assert not (tmp_path / "copy" / "new.tmp").exists()
    assert (tmp_path / "copy" / "dir" / "file").exists()


def test_once_with_a_target_that_cannot_be_reached_is_told_by_the_exit_code(
    cli: Cli, source: Path, tmp_path: Path
) -> None:
    result = cli.run(
        "mirror", "source", "copy", "127.0.0.1::m", "--port", "1", "--once", "--state-dir", "state"
    )

    assert result.returncode == 75, result.stderr
    assert (tmp_path / "copy" / "dir" / "file").exists()


def test_once_with_a_path_that_the_target_never_takes_is_told_by_the_exit_code(
    cli: Cli, source: Path, tmp_path: Path, sshd: Sshd
) -> None:
    (tmp_path / "copy").mkdir()
    sshd.restrict(tmp_path / "copy")
    os.mkfifo(source / "pipe")
    words = ("mirror", "source", f"{sshd.user}@127.0.0.1:/", "--rsh", sshd.command)

    refused = cli.run(*words, "--once", "--state-dir", "state")
    (source / "pipe").unlink()
    taken = cli.run(*words, "--once", "--state-dir", "state")

    assert refused.returncode == 1, refused.stderr
    assert (tmp_path / "copy" / "dir" / "file").exists()
    assert taken.returncode == 0, taken.stderr


def test_every_batch_is_a_line_of_json_and_nothing_else_is(
    cli: Cli, source: Path, tmp_path: Path
) -> None:
    running = cli.start("mirror", "source", "copy", "--json", "--state-dir", "state")
    running.wait_until((tmp_path / "copy" / "dir" / "file").exists)
    (source / "new").write_text("x")
    running.wait_until((tmp_path / "copy" / "new").exists)
    # It stands there before its rsync has ended, and a stop waits for that only so long.
    running.wait_until(lambda: sum(line["files"] for line in _lines(running)) >= 2)

    assert running.stop() == 0
    assert running.out.endswith("\n")
    assert {line["event"] for line in _lines(running)} == {"batch"}
    assert {line["target"] for line in _lines(running)} == {str(tmp_path / "copy")}
    assert sum(line["files"] for line in _lines(running)) == 2


def test_quiet_says_nothing_when_all_is_well(cli: Cli, source: Path, tmp_path: Path) -> None:
    running = cli.start("mirror", "source", "copy", "--quiet", "--state-dir", "state")
    running.wait_until((tmp_path / "copy" / "dir" / "file").exists)

    assert running.stop(signal.SIGINT) == 0
    assert (running.out, running.err) == ("", "")


def test_a_reload_takes_up_a_new_source_and_survives_a_mistake(
    cli: Cli, source: Path, tmp_path: Path
) -> None:
    config = tmp_path / "sersync.toml"
    (tmp_path / "second").mkdir()
    first = f'state_dir="{tmp_path}/state"\n[[source]]\nroot="{source}"\n'
    first += f'[[source.target]]\nto="{tmp_path}/copy"\n'
    second = f'[[source]]\nroot="{tmp_path}/second"\n[[source.target]]\nto="{tmp_path}/copy2"\n'
    config.write_text(first)
    running = cli.start("run", "-c", "sersync.toml")
    running.wait_until((tmp_path / "copy" / "dir" / "file").exists)

    config.write_text(first + second)
    running.child.send_signal(signal.SIGHUP)
    (tmp_path / "second" / "new").write_text("x")
    running.wait_until((tmp_path / "copy2" / "new").exists)

    config.write_text("bogus = 1\n" + first)
    running.child.send_signal(signal.SIGHUP)
    running.wait_until(lambda: "bogus" in running.err)
    for name, copy in (("source", "copy"), ("second", "copy2")):
        (tmp_path / name / "later").write_text("x")
        running.wait_until((tmp_path / copy / "later").exists)

    assert running.stop() == 0
