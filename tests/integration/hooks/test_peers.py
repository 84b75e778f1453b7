"""Each hook against a real peer: hostile names arrive as they are, and nothing is executed."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from sersync.daemon.hooks import new_hook
from sersync.errors import EnvironmentMissing
from sersync.model.expression import Expression
from sersync.model.hooks import (
    CallPlugin,
    Change,
    ChangeKind,
    HookAction,
    HookOutcome,
    HookSettings,
    PostForm,
    PostJson,
    RefreshChinaCache,
    RunCommand,
    SendPath,
)
from tests.support.peers import Listener
from tests.support.trees import wait_until

ROOT = b"/srv/w w"
HOSTILE = [
    b"plain.html",
    b"`touch executed`",
    b"$(touch executed)",
    b"a'b\"c",
    b"a\nb",
    b"-rf",
    b"; touch executed",
    b"\xff\xfe",
    b"d/ %41&x=y?z#f+",
    b"back\\slash|pipe>out",
    "ü".encode(),
]
RECORDER = """
import os, sys
with open(sys.argv[1], 'ab') as record:
    for word in sys.argv[2:]:
        record.write(os.fsencode(word) + b'\\0')
    record.write(sys.stdin.buffer.read())
    record.write(b'END\\0')
"""


def change(path: bytes, kind: ChangeKind = ChangeKind.WRITTEN, *, is_dir: bool = False) -> Change:
    return Change(root=ROOT, path=path, kind=kind, is_dir=is_dir)


CHANGES = [change(path) for path in HOSTILE]
ABSOLUTE = [each.absolute for each in CHANGES]


def run(action: HookAction, changes: list[Change] = CHANGES, **settings: object) -> HookOutcome:
    hook = new_hook(HookSettings(name="test", action=action, **settings), "www")  # type: ignore[arg-type]
    return hook.run(changes)


@pytest.fixture
def recorder(tmp_path: Path) -> tuple[str, ...]:
    script = tmp_path / "recorder.py"
    script.write_text(RECORDER)
    return (sys.executable, str(script), str(tmp_path / "record"))


def recorded(tmp_path: Path) -> list[list[bytes]]:
    calls = (tmp_path / "record").read_bytes().split(b"END\0")[:-1]
    return [call.split(b"\0")[:-1] for call in calls]


def test_a_command_gets_each_path_as_one_word(tmp_path: Path, recorder: tuple[str, ...]) -> None:
    outcome = run(RunCommand(before=recorder, after=("after", "two words")))

    assert outcome == HookOutcome()
    assert recorded(tmp_path) == [[path, b"after", b"two words"] for path in ABSOLUTE]
    assert not list(Path("/").glob("executed"))


def test_a_command_for_a_batch_gets_all_paths_on_its_input(
    tmp_path: Path, recorder: tuple[str, ...]
) -> None:
    many = [change(b"%05d-" % number + b"x" * 200) for number in range(2000)]
    outcome = run(RunCommand(before=recorder, per_batch=True), CHANGES + many)

    assert outcome == HookOutcome()
    assert recorded(tmp_path) == [[*ABSOLUTE, *(each.absolute for each in many)]]


def test_a_command_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    words = (sys.executable, "-c", "import sys; print('no luck'); sys.exit(3)")
    outcome = run(RunCommand(before=words), CHANGES[:2])

    assert outcome.failed == tuple(CHANGES[:2])
    assert "code 3: no luck" in outcome.message
    assert run(RunCommand(before=words, ignore_errors=True), CHANGES[:2]).failed == ()
    missing = run(RunCommand(before=("/does/not/exist",)), CHANGES[:1])
    assert "/does/not/exist" in missing.message
    assert "No such file" in missing.message


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    words = (sys.executable, "-c", "import time; time.sleep(600)")
    began = time.monotonic()
    outcome = run(RunCommand(before=words), CHANGES[:1], timeout_s=0.3)

    assert outcome.failed == tuple(CHANGES[:1])
    assert "longer than 0.3 s" in outcome.message
    assert time.monotonic() - began < 60


def test_a_socket_gets_the_bytes_of_the_path_and_nothing_else() -> None:
    with Listener() as peer:
        outcome = run(SendPath(host="127.0.0.1", port=peer.port))
        wait_until(lambda: len(peer.received) == len(ABSOLUTE))

    assert outcome == HookOutcome()
    assert peer.received == ABSOLUTE


def test_a_socket_that_nobody_listens_to_is_a_failure(port: int) -> None:
    outcome = run(SendPath(host="127.0.0.1", port=port), CHANGES[:1])

    assert outcome.failed == tuple(CHANGES[:1])
    assert "refused" in outcome.message


def test_chinacache_gets_the_request_of_sersync_byte_by_byte() -> None:
    answer = b"HTTP/1.0 200 OK\r\nwhatsup: succeed 1\r\n\r\n"
    with Listener(answer) as peer:
        action = RefreshChinaCache(
            host="127.0.0.1", port=peer.port, user="me&", password="p w", base="http://h/cms"
        )
        outcome = run(action, [change(b"a b.html"), change(b"d", is_dir=True), *CHANGES])

    assert outcome.failed == ()
    assert outcome.reply == "whatsup: succeed 1"
    host = b" HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
    assert peer.received[:2] == [
        b"HEAD /index.jsp?user=me%26&pswd=p%20w&ok=ok&urls=http://h/cms/a%20b.html" + host,
        b"HEAD /index.jsp?user=me%26&pswd=p%20w&ok=ok&dirs=http://h/cms/d/" + host,
    ]
    for request, path in zip(peer.received[2:], HOSTILE, strict=True):
        line = request.split(b"\r\n")[0]
        assert unquote_to_bytes(line.split(b"urls=")[1][:-9]) == b"http://h/cms/" + path


def test_chinacache_with_an_expression_asks_only_for_what_matches() -> None:
    with Listener(b"HTTP/1.0 200 OK\r\nwhatsup: succeed\r\n\r\n") as peer:
        action = RefreshChinaCache(
            host="127.0.0.1", port=peer.port, base="http://h", match=Expression(rb"w w(/[a-z]+)")
        )
        outcome = run(action, [change(b"img/x.png"), change(b"1")])

    assert outcome.failed == ()
    assert [each.split(b" ")[1] for each in peer.received] == [
        b"/index.jsp?user=&pswd=&ok=ok&urls=http://h/img/x.png"
    ]


def test_chinacache_that_does_not_say_succeed_is_a_failure_without_the_password() -> None:
    with Listener(b"HTTP/1.0 200 OK\r\nwhatsup: error\r\n\r\n") as peer:
        action = RefreshChinaCache(host="127.0.0.1", port=peer.port, password="geheim", base="b")
        outcome = run(action, CHANGES[:1])

    assert outcome.failed == tuple(CHANGES[:1])
    assert "whatsup: error" in outcome.message
    assert "geheim" not in outcome.message + outcome.reply + repr(action)


def test_a_form_has_the_fields_of_sersync_byte_by_byte() -> None:
    with Listener(b"HTTP/1.0 200 OK\r\n\r\n") as peer:
        action = PostForm(host="127.0.0.1", port=peer.port, path="/hook")
        gone = change(b"d", ChangeKind.DELETED, is_dir=True)
        outcome = run(action, [gone, *CHANGES])

    assert outcome == HookOutcome()
    body = b"watchroot=%2Fsrv%2Fw+w&isdir=1&inotifyPath=%2Fsrv%2Fw+w%2Fd&mask=1073742336"
    assert peer.received[0] == (
        b"POST /hook HTTP/1.0\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    for request, path in zip(peer.received[1:], ABSOLUTE, strict=True):
        pairs = request.split(b"\r\n\r\n")[1].replace(b"+", b" ").split(b"&")
        fields = {pair.split(b"=")[0]: unquote_to_bytes(pair.split(b"=")[1]) for pair in pairs}
        assert fields[b"inotifyPath"] == path
        assert fields[b"mask"] == b"8"


def test_a_webhook_gets_json_with_the_exact_bytes() -> None:
    with Listener(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as peer:
        headers = (("X-Token", "abc"),)
        action = PostJson(url=f"http://127.0.0.1:{peer.port}/x?y=1", headers=headers)
        outcome = run(action)

    assert outcome == HookOutcome()
    [request] = peer.received
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert b"X-Token: abc" in head
    told = json.loads(body)
    assert told["source"] == "www"
    assert [base64.b64decode(each["path_base64"]) for each in told["changes"]] == ABSOLUTE
    assert told["changes"][0] == {
        "path": "/srv/w w/plain.html",
        "path_base64": base64.b64encode(ABSOLUTE[0]).decode(),
        "kind": "written",
        "directory": False,
    }


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n", b"noise"])
def test_a_webhook_that_is_not_answered_well_is_a_failure(answer: bytes) -> None:
    with Listener(answer) as peer:
        outcome = run(PostJson(url=f"http://127.0.0.1:{peer.port}/"), CHANGES[:3])

    assert outcome.failed == tuple(CHANGES[:3])
    assert outcome.message


def offer(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the example package look installed."""
    example = Path(__file__).parents[3] / "examples" / "hook-package"
    info = directory / "sersync_hook_log-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sersync-hook-log\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sersync.hooks]\nlog-file = sersync_hook_log:LogFile\n")
    monkeypatch.syspath_prepend(str(directory))
    monkeypatch.syspath_prepend(str(example / "src"))


def test_the_example_package_is_found_and_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(tmp_path, monkeypatch)
    outcome = run(CallPlugin(name="log-file", options={"file": str(tmp_path / "log")}))

    assert outcome == HookOutcome()
    lines = (tmp_path / "log").read_bytes().split(b"\0")[:-1]
    assert lines == [b"written " + path for path in ABSOLUTE]


def test_a_plugin_that_raises_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    outcome = run(CallPlugin(name="log-file", options={"file": os.fspath(tmp_path)}))

    assert outcome.failed == tuple(CHANGES)
    assert "IsADirectoryError" in outcome.message


def test_a_plugin_that_is_not_installed_is_said_to_be_missing() -> None:
    with pytest.raises(EnvironmentMissing, match="no installed package offers a hook named nosuch"):
        run(CallPlugin(name="nosuch"))
