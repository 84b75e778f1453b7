"""``sersync wait``, ``flush``, ``explain`` and ``verify``, typed at a daemon that runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.integration.cli.conftest import leave_alone
from tests.support.cli import Cli, RunningCli, cli

__all__ = ["cli"]

_HERE = ("--state-dir", "state/one")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "d").mkdir(parents=True)
    (root / "kept").write_text("so that the root is never empty")
    (root / "d" / "file").write_text("file")
    return root


def mirror(cli: Cli, *more: str) -> RunningCli:
    running = cli.start("mirror", "source", "copy", *_HERE, *more)
    running.wait_until(lambda: cli.run("status", *_HERE).returncode == 0)
    return running


def test_a_deploy_script_goes_on_when_everything_stands_on_the_target(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    mirror(cli)
    (source / "release").mkdir()
    (source / "release" / "app").write_text("new")
    waited = cli.run("wait", "--path", "release", "--timeout", "60", *_HERE)

    assert waited.returncode == 0, waited
    assert "everything stands on the target" in waited.stdout
    assert (tmp_path / "copy" / "release" / "app").read_text() == "new"


def test_a_wait_that_cannot_succeed_tells_what_is_missing_and_why(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    mirror(cli)
    assert cli.run("wait", *_HERE).returncode == 0
    cli.run("pause", *_HERE)
    (source / "later").write_text("written while it was paused")
    waited = cli.run("wait", *_HERE)
    assert waited.returncode == 1
    assert "it cannot be carried without you (paused)" in waited.stdout
    assert "later: since" in waited.stdout
    document = json.loads(cli.run("wait", "--json", "--timeout", "0", *_HERE).stdout)

    assert document["stands"] is False
    assert [each["state"] for each in document["targets"]] == ["paused"]


def test_questions_nobody_can_answer_have_their_own_exit_code(cli: Cli, source: Path) -> None:
    for command in (("wait",), ("flush",), ("explain", "kept"), ("verify",)):
        asked = cli.run(*command, "--state-dir", "state/nobody")
        assert asked.returncode == 2, asked
        assert "no instance is running" in asked.stderr
    mirror(cli)
    for line in ("wait --target x", "explain /etc/passwd", "verify /etc"):
        asked = cli.run(*line.split(), *_HERE)
        assert asked.returncode == 1, asked
        assert asked.stderr.startswith("sersync: ")


def test_explain_tells_in_sentences_what_is_known_of_a_path(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    leave_alone(cli, mirror(cli, "--exclude", "*.tmp"), *_HERE)
    cli.run("wait", *_HERE)
    there = cli.run("explain", "d/file", *_HERE)
    assert there.returncode == 0, there
    assert "d/file is a file of 4 bytes" in there.stdout
    assert "it stands on the target as it is here" in there.stdout
    (source / "a.tmp").write_text("")
    excluded = cli.run("explain", "source/a.tmp", *_HERE)
    assert "it is excluded by `- *.tmp`" in excluded.stdout
    assert excluded.returncode == 1
    (tmp_path / "copy" / "d" / "file").unlink()
    drifted = cli.run("explain", "--json", "d/file", *_HERE)
    assert drifted.returncode == 1
    [about] = json.loads(drifted.stdout)["sources"]
    [of_target] = about["targets"]

    assert of_target["on_target"]["difference"]["kind"] == "absent"
    assert about["sentences"]


def test_the_rule_that_excludes_is_named_with_its_line(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    (tmp_path / "sersync.toml").write_text(
        f'state_dir = "{tmp_path}/state/one"\n'
        "[[source]]\n"
        f'root = "{source}"\n'
        'exclude = ["*.log",\n'
        '  "*.tmp"]\n'
        "[[source.target]]\n"
        f'to = "{tmp_path}/copy"\n'
    )
    running = cli.start("run", "-c", "sersync.toml")
    running.wait_until(lambda: cli.run("status", *_HERE).returncode == 0)
    explained = cli.run("explain", "d/x.tmp", *_HERE)

    assert f"excluded by `- *.tmp` ({tmp_path}/sersync.toml:5)" in explained.stdout


def test_verify_tells_drift_by_its_exit_code_and_repairs_it(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    leave_alone(cli, mirror(cli), *_HERE)
    cli.run("wait", *_HERE)
    assert cli.run("verify", *_HERE).returncode == 0
    (tmp_path / "copy" / "d" / "file").write_text("by somebody else")
    found = cli.run("verify", *_HERE)
    assert found.returncode == 1
    assert "d/file: drifted, other on the target" in found.stdout
    again = found.stdout.rpartition("to carry again what has drifted: ")[2].split()
    assert again[:2] == ["sersync", "verify"]
    assert ("--repair" in again, again[-2]) == (True, "--state-dir")
    repaired = cli.run("verify", "--repair", "--json", "d", *_HERE)
    [document] = json.loads(repaired.stdout)["verifications"]
    assert document["repaired"] >= 1
    cli.run("wait", *_HERE)

    assert (tmp_path / "copy" / "d" / "file").read_text() == "file"
    assert cli.run("verify", *_HERE).returncode == 0


def test_a_path_that_differs_or_fails_is_no_success_of_explain_and_verify(
    cli: Cli, tmp_path: Path, source: Path
) -> None:
    mirror(cli, "--rsync-option=-u")
    cli.run("wait", *_HERE)
    there = tmp_path / "copy" / "d" / "file"
    there.write_text("hacked on the target")
    late = there.stat().st_mtime + 100
    os.utime(there, (late, late))
    explained = cli.run("explain", "d/file", *_HERE)
    assert explained.returncode == 1, explained
    assert "it is on the target, but other: size, time" in explained.stdout

    found = cli.run("verify", "--repair", "--checksum", *_HERE)

    assert found.returncode == 1, found
    assert " 1 newer there and left so" in found.stdout
    assert "d/file: newer on the target, and left so (-u, --update), other" in found.stdout
    assert cli.run("wait", *_HERE).returncode == 0


def test_flush_tells_what_it_let_go(cli: Cli, tmp_path: Path, source: Path) -> None:
    running = mirror(cli)
    with open(source / "log", "wb", 0) as log:

        def is_let_go() -> bool:
            # What is not written to any more goes by itself, before anybody asks perhaps.
            log.write(b"held back")
            return " 1 held back are let go" in cli.run("flush", *_HERE).stdout

        running.wait_until(is_let_go)
        running.wait_until((tmp_path / "copy" / "log").exists)
