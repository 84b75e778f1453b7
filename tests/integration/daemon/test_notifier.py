"""Messages that really leave: by a program, and to a real server."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sersync.daemon.notifier import Notifier
from sersync.daemon.pulse import Pulse
from sersync.model.batch import Reason
from sersync.model.notification import NotifySettings, PostNotification, RunNotifier
from sersync.model.status import DaemonStatus, TargetState
from tests.support.status import daemon_status, target_status
from tests.support.trees import wait_until

WHY = Reason(message="it is full: $(reboot) `x` \u202e", remedy="Make room.", command="df -h")
_RECORD = """
import os, sys
with open(sys.argv[1], "a") as file:
    file.write(os.environ["SERSYNC_EVENT"] + "|" + os.environ["SERSYNC_TARGET"] + "|")
    file.write(sys.stdin.read())
"""


class World:
    """A daemon's status, as the test says."""

    def __init__(self) -> None:
        self.now = daemon_status()

    def status(self) -> DaemonStatus:
        return self.now

    def halt(self) -> None:
        self.now = daemon_status(target_status(state=TargetState.HALTED, reason=WHY))

    def recover(self) -> None:
        self.now = daemon_status()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def notifier(world: World) -> Iterator[Notifier]:
    notifier = Notifier(world.status, Pulse())
    yield notifier
    notifier.stop()


class Peer:
    """A server that keeps what is posted, and answers as it is told."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        peer = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                peer.bodies.append(json.loads(self.rfile.read(length)))
                peer.tokens.append(self.headers.get("X-Token", ""))
                self.send_response(peer.answers.pop(0) if peer.answers else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.server.shutdown()
    peer.server.server_close()


def test_a_program_is_given_the_message_and_nothing_of_it_is_executed(
    world: World, notifier: Notifier, tmp_path: Path
) -> None:
    script, told = tmp_path / "record.py", tmp_path / "told"
    script.write_text(_RECORD)
    argv = (sys.executable, str(script), str(told))
    notifier.follow([NotifySettings(name="mail", action=RunNotifier(argv=argv))])
    world.halt()
    wait_until(told.exists, 20.0)
    wait_until(lambda: "df -h" in told.read_text(), 20.0)
    text = told.read_text()
    assert text.startswith("halt|web1|sersync on ")
    assert WHY.message in text
    world.recover()

    wait_until(lambda: "recovered|web1|" in told.read_text(), 20.0)


def test_a_web_hook_is_tried_again_and_halts_come_before_their_end(
    world: World, notifier: Notifier, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.daemon.notifier._PAUSES_S", (0.1, 0.1, 0.1))
    monkeypatch.setattr("sersync.daemon.notifier._LOOK_EVERY_S", 0.05)
    peer.answers = [500, 503]
    post = PostNotification(url=peer.url, headers=(("X-Token", "secret"),))
    notifier.follow([NotifySettings(name="chat", action=post)])
    world.halt()
    wait_until(lambda: bool(peer.bodies), 20.0)
    world.recover()
    wait_until(lambda: len(peer.bodies) == 4, 20.0)

    assert [each["event"] for each in peer.bodies] == ["halt", "halt", "halt", "recovered"]
    assert peer.bodies[0]["message"] == WHY.message
    assert peer.bodies[0]["command"] == "df -h"
    assert set(peer.tokens) == {"secret"}


def test_a_way_that_never_works_is_told_in_the_log_and_given_up(
    world: World,
    notifier: Notifier,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("sersync.daemon.notifier._PAUSES_S", (0.01,))
    monkeypatch.setattr("sersync.daemon.notifier._LOOK_EVERY_S", 0.02)
    nothing = RunNotifier(argv=("/nonexistent/notify",))
    notifier.follow([NotifySettings(name="pager", action=nothing)])
    world.halt()
    wait_until(lambda: any("Nobody was told" in line for line in caplog.messages), 20.0)

    assert any("it is tried again" in line for line in caplog.messages)


def test_what_is_configured_anew_holds_from_then_on(
    world: World, notifier: Notifier, peer: Peer
) -> None:
    notifier.follow([])
    world.halt()
    notifier.follow([NotifySettings(name="chat", action=PostNotification(url=peer.url))])

    wait_until(lambda: [each["event"] for each in peer.bodies] == ["halt"], 20.0)
