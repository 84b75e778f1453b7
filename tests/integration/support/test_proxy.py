"""The trouble that the proxies make is the trouble that they promise."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.proxy import ProxyFactory
from tests.support.rsyncd import Rsyncd, ServedModule
from tests.support.trees import assert_same_trees, wait_until


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    root.mkdir()
    (root / "file").write_bytes(b"content")
    return root


def push(
    source: Path, module: ServedModule, port: int, *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["rsync", "-a", "--timeout=30", *options, f"{source}/", str(module.endpoint_by(port))],
        env={**os.environ, "RSYNC_PASSWORD": module.password},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_plain_proxy_forwards_and_counts(
    rsyncd: Rsyncd, proxies: ProxyFactory, source: Path
) -> None:
    proxy = proxies(rsyncd.port)

    assert push(source, rsyncd.open, proxy.port).returncode == 0
    assert push(source, rsyncd.locked, proxy.port).returncode == 0

    assert_same_trees(source, rsyncd.root, times=False)
    assert proxy.connections == 2
    wait_until(lambda: proxy.open_connections == 0, message="a connection stays open")


def test_cut_resets_what_is_connected(rsyncd: Rsyncd, proxies: ProxyFactory, source: Path) -> None:
    proxy = proxies(rsyncd.port)
    with subprocess.Popen(
        ["rsync", "-a", "--files-from=-", f"{source}/", str(rsyncd.open.endpoint_by(proxy.port))],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as client:
        wait_until(lambda: "receiving file list" in rsyncd.daemon.log_text())
        proxy.cut()
        assert client.stdin is not None
        client.stdin.close()
        assert client.wait(30) in (10, 12)


def test_frozen_it_is_a_black_hole_and_thawed_it_goes_on(
    rsyncd: Rsyncd, proxies: ProxyFactory, source: Path
) -> None:
    proxy = proxies(rsyncd.port)
    proxy.freeze()
    assert push(source, rsyncd.open, proxy.port, "--timeout=1").returncode == 30

    proxy.thaw()

    assert push(source, rsyncd.open, proxy.port).returncode == 0


def test_refusing_it_resets_every_new_connection(
    rsyncd: Rsyncd, proxies: ProxyFactory, source: Path
) -> None:
    proxy = proxies(rsyncd.port)
    proxy.refuse()
    assert push(source, rsyncd.open, proxy.port).returncode in (5, 10, 12)

    proxy.refuse(yes=False)

    assert push(source, rsyncd.open, proxy.port).returncode == 0


@pytest.mark.parametrize("option", ["--modify-window=-1", "-@-1"])
def test_an_old_daemon_resets_a_modify_window_of_nanoseconds(
    rsyncd: Rsyncd, proxies: ProxyFactory, source: Path, option: str
) -> None:
    proxy = proxies.rsync_3_1_2(rsyncd.port)

    refused = push(source, rsyncd.locked, proxy.port, option)
    taken = push(source, rsyncd.locked, proxy.port, "--delete", "--ignore-times")

    assert refused.returncode == 10
    assert "Connection reset by peer" in refused.stderr
    assert proxy.resets == 1
    assert taken.returncode == 0, taken.stderr
    assert_same_trees(source, rsyncd.locked.root, times=False)


def test_an_older_daemon_resets_missing_args_as_well(
    rsyncd: Rsyncd, proxies: ProxyFactory, source: Path
) -> None:
    proxy = proxies.rsync_3_0_9(rsyncd.port)
    listed = ("--files-from=/dev/null", "--delete-missing-args")

    assert push(source, rsyncd.open, proxy.port, *listed).returncode == 10
    assert push(source, rsyncd.open, proxy.port).returncode == 0
