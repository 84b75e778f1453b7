"""Asking a daemon over a real unix socket."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.api.address import reachable
from sersync.api.client import NotDone, NotReachable, ask, fetch_status
from sersync.api.server import ApiServer
from sersync.model.request import Deed, Did, NobodyMeant, Request, Verb
from sersync.model.status import DaemonStatus
from tests.support.board import FakeBoard
from tests.support.status import daemon_status


@pytest.fixture(params=["short", "long"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    directory = tmp_path
    if request.param == "long":
        directory = tmp_path / ("n" * 120) / ("m" * 120)
        directory.mkdir(parents=True)
    return directory / "control.sock"


@pytest.fixture
def server(path: Path) -> Iterator[ApiServer]:
    server = ApiServer(str(path), FakeBoard())
    server.start()
    yield server
    server.close()


@pytest.mark.usefixtures("server")
def test_the_status_can_be_asked_for_again_and_again(path: Path) -> None:
    for _ in range(3):
        assert fetch_status(str(path))["pid"] == 4711


@pytest.mark.usefixtures("server")
def test_only_its_owner_may_open_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_after_close_the_socket_is_gone_and_nobody_answers(path: Path, server: ApiServer) -> None:
    server.close()
    server.close()

    assert not path.exists()
    with pytest.raises(NotReachable):
        fetch_status(str(path))


def test_a_socket_left_over_is_replaced(path: Path) -> None:
    path.touch()
    server = ApiServer(str(path), FakeBoard())

    server.start()

    assert fetch_status(str(path))["version"] == "3.0.0"
    server.close()


@pytest.mark.usefixtures("server")
def test_a_caller_who_says_nothing_keeps_nobody_waiting(path: Path) -> None:
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(f"/proc/self/fd/{directory}/{path.name}")

        assert fetch_status(str(path))["pid"] == 4711
    os.close(directory)


@pytest.mark.usefixtures("server")
def test_other_addresses_are_not_found(path: Path) -> None:
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(30)
        caller.connect(f"/proc/self/fd/{directory}/{path.name}")
        caller.sendall(b"GET /etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        assert caller.recv(1000).startswith(b"HTTP/1.1 404 ")
    os.close(directory)


def test_a_daemon_that_hangs_is_given_up_on(path: Path) -> None:
    answer = threading.Event()

    def slow() -> DaemonStatus:
        answer.wait()
        return daemon_status()

    server = ApiServer(str(path), FakeBoard(slow))
    server.start()

    with pytest.raises(NotReachable, match="did not answer in time"):
        fetch_status(str(path), timeout_s=0.1)

    answer.set()
    server.close()


def test_a_plain_file_or_nothing_is_not_reachable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for name in ("file", "none"):
        with pytest.raises(NotReachable, match=name):
            fetch_status(str(tmp_path / name), timeout_s=0.1)


@pytest.fixture
def asked(path: Path) -> Iterator[list[Request]]:
    """What a server was asked for; it knows only the source "www"."""
    requests: list[Request] = []

    def act(request: Request) -> tuple[Deed, ...]:
        if request.source not in ("", "www"):
            raise NobodyMeant('there is no source "x", only "www"')
        requests.append(request)
        return (Deed(source="www", target="web1", did=Did.RESYNCING),)

    server = ApiServer(str(path), FakeBoard(act=act))
    server.start()
    yield requests
    server.close()


def test_a_request_arrives_as_it_was_sent_and_its_deeds_are_answered(
    path: Path, asked: list[Request]
) -> None:
    request = Request(verb=Verb.RESYNC, source="www", subtree=b"odd\xff name\n")
    document = ask(str(path), request)

    assert asked == [request]
    assert document["targets"] == [
        {"source": "www", "target": "web1", "did": "resyncing", "reason": None}
    ]


def test_a_request_that_means_nobody_is_not_done_and_told_so(
    path: Path, asked: list[Request]
) -> None:
    with pytest.raises(NotDone, match='only "www"'):
        ask(str(path), Request(verb=Verb.PAUSE, source="x"))

    assert asked == []


@pytest.mark.parametrize(
    ("where", "body", "code"),
    [
        ("/v1/pause", b"not JSON", b"400"),
        ("/v1/pause", b"[]", b"400"),
        ("/v1/pause", b'{"source": 1}', b"400"),
        ("/v1/pause", b'{"confirm": true}', b"400"),
        ("/v1/resume", b'{"unknown": ""}', b"400"),
        ("/v1/resync", b'{"subtree": "a\\u0000b"}', b"400"),
        ("/v1/resync", b'{"subtree": "\\ud800"}', b"400"),
        ("/v1/destroy", b"{}", b"404"),
    ],
)
def test_a_wrong_request_is_answered_with_json_and_does_nothing(
    path: Path, asked: list[Request], where: str, body: bytes, code: bytes
) -> None:
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as caller, reachable(str(path)) as address:
        caller.connect(address)
        caller.sendall(head % (where.encode(), len(body)) + body)
        answer = b"".join(iter(lambda: caller.recv(4096), b""))

    assert answer.split()[1] == code
    assert "error" in json.loads(answer.partition(b"\r\n\r\n")[2])
    assert asked == []


def test_a_body_of_unknown_length_is_not_read(path: Path, asked: list[Request]) -> None:
    with socket.socket(socket.AF_UNIX) as caller, reachable(str(path)) as address:
        caller.connect(address)
        caller.sendall(b"POST /v1/pause HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b"".join(iter(lambda: caller.recv(4096), b""))

    assert answer.split()[1] == b"411"
    assert asked == []
