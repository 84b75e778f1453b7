"""An installation without a library of the API: told once, with a command, and it replicates."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Cli, RunningCli, cli
from tests.support.trees import wait_until

__all__ = ["cli"]

_HERE = ("--state-dir", "state")


@pytest.fixture
def port(free_port: Callable[[], int]) -> int:
    return free_port()


def _without(library: str, tmp_path: Path) -> Path:
    """Return what stands before the installed *library*, as if that were not there."""
    broken = tmp_path / "broken" / f"{library}.py"
    broken.parent.mkdir()
    broken.write_text(f'raise ModuleNotFoundError("No module named {library}", name="{library}")\n')
    return broken


def _start(cli: Cli, tmp_path: Path, broken: Path, port: int) -> RunningCli:
    (tmp_path / "source").mkdir()
    (tmp_path / "sersync.toml").write_text(
        f'state_dir = "{tmp_path}/state"\n[api]\nlisten = "127.0.0.1:{port}"\n'
        f'[[source]]\nroot = "{tmp_path}/source"\n[[source.target]]\nto = "{tmp_path}/copy"\n'
    )
    path = os.pathsep.join([os.fspath(broken.parent), *filter(None, sys.path)])
    running = cli.start("run", "-c", "sersync.toml", PYTHONPATH=path)
    (tmp_path / "source" / "first").write_text("first")
    running.wait_until((tmp_path / "copy" / "first").exists)
    # The doors open last, while changes are carried already.
    running.wait_until(lambda: "metrics are at http://" in running.err)
    return running


def _get(port: int, address: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20.0)
    try:
        connection.request("GET", address)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _lines(running: RunningCli, library: str) -> list[str]:
    return [line for line in running.err.splitlines() if f"{library} is missing" in line]


def test_without_http_it_replicates_and_says_once_at_each_door_what_to_install(
    cli: Cli, tmp_path: Path, port: int
) -> None:
    broken = _without("uvicorn", tmp_path)
    running = _start(cli, tmp_path, broken, port)
    asked = [cli.run("status", *_HERE) for _ in range(3)]
    answers = [_get(port, "/v1/status") for _ in range(3)]
    (tmp_path / "source" / "second").write_text("second")
    running.wait_until((tmp_path / "copy" / "second").exists)

    command = f"{shlex.quote(sys.executable)} -m pip install --force-reinstall uvicorn"
    for each in asked:
        assert each.returncode == 2
        assert command in each.stderr
    for status, body in answers:
        assert status == 503
        assert "a library is missing here" in json.loads(body)["error"]
    assert len(_lines(running, "uvicorn")) == 2
    assert all(command in line for line in _lines(running, "uvicorn"))
    assert "Traceback" not in running.err
    broken.unlink()
    wait_until(lambda: cli.run("status", *_HERE).returncode == 0, 30.0)
    assert _get(port, "/v1/status")[0] == 200
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("library", "address"), [("jinja2", "/"), ("prometheus_client", "/metrics")]
)
def test_without_what_one_address_needs_the_others_answer(
    cli: Cli, tmp_path: Path, port: int, library: str, address: str
) -> None:
    running = _start(cli, tmp_path, _without(library, tmp_path), port)
    answers = [_get(port, address) for _ in range(2)]

    assert [status for status, _ in answers] == [503, 503]
    assert _get(port, "/v1/status")[0] == 200
    [line] = _lines(running, library)
    assert line.endswith(f" -m pip install --force-reinstall {library.replace('_', '-')}")
    assert "Traceback" not in running.err
