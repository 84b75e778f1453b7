from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.sshd import Sshd
from tests.support.trees import assert_same_trees


def test_rsync_pushes_through_it_without_a_question(sshd: Sshd, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "file").write_bytes(b"content")

    subprocess.run(
        [
            "rsync",
            "-a",
            "--modify-window=-1",
            "-e",
            sshd.command,
            f"{source}/",
            str(sshd.endpoint(target)),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )

    assert_same_trees(source, target)


def test_its_options_alone_make_any_ssh_trust_it(sshd: Sshd) -> None:
    answer = subprocess.run(
        ["ssh", *sshd.options.split(), "-p", str(sshd.port), "-i", str(sshd.identity),
         f"{sshd.user}@127.0.0.1", "echo", "hello"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )  # fmt: skip

    assert answer.stdout == b"hello\n"
