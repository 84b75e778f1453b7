"""Callers who are slow, silent, many or all of it: sent away, and nobody else is the worse."""

from __future__ import annotations

import http.client
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sersync.api.client import fetch_status
from sersync.api.server import ApiServer
from sersync.model.api import ApiSettings
from sersync.model.status import DaemonStatus
from tests.support.board import FakeBoard
from tests.support.status import daemon_status, target_status
from tests.support.trees import wait_until

_EVENTS = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Served:
    """A listener on *port* of the loopback."""

    def __init__(self, directory: Path, port: int, look: Callable[[], DaemonStatus]) -> None:
        self.port = port
        self.path = str(directory / "control.sock")
        settings = ApiSettings(host="127.0.0.1", port=self.port)
        self.server = ApiServer(self.path, FakeBoard(look), settings)
        self.server.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30.0)

    def status_code(self, method: str = "GET", path: str = "/v1/status") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30.0)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.status_code() == 200
        except (OSError, http.client.HTTPException):
            return False


@pytest.fixture
def served(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Served]:
    served = Served(
        tmp_path, free_port(), lambda: daemon_status(target_status(lag_s=time.monotonic()))
    )
    yield served
    served.server.close()


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _is_gone(caller: socket.socket) -> bool:
    caller.settimeout(0.05)
    try:
        return caller.recv(1 << 16) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def _is_reset(caller: socket.socket) -> bool:
    looking = select.poll()
    looking.register(caller, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in looking.poll(0))


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /v1/st",
        b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n",
        # A whole request, and then another one that never ends.
        b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/st",
    ],
)
def test_a_request_that_does_not_come_to_its_end_is_waited_for_only_so_long(
    served: Served, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.api.connection._REQUEST_WITHIN_S", 0.3)
    with served.connect() as caller:
        caller.sendall(begun)
        trickle = iter(lambda: b"x", None)

        def is_given_up() -> bool:
            try:
                caller.sendall(next(trickle) if begun else b"")
            except OSError:
                return True
            return _is_gone(caller)

        wait_until(is_given_up, 30)
    assert served.answers()


def test_who_follows_but_does_not_read_is_sent_away(
    tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.api.connection._READ_WITHIN_S", 0.3)
    notes = tuple("n" * 1000 for _ in range(2000))
    served = Served(
        tmp_path, free_port(), lambda: daemon_status(notes=notes, uptime_s=time.monotonic())
    )
    try:
        assert served.answers()
        followers = [served.connect() for _ in range(3)]
        for follower in followers:
            follower.sendall(_EVENTS)
        # Found out without reading.
        wait_until(lambda: all(map(_is_reset, followers)), 60)
        for follower in followers:
            follower.close()
        assert served.answers()
    finally:
        served.server.close()


def test_only_so_many_may_follow(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sersync.api.news._MOST_LISTENERS", 2)
    followers = [served.connect() for _ in range(2)]
    for follower in followers:
        follower.sendall(_EVENTS)
        assert b"200 OK" in follower.recv(1 << 16)
    wait_until(lambda: served.status_code(path="/v1/events") == 503)

    for follower in followers:
        follower.close()


def test_five_hundred_idle_connections_leave_nothing_behind_and_keep_nobody_away(
    served: Served,
) -> None:
    # Each door has descriptors of its own, from its first caller on.
    assert served.answers()
    assert fetch_status(served.path)["pid"] == 4711
    before = _descriptors()
    idle = [served.connect() for _ in range(500)]

    # Those that came first make room for the next one.
    assert served.answers()
    assert fetch_status(served.path)["pid"] == 4711
    assert _descriptors() <= before + len(idle) + 110
    for each in idle:
        each.close()
    wait_until(lambda: _descriptors() <= before + 2, 30)


def test_a_head_of_the_stream_of_events_ends(served: Served) -> None:
    assert served.status_code("HEAD", "/v1/events") == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
def test_other_methods_change_nothing(served: Served, method: str) -> None:
    assert served.status_code(method) in (403, 405)


def test_a_defect_is_answered_and_logged_and_the_next_one_is_served(
    tmp_path: Path, free_port: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    looks = iter([1])

    def look() -> DaemonStatus:
        if next(looks, None):
            raise ZeroDivisionError("a defect")
        return daemon_status()

    served = Served(tmp_path, free_port(), look)
    try:
        assert served.status_code() == 500
        assert served.answers()
        assert "ZeroDivisionError: a defect" in caplog.text
    finally:
        served.server.close()
