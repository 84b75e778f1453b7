"""``sersync demo``: somebody's first impression."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.cli import Cli, cli

__all__ = ["cli"]


def test_the_demo_shows_every_act_and_ends_with_identical_trees(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()

    result = cli.run("demo", "--pace", "0.1", TMPDIR=str(tmp_path / "tmp"))

    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    for act in ("first full pass", "create", "edit", "rename", "delete", "copy", "stop", "start"):
        assert f"\n  {act}" in result.stdout
    assert "identical" in result.stdout
    assert "source and target are the same" in result.stdout
    assert "did not arrive" not in result.stdout
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_demo_can_be_kept_running_and_played_with(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    running = cli.start("demo", "--keep", "--pace", "0", TMPDIR=str(tmp_path / "tmp"))
    running.wait_until(lambda: "Ctrl-C ends it" in running.out)
    (top,) = (tmp_path / "tmp").glob("sersync-demo-*")

    (top / "source" / "hello.txt").write_text("hello")
    running.wait_until((top / "target" / "hello.txt").exists)
    # Who asks first waits until HTTP is loaded there, perhaps in vain.
    running.wait_until(lambda: cli.run("status", "--state-dir", str(top / "state")).returncode == 0)

    assert running.stop(signal.SIGINT) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
