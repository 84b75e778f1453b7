"""The plugins of a confxml.xml, with real peers."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from pathlib import Path

from tests.integration.legacy.conftest import Legacy
from tests.support.trees import wait_until

_HOSTILE = [b"it's", b"`touch x`.php", b"$(touch x).php", b"-rf.php", b"\xff.php"]


def _recorder(home: Path) -> str:
    """Return a program that appends its last argument and a NUL byte to the file ``told``."""
    program = home / "recorder"
    program.write_text(f'#!/bin/sh\nprintf "%s\\\\0" "$2" >>{shlex.quote(str(home))}/told\n')
    program.chmod(0o755)
    return f"{program} told"


def _told(home: Path) -> set[bytes]:
    told = home / "told"
    return set(told.read_bytes().split(b"\0")[:-1]) if told.exists() else set()


def _with_command(legacy: Legacy, *, start: str, include: str = "") -> Path:
    plugin = (
        f'<plugin name="command"><param prefix="{_recorder(legacy.home)}" suffix=""'
        f' ignoreError="false"/>{include}</plugin>\n</head>'
    )
    own = f'<plugin start="{start}" name="command"/></sersync>'
    return legacy.write("plugin.xml", **{"</head>": plugin, "</sersync>": own})


def test_the_command_gets_each_path_as_one_argument_after_it_was_carried(legacy: Legacy) -> None:
    legacy.start("-r", "-o", str(_with_command(legacy, start="true")))

    root = os.fsencode(legacy.source)
    for name in _HOSTILE:
        with open(root + b"/" + name, "wb") as file:
            file.write(name)

    wait_until(lambda: {root + b"/" + name for name in _HOSTILE} <= _told(legacy.home))
    assert set(_HOSTILE) <= set(os.listdir(os.fsencode(legacy.copy)))
    assert not (legacy.home / "x").exists()
    assert not (legacy.source / "x").exists()


def test_a_filter_of_the_command_lets_only_its_paths_pass(legacy: Legacy) -> None:
    include = '<filter start="true"><include expression="(.*)\\.php"/></filter>'
    legacy.start("-r", "-o", str(_with_command(legacy, start="true", include=include)))

    (legacy.source / "a.txt").write_text("no")
    (legacy.source / "b.php").write_text("yes")

    wait_until(lambda: bool(_told(legacy.home)))
    assert _told(legacy.home) == {os.fsencode(legacy.source / "b.php")}


def test_m_runs_the_plugin_and_carries_nothing(legacy: Legacy) -> None:
    legacy.start("-m", "command", "-o", str(_with_command(legacy, start="false")))

    (legacy.source / "f").write_text("x")
    (legacy.source / "kept").unlink()

    wait_until(lambda: len(_told(legacy.home)) == 2)
    assert not list(legacy.copy.iterdir())


def test_m_socket_sends_each_path_below_its_own_directory(legacy: Legacy) -> None:
    own = legacy.home / "own"
    own.mkdir()
    (own / "kept").write_text("so that it is not empty")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        plugin = (
            f'<plugin name="socket"><localpath watch="{own}"><deshost ip="127.0.0.1"'
            f' port="{port}"/></localpath></plugin>\n</head>'
        )
        legacy.start("-m", "socket", "-o", str(legacy.write("s.xml", **{"</head>": plugin})))
        (own / "a b").write_text("x")
        peer, _ = server.accept()
        with peer:
            peer.settimeout(30)
            sent = b"".join(iter(lambda: peer.recv(1000), b""))

    assert sent == os.fsencode(own / "a b")


def test_m_names_a_plugin_that_is_not_set_up(legacy: Legacy) -> None:
    done: subprocess.CompletedProcess[str] = legacy.run("-d", "-m", "http")

    assert done.returncode == 78
    assert "the plugin http is not set up" in done.stderr
