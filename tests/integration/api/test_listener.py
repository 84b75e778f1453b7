"""The TCP listener: who may read, who may act, and who is sent away."""

from __future__ import annotations

import base64
import errno
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sersync.api.client import fetch_status
from sersync.api.server import ApiServer
from sersync.model.api import ApiSettings
from sersync.model.request import Deed, Did, Request, Verb
from tests.support.board import FakeBoard
from tests.support.trees import wait_until

TOKEN = "a token of more than sixteen characters"
_ANSWERS_WITHIN_S = 30.0
_JSON = {"Content-Type": "application/json"}
_BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Listener:
    """A server at *port*, and what it was asked to do."""

    def __init__(
        self, directory: Path, port: int, *, host: str = "127.0.0.1", token: str = ""
    ) -> None:
        self.port = port
        self.host = host
        self.asked: list[Request] = []
        self.path = directory / "control.sock"
        settings = ApiSettings(host=host, port=self.port, token=token)
        self.server = ApiServer(str(self.path), FakeBoard(act=self._act), settings)
        self.server.start()
        wait_until(self._answers)

    def _act(self, request: Request) -> tuple[Deed, ...]:
        self.asked.append(request)
        return (Deed(source="www", target="web1", did=Did.PAUSED),)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=_ANSWERS_WITHIN_S)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_ANSWERS_WITHIN_S)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            found = {name.title(): each for name, each in response.getheaders()}
            return response.status, found, response.read()
        finally:
            connection.close()


