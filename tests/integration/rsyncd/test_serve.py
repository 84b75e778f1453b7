from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from sersync.errors import EnvironmentMissing, SersyncError
from sersync.rsyncd.conf import Module
from sersync.rsyncd.serve import EmbeddedDaemon
from tests.support.rsyncd import Rsyncd, RsyncdFactory, ServedModule
from tests.support.trees import assert_same_trees, wait_until


def push(source: Path, module: ServedModule, *, password: str = "") -> int:
    environment: Mapping[str, str] = {**os.environ, "RSYNC_PASSWORD": password}
    return subprocess.run(
        ["rsync", "-a", "--modify-window=-1", "--timeout=10", f"{source}/", module.url],
        env=environment,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "dir").mkdir(parents=True)
    (root / "dir" / "file").write_bytes(b"content")
    (root / "link").symlink_to("dir/file")
    return root


def test_a_pushed_tree_stands_there_with_its_symlinks_unmunged(
    rsyncd: Rsyncd, source: Path
) -> None:
    assert push(source, rsyncd.open) == 0

    assert_same_trees(source, rsyncd.open.root)


@pytest.mark.root  # the counterpart above pushes a symlink that stays inside the module
def test_as_root_a_symlink_may_point_anywhere(rsyncd: Rsyncd, source: Path) -> None:
    (source / "out").symlink_to("/etc/../usr/../../bin")

    assert push(source, rsyncd.open) == 0

    assert_same_trees(source, rsyncd.open.root)


def test_a_locked_module_takes_its_password_and_no_other(rsyncd: Rsyncd, source: Path) -> None:
    assert push(source, rsyncd.locked, password="wrong") == 5
    assert push(source, rsyncd.locked, password=rsyncd.locked.password) == 0

    assert_same_trees(source, rsyncd.locked.root)
    assert "auth failed on module locked" in rsyncd.daemon.log_text()


def test_stopped_and_started_again_it_serves_on_the_same_port(rsyncd: Rsyncd, source: Path) -> None:
    port = rsyncd.port
    rsyncd.stop()
    assert push(source, rsyncd.open) == 10
    assert not rsyncd.daemon.is_running

    rsyncd.start()

    assert rsyncd.port == port
    assert push(source, rsyncd.open) == 0


def test_stopping_ends_connections_that_are_open(rsyncd: Rsyncd, source: Path) -> None:
    with subprocess.Popen(
        ["rsync", "-a", "--files-from=-", f"{source}/", rsyncd.open.url],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as client:
        rsyncd.stop()
        assert client.stdin is not None
        client.stdin.close()
        assert client.wait(10) != 0


def test_a_read_only_module_takes_nothing(rsyncd_factory: RsyncdFactory, source: Path) -> None:
    assert push(source, rsyncd_factory(read_only=True).open) == 1


def test_what_a_module_excludes_does_not_arrive(
    rsyncd_factory: RsyncdFactory, source: Path
) -> None:
    server = rsyncd_factory(exclude=("/dir/file",))

    # Depending on its version a daemon ends with 23 because of the file it refused.
    assert push(source, server.open) in (0, 23)

    assert sorted(os.listdir(server.root)) == ["dir", "link"]
    assert not os.listdir(server.root / "dir")


def test_connections_are_limited_and_counted(rsyncd_factory: RsyncdFactory, source: Path) -> None:
    server = rsyncd_factory(max_connections=1)
    with subprocess.Popen(
        ["rsync", "-a", "--files-from=-", "--out-format=%n", f"{source}/", server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as client:
        # Earlier a push could take the only connection, and the client would be turned away.
        wait_until(lambda: "receiving file list" in server.daemon.log_text(), 30.0)
        assert push(source, server.open) == 5
        assert client.stdin is not None
        client.stdin.close()


def test_a_host_without_rsync_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))

    with pytest.raises(EnvironmentMissing) as missing:
        EmbeddedDaemon(tmp_path, (Module(name="m", path=b"/"),)).start()

    assert missing.value.hint == "apt-get install rsync"


def test_a_daemon_that_does_not_serve_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rsync").write_text("#!/bin/sh\necho it is Sunday\nexit 3\n")
    (tmp_path / "rsync").chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(tmp_path), prepend=os.pathsep)
    daemon = EmbeddedDaemon(tmp_path, (Module(name="m", path=b"/"),))

    with pytest.raises(SersyncError, match="exit code 3") as failure:
        daemon.start()

    daemon.close()
    assert "it is Sunday" in failure.value.hint
    assert "rsyncd.conf" in failure.value.hint


def test_a_daemon_can_be_given_socket_options(tmp_path: Path) -> None:
    module = Module(name="m", path=os.fsencode(tmp_path))
    with EmbeddedDaemon(tmp_path, (module,), socket_options="TCP_NODELAY") as daemon:
        assert daemon.is_running
        assert "Unknown" not in daemon.log_text()
