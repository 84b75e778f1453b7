"""Options that say how a target is reached: what they carry leaves nothing to plain rsync."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.rsyncd import Rsyncd
from tests.support.sshd import Sshd
from tests.support.trees import assert_same_trees

TO_A_DAEMON = [
    "-a --address=127.0.0.1",
    "-a --ipv4",
    "-a --port=@port",
    "-a --timeout=300 --contimeout=30",
    "-a --sockopts=SO_KEEPALIVE",
    "-a --protocol=31",
    "-az --compress-choice=zlib --compress-level=1",
    "-artuzR",
    "-aR --no-implied-dirs",
    "-a --log-format=%n -vv",
    "-a --password-file=@password",
]

BY_A_SHELL = ["-a", "-a --blocking-io", "-a --rsync-path=@rsync", "-a -s"]


def plant(root: Path) -> None:
    (root / "d" / "e").mkdir(parents=True)
    for name in ("a", "d/b", "d/e/c"):
        (root / name).write_text(name * 1000)
    (root / "d" / "link").symlink_to("../a")


def carry(cli: Cli, source: Path, to: str, options: list[str]) -> None:
    """Let sersync carry all of *source* once, as a configuration with *options* says."""
    config = source.parent / "sersync.toml"
    config.write_text(
        f"state_dir = {json.dumps(f'{source}-state')}\n"
        f"[[source]]\nroot = {json.dumps(os.fspath(source))}\n[[source.target]]\n"
        f"to = {json.dumps(to)}\nrsync_options = {json.dumps(options)}\n"
    )
    done = cli.run("run", "--once", "-c", os.fspath(config))
    assert done.returncode == 0, done.stderr


def finds_nothing(source: Path, to: str, options: list[str]) -> None:
    """Plain rsync, by the same way, has nothing to carry and nothing to delete."""
    done = subprocess.run(
        ["rsync", "-ni", *options, "--delete", f"{source}/", to],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("options", TO_A_DAEMON)
def test_to_a_daemon(cli: Cli, tmp_path: Path, rsyncd: Rsyncd, options: str) -> None:
    source, locked = tmp_path / "source", rsyncd.locked
    plant(source)
    (locked.root / "extraneous").write_text("goes")
    words = [
        word.replace("@port", str(rsyncd.port)).replace("@password", str(locked.password_file))
        for word in shlex.split(options)
    ]
    to, root = (locked.url, locked.root) if "@password" in options else (rsyncd.url, rsyncd.root)
    if "@port" in options:
        to = to.replace(f":{rsyncd.port}", "")

    carry(cli, source, to, words)

    assert_same_trees(source, root)
    # The list of names and what is shown are ours; by itself rsync would put -R's path in front.
    plain = [word for word in words if not word.startswith(("--log-format", "-v", "--no-implied"))]
    finds_nothing(source, to, [word.replace("R", "") for word in plain])


@pytest.mark.parametrize("options", BY_A_SHELL)
def test_by_a_shell(cli: Cli, tmp_path: Path, sshd: Sshd, options: str) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    plant(source)
    copy.mkdir()
    (copy / "extraneous").write_text("goes")
    rsync = shutil.which("rsync") or ""
    words = [word.replace("@rsync", rsync) for word in shlex.split(options)]
    words += ["-e", sshd.command]
    to = f"{sshd.user}@127.0.0.1:{copy}/"

    carry(cli, source, to, words)

    assert_same_trees(source, copy)
    finds_nothing(source, to, words)
