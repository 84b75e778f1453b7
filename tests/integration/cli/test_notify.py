"""``[[notify]]`` of a real service: a target that refuses is told of."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.cli import Cli, cli
from tests.support.rsyncd import Rsyncd, rsyncd, rsyncd_factory
from tests.support.trees import wait_until

__all__ = ["cli", "rsyncd", "rsyncd_factory"]


def test_a_target_that_refuses_is_told_of(tmp_path: Path, rsyncd: Rsyncd, cli: Cli) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").touch()
    script, told = tmp_path / "record.py", tmp_path / "told"
    script.write_text("import sys; open(sys.argv[1], 'a').write(sys.stdin.read())")
    config = tmp_path / "sersync.toml"
    config.write_text(
        f'state_dir = "{tmp_path}/state"\n[[source]]\nroot = "{tmp_path}/source"\n'
        f'[[source.target]]\nname = "web1"\nto = "rsync://127.0.0.1:{rsyncd.port}/nothing"\n'
        f'[[notify]]\ntype = "command"\ncommand = ["{sys.executable}", "{script}", "{told}"]\n'
    )
    running = cli.start("run", "-c", str(config))
    wait_until(lambda: told.exists() and bool(told.read_text()), 30.0)
    text = told.read_text()
    running.stop()

    assert "source -> web1: halt" in text
    assert "nothing" in text