@pytest.fixture
def listener(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def make(**settings: str) -> Listener:
        made.append(Listener(tmp_path, free_port(), **settings))
        return made[-1]

    yield make
    for each in made:
        each.server.close()


def test_the_status_can_be_read_without_a_token_on_the_loopback(
    listener: Callable[..., Listener],
) -> None:
    status, headers, body = listener().ask("GET", "/v1/status")

    assert (status, json.loads(body)["pid"]) == (200, 4711)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8377", "192.0.2.7", ""])
def test_a_name_that_was_made_to_lead_here_is_refused(
    listener: Callable[..., Listener], host: str
) -> None:
    status, _, body = listener().ask("GET", "/v1/status", {"Host": host})

    assert status in (400, 421)
    assert b"4711" not in body


def test_nothing_can_be_done_where_no_token_is_set(listener: Callable[..., Listener]) -> None:
    reader = listener()
    status, _, body = reader.ask("POST", "/v1/pause", _JSON | _BEARER, "{}")

    assert status == 403
    assert "token_file" in json.loads(body)["error"]
    assert reader.asked == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (_JSON, 401),
        (_JSON | {"Authorization": "Bearer wrong"}, 401),
        (_JSON | {"Authorization": "Bearer "}, 401),
        # A browser sends these by itself, whichever page asks it to.
        (
            _JSON | {"Authorization": "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()},
            401,
        ),
        (_BEARER | {"Content-Type": "text/plain"}, 415),
        (_BEARER | {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_what_a_page_of_others_could_send_does_nothing(
    listener: Callable[..., Listener], headers: dict[str, str], status: int
) -> None:
    guarded = listener(token=TOKEN)

    assert guarded.ask("POST", "/v1/pause", headers, "{}")[0] == status
    assert guarded.asked == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_others_cannot_even_have_a_question_asked(
    listener: Callable[..., Listener], site: str
) -> None:
    served = listener()
    by_others = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    assert served.ask("GET", "/?path=x", by_others)[0] == 403
    followed = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}

    assert served.ask("GET", "/v1/status", followed)[0] == 200
    assert served.ask("GET", "/v1/status", {"Sec-Fetch-Site": "same-origin"})[0] == 200


def test_who_knows_the_token_may_act(listener: Callable[..., Listener]) -> None:
    guarded = listener(token=TOKEN)
    status, _, body = guarded.ask("POST", "/v1/pause", _JSON | _BEARER, '{"source": "www"}')

    assert (status, json.loads(body)["targets"][0]["did"]) == (200, "paused")
    assert guarded.asked == [Request(verb=Verb.PAUSE, source="www")]


def test_an_address_that_others_reach_answers_only_with_the_token(
    listener: Callable[..., Listener],
) -> None:
    guarded = listener(host="0.0.0.0", token=TOKEN)
    basic = base64.b64encode(f"prometheus:{TOKEN}".encode()).decode()

    assert guarded.ask("GET", "/v1/status")[0] == 401
    assert guarded.ask("GET", "/v1/status")[1]["Www-Authenticate"].startswith("Basic")
    assert guarded.ask("GET", "/v1/status", {"Authorization": f"Basic {basic}"})[0] == 200
    assert guarded.ask("GET", "/v1/status", _BEARER | {"Host": "backup.example"})[0] == 200


def test_a_port_that_is_taken_stops_nothing_and_is_opened_when_it_is_free(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    free_port: Callable[[], int],
) -> None:
    monkeypatch.setattr("sersync.api.door._TRY_AGAIN_S", 0.05)
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        server = ApiServer(
            str(tmp_path / "control.sock"),
            FakeBoard(),
            ApiSettings(host="127.0.0.1", port=port),
        )
        server.start()
        wait_until(lambda: bool(caplog.messages))
        assert fetch_status(str(tmp_path / "control.sock"))["pid"] == 4711
    try:

        def answers() -> bool:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWERS_WITHIN_S)
            try:
                connection.request("GET", "/v1/status")
                return connection.getresponse().status == 200
            except OSError:
                return False
            finally:
                connection.close()

        wait_until(answers)
        [said] = caplog.messages
        assert f"127.0.0.1:{port} is taken by" in said
        assert "replication goes on" in said
    finally:
        server.close()


def test_news_come_at_once_and_then_whenever_something_changed(
    listener: Callable[..., Listener],
) -> None:
    with listener().connect() as follower:
        follower.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard = b""

        def count() -> int:
            nonlocal heard
            heard += follower.recv(65536)
            return heard.count(b"event: status\ndata: {")

        wait_until(lambda: count() >= 2, 30)
    assert b"text/event-stream" in heard


def test_who_follows_the_news_does_not_hold_up_a_stop(listener: Callable[..., Listener]) -> None:
    served = listener()
    followers = [served.connect() for _ in range(5)]
    for follower in followers:
        follower.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert follower.recv(65536)
    # It waits for the end of the listener, but not for ever.
    served.server.close()

    assert not served.server._listener or not served.server._listener._thread.is_alive()
    for follower in followers:
        follower.close()


def test_requests_are_counted_and_whoever_asks_cannot_make_more_labels(
    listener: Callable[..., Listener],
) -> None:
    served = listener()
    asked = [("GET", "/v1/status"), ("HEAD", "/v1/status"), ("POST", "/v1/pause")]
    for method, path in (*asked, *(("GET", f"/made-up/{each}") for each in range(20))):
        served.ask(method, path)
    served.ask("BREW", "/v1/status")
    text = served.ask("GET", "/metrics")[2].decode()
    lines = {line for line in text.splitlines() if line.startswith("sersync_api_requests_total{")}

    assert lines == {
        'sersync_api_requests_total{code="200",method="GET",path="/v1/status"} 2.0',
        'sersync_api_requests_total{code="403",method="POST",path="/v1/pause"} 1.0',
        'sersync_api_requests_total{code="404",method="other",path="other"} 20.0',
        'sersync_api_requests_total{code="403",method="other",path="other"} 1.0',
    }


def test_hundreds_of_idle_connections_keep_nobody_away_for_long(
    listener: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.api.connection._REQUEST_WITHIN_S", 0.5)
    served = listener()
    idle = [served.connect() for _ in range(500)]

    def answered() -> bool:
        try:
            return served.ask("GET", "/v1/status")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    wait_until(answered, 60)
    # The control socket has a door of its own.
    assert fetch_status(str(served.path))["pid"] == 4711
    for each in idle:
        each.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/status\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"BREW /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n" * 1000,
    ],
)
def test_hostile_bytes_are_refused_and_the_next_caller_is_served(
    listener: Callable[..., Listener], raw: bytes
) -> None:
    served = listener(token=TOKEN)
    with served.connect() as caller:
        try:
            caller.sendall(raw)
            caller.shutdown(socket.SHUT_WR)
        except OSError as error:
            # It may be sent away before it has said all.
            if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                raise
        answer = b""
        try:
            while chunk := caller.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass

    assert not answer or answer.split()[1].startswith(b"4")
    assert b"root:" not in answer
    assert served.ask("GET", "/v1/status")[0] == 200
    assert served.asked == []
