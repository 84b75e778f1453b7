"""Every way to reach a target, as people type it: the same tree arrives by each of them."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sersync.linux.service import Service
from sersync.rsyncd.conf import DaemonConfig, Module, render
from tests.support.cli import Cli
from tests.support.rsyncd import Rsyncd
from tests.support.sshd import Sshd
from tests.support.trees import assert_same_trees, wait_until


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "d" / "e").mkdir(parents=True)
    (source / "d" / "e" / "with blank and 'quote'").write_text("1")
    (source / "d" / "#not-a-comment").write_text("2")
    (source / "link").symlink_to("d/e")
    (source / "top").write_text("3" * 5000)
    return source


def mirror_once(cli: Cli, source: Path, *arguments: str | Path, **environ: str) -> None:
    done = cli.run("mirror", str(source), *map(str, arguments), "--once", **environ)
    assert done.returncode == 0, done.stderr


def test_an_anonymous_module(cli: Cli, source: Path, rsyncd: Rsyncd) -> None:
    mirror_once(cli, source, rsyncd.open.url)

    assert_same_trees(source, rsyncd.open.root)


def test_a_directory_inside_a_module(cli: Cli, source: Path, rsyncd: Rsyncd) -> None:
    mirror_once(cli, source, f"{rsyncd.open.url.rstrip('/')}/below it")

    assert_same_trees(source, rsyncd.open.root / "below it")


def test_a_module_with_a_password_file(cli: Cli, source: Path, rsyncd: Rsyncd) -> None:
    locked = rsyncd.locked
    assert locked.password_file is not None
    mirror_once(cli, source, locked.url, "--password-file", locked.password_file)

    assert_same_trees(source, locked.root)


def test_a_module_with_the_password_in_the_environment(
    cli: Cli, source: Path, rsyncd: Rsyncd
) -> None:
    mirror_once(cli, source, rsyncd.locked.url, RSYNC_PASSWORD=rsyncd.locked.password)

    assert_same_trees(source, rsyncd.locked.root)


@pytest.fixture
def rsyncd_on_ipv6(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    root, home = tmp_path / "six", tmp_path / "rsyncd-six"
    root.mkdir()
    home.mkdir()
    with ExitStack() as stack:
        try:
            reserved = stack.enter_context(socket.socket(socket.AF_INET6))
            # Kept until the end, as ``reserve_port`` does, or somebody else may get the port.
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("::1", 0))
        except OSError:
            pytest.skip("this host has no IPv6; the other tests use IPv4")
        port = int(reserved.getsockname()[1])
        service = rsyncd_at(port, root, home)
        stack.callback(service.stop)

        def answers() -> bool:
            with socket.socket(socket.AF_INET6) as probe:
                return probe.connect_ex(("::1", port)) == 0

        wait_until(answers, message="rsyncd does not listen on ::1")
        yield port, root


def rsyncd_at(port: int, root: Path, home: Path) -> Service:
    """Start a daemon on *port* of ::1 that serves *root*."""
    module = Module(name="six", path=os.fsencode(root), chroot=False, uid="0", gid="0")
    conf = home / "rsyncd.conf"
    conf.write_bytes(render(DaemonConfig(modules=(module,)), as_root=os.geteuid() == 0))
    rsync = shutil.which("rsync") or "rsync"
    argv = (rsync, "--daemon", "--no-detach", f"--config={conf}", f"--port={port}")
    service = Service([*argv, "--address=::1"], output=home / "log")
    service.start()
    return service


def test_a_daemon_on_ipv6(cli: Cli, source: Path, rsyncd_on_ipv6: tuple[int, Path]) -> None:
    port, root = rsyncd_on_ipv6
    mirror_once(cli, source, f"rsync://[::1]:{port}/six")

    assert_same_trees(source, root)


def test_a_local_directory(cli: Cli, source: Path, tmp_path: Path) -> None:
    mirror_once(cli, source, tmp_path / "local copy")

    assert_same_trees(source, tmp_path / "local copy")


def test_a_host_by_ssh(cli: Cli, source: Path, tmp_path: Path, sshd: Sshd) -> None:
    copy = tmp_path / "by ssh"
    mirror_once(cli, source, f"{sshd.user}@127.0.0.1:{copy}", "--rsh", sshd.command)

    assert_same_trees(source, copy)


def test_all_runs_to_a_host_share_one_ssh_connection(
    cli: Cli, source: Path, tmp_path: Path, sshd: Sshd
) -> None:
    copies = [tmp_path / f"copy-{number}" for number in range(2)]
    targets = [f"{sshd.user}@127.0.0.1:{copy}" for copy in copies]
    mirror_once(cli, source, *targets, "--rsh", sshd.command)

    for copy in copies:
        assert_same_trees(source, copy)
    assert sshd.log.read_text().count("Accepted publickey") == 1


def test_any_other_remote_shell(cli: Cli, source: Path, tmp_path: Path) -> None:
    shell = tmp_path / "shell.py"
    shell.write_text("import os, sys\nos.execvp('sh', ['sh', '-c', ' '.join(sys.argv[2:])])\n")
    copy = tmp_path / "copy"
    rsh = shlex.join([sys.executable, str(shell)])
    mirror_once(cli, source, f"anyhost:{copy}", "--rsh", rsh)

    assert_same_trees(source, copy)


def test_hard_links_in_different_directories_stay_links_when_that_is_asked_for(
    cli: Cli, source: Path, tmp_path: Path
) -> None:
    os.link(source / "top", source / "d" / "e" / "same")
    copy = tmp_path / "copy"
    mirror_once(cli, source, copy, "--rsync-option=--hard-links")

    assert (copy / "top").samefile(copy / "d" / "e" / "same")
