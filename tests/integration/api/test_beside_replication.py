"""The API beside a daemon at work: it comes and goes, and what changes is carried all the same."""

from __future__ import annotations

import grp
import http.client
import json
import os
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sersync.api.client import fetch_status
from sersync.model.api import ApiSettings
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory, Settings
from tests.support.engine import Copy, Engine, copy_at
from tests.support.trees import wait_until

_ANSWERS_WITHIN_S = 30.0


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return copy_at(tmp_path / "copy", LocalDirectory(path=os.fsencode(tmp_path / "copy")))


@pytest.fixture
def engine(tmp_path: Path, copy: Copy) -> Iterator[Engine]:
    (tmp_path / "source").mkdir()
    copy.path.mkdir()
    engine = Engine(tmp_path / "source", copy)
    yield engine
    engine.stop()


def _settings(engine: Engine, copy: Copy, **api: object) -> Settings:
    return replace(engine.settings(copy.target), api=ApiSettings(**api))  # type: ignore[arg-type]


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWERS_WITHIN_S)
    try:
        connection.request("GET", "/v1/status")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWERS_WITHIN_S)
    connection.request("GET", path)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _carries(engine: Engine, copy: Copy, name: str) -> bool:
    (engine.root / name).write_text(name)
    wait_until((copy.path / name).exists, 30)
    return True


def test_a_reload_opens_moves_and_closes_the_listener_and_the_control_socket_stays(
    engine: Engine, copy: Copy, free_port: Callable[[], int]
) -> None:
    engine.start()
    control = os.path.join(engine.state_dir, "control.sock")
    inode = os.stat(control).st_ino
    first, second = free_port(), free_port()
    engine.daemon.reload(_settings(engine, copy, host="127.0.0.1", port=first))
    assert _answers(first)

    engine.daemon.reload(_settings(engine, copy, host="127.0.0.1", port=second))
    assert _answers(second)
    assert not _answers(first)
    assert fetch_status(control)["listen"] == f"127.0.0.1:{second}"

    engine.daemon.reload(_settings(engine, copy))
    assert not _answers(second)
    assert fetch_status(control)["listen"] == ""
    assert os.stat(control).st_ino == inode
    assert _carries(engine, copy, "afterwards")


def test_reloads_leave_no_descriptor_behind(
    engine: Engine, copy: Copy, free_port: Callable[[], int]
) -> None:
    engine.start()
    engine.wait_for_rest()
    port = free_port()
    wait_until(lambda: engine.status().connections == 0 or engine.status().spares > 0)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        engine.daemon.reload(_settings(engine, copy, host="127.0.0.1", port=port))
        assert _answers(port)
        engine.daemon.reload(_settings(engine, copy))

    wait_until(lambda: len(os.listdir("/proc/self/fd")) <= before + 2)


def test_a_port_that_is_taken_is_told_with_its_holder_and_stops_no_replication(
    engine: Engine, copy: Copy, caplog: pytest.LogCaptureFixture
) -> None:
    engine.start()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        engine.daemon.reload(_settings(engine, copy, host="127.0.0.1", port=port))

        assert _carries(engine, copy, "beside")
        error = fetch_status(os.path.join(engine.state_dir, "control.sock"))["listen_error"]
    assert f"127.0.0.1:{port} is taken by" in error
    assert f"(process {os.getpid()})" in error
    assert any("Choose another port" in message for message in caplog.messages)


def test_a_group_may_be_let_in_and_kept_out_again(engine: Engine, copy: Copy) -> None:
    engine.start()
    control = Path(engine.state_dir) / "control.sock"
    group = grp.getgrgid(os.getgroups()[0] if os.getgroups() else os.getegid())
    engine.daemon.reload(_settings(engine, copy, socket_group=group.gr_name))
    assert stat.S_IMODE(control.stat().st_mode) == 0o660
    assert control.stat().st_gid == group.gr_gid

    engine.daemon.reload(_settings(engine, copy))
    assert stat.S_IMODE(control.stat().st_mode) == 0o600


def test_a_group_that_is_not_there_is_told_and_only_the_owner_may(
    engine: Engine, copy: Copy, caplog: pytest.LogCaptureFixture
) -> None:
    engine.start()
    engine.daemon.reload(_settings(engine, copy, socket_group="no-such-group"))

    control = Path(engine.state_dir) / "control.sock"
    assert stat.S_IMODE(control.stat().st_mode) == 0o600
    assert any("there is no such group" in message for message in caplog.messages)


def test_beside_five_hundred_callers_changes_are_carried(
    engine: Engine, copy: Copy, free_port: Callable[[], int]
) -> None:
    port = free_port()
    engine.start()
    engine.daemon.reload(_settings(engine, copy, host="127.0.0.1", port=port))
    assert _answers(port)
    callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(500)]
    for number, caller in enumerate(callers):
        try:
            caller.sendall(b"GET /v1/status HTTP/1.1\r\n" + b"x" * (number * 50))
        except OSError:
            continue  # It made room for another one.

    assert all(_carries(engine, copy, f"file{number}") for number in range(20))
    for caller in callers:
        caller.close()
    wait_until(lambda: _answers(port))


def test_pending_paths_are_told_by_directory(
    engine: Engine, copy: Copy, free_port: Callable[[], int]
) -> None:
    port = free_port()
    engine.start()
    engine.daemon.reload(_settings(engine, copy, host="127.0.0.1", port=port))
    # Made before: a directory that is new stands for all that is in it.
    (engine.root / "d").mkdir()
    engine.wait_for_rest()
    worker = engine.daemon.workers()[0]
    worker.pause()
    # Until it is shown, the worker may be about to start a run that it has looked at before.
    engine.wait_for_state(TargetState.PAUSED)
    for number in range(3):
        (engine.root / "d" / f"f{number}").write_text("x")
    wait_until(lambda: engine.status().pending >= 3)

    [backlog] = _get(port, "/v1/pending?source=source&target=copy")["targets"]
    assert backlog["pending"] == engine.status().pending
    assert {"directory": "d", "paths": 3} in backlog["directories"]
    assert "there is no target" in _get(port, "/v1/pending?target=other")["error"]
    worker.resume()
    engine.wait_for_rest()
    assert engine.status().pending_paths == ()
