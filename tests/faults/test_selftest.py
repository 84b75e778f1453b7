"""`sersync selftest` as people run it."""

from __future__ import annotations

import json

from sersync.selftest.rows import ROWS
from tests.support.cli import Cli


def test_a_fault_is_played_and_told_in_one_line(cli: Cli) -> None:
    result = cli.run("selftest", "--only", "kill-idle")

    assert result.returncode == 0, result.stdout + result.stderr
    line, _, summary = result.stdout.splitlines()
    assert line.startswith("✓ kill-idle")
    assert "0 differences" in line
    assert "nothing was lost" in summary


def test_every_fault_is_listed(cli: Cli) -> None:
    result = cli.run("selftest", "--list")

    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == [row.name for row in ROWS]


def test_a_fault_that_does_not_exist_is_a_mistake(cli: Cli) -> None:
    result = cli.run("selftest", "--only", "no-such-fault")

    assert result.returncode == 64
    assert "--list" in result.stderr


def test_json_is_one_object_for_each_fault(cli: Cli) -> None:
    result = cli.run("selftest", "--only", "down-after-stop", "--json")

    [row] = map(json.loads, result.stdout.splitlines())
    assert (row["event"], row["verdict"], row["differences"]) == ("row", "passed", [])
    assert row["changed"] == row["arrived"] > 10
