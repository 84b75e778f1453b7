"""``sersync history``, with a daemon and without one."""

from __future__ import annotations

import json
import os
from pathlib import Path

from sersync.model.target import LocalDirectory
from tests.support.cli import Cli, cli
from tests.support.engine import Engines, copy_at, engines, source
from tests.support.trees import wait_until

__all__ = ["cli", "engines", "source"]


def test_what_was_carried_is_shown_also_when_no_daemon_runs(
    source: Path, tmp_path: Path, engines: Engines, cli: Cli
) -> None:
    copy = copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))
    engine = engines(source, copy)
    engine.wait_for_rest()
    (source / "odd\nname").write_text("carried")
    engine.wait_for_rest()
    where = ("--state-dir", os.fspath(engine.state_dir))
    wait_until(lambda: "odd\\x0aname" in cli.run("history", *where).stdout, 20.0)
    said = cli.run("history", *where, "--json", "--limit", "1")
    assert len(json.loads(said.stdout)["transfers"]) == 1
    engine.stop()
    later = cli.run("history", *where, "--since", "1h", "--target", "copy")

    assert later.returncode == 0
    assert "source -> copy: " in later.stdout
    assert "odd\\x0aname" in later.stdout


def test_a_name_that_nobody_has_is_a_mistake_with_those_that_there_are(
    source: Path, tmp_path: Path, engines: Engines, cli: Cli
) -> None:
    copy = copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))
    engine = engines(source, copy)
    engine.wait_for_rest()
    where = ("--state-dir", os.fspath(engine.state_dir))
    wait_until(lambda: "source -> copy" in cli.run("history", *where).stdout, 20.0)
    engine.stop()
    for names in (
        ("--target", "nope"),
        ("--source", "nope"),
        ("--source", "source", "--target", "x"),
    ):
        said = cli.run("history", *where, *names)
        assert said.returncode == 64, said
        assert "there is no" in said.stderr
        assert "There is: source/copy" in said.stderr
    nothing = cli.run("history", *where, "--target", "copy", "--since", "0.000001s")
    assert (nothing.returncode, nothing.stdout[:19]) == (0, "nothing was carried")


def test_without_any_history_it_says_where_it_looked(tmp_path: Path, cli: Cli) -> None:
    said = cli.run("history", "--state-dir", os.fspath(tmp_path))

    assert said.returncode == 2
    assert f"there is no history yet (looked in {tmp_path})" in said.stderr


def test_a_duration_that_is_none_is_a_mistake(tmp_path: Path, cli: Cli) -> None:
    said = cli.run("history", "--since", "yesterday", "--state-dir", os.fspath(tmp_path))

    assert said.returncode == 64
    assert "--since" in said.stderr
