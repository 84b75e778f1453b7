"""Questions over the control socket: what a daemon answers, and what a caller who leaves costs."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sersync.api.client import NotDone, get, post
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from sersync.replication.pipeline import Pipeline
from tests.support.engine import Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until


@pytest.fixture
def engine(source: Path, tmp_path: Path, engines: Engines) -> Engine:
    path = tmp_path / "copy"
    engine = engines(source, copy_at(path, LocalDirectory(path=os.fsencode(path))))
    engine.wait_for_rest()
    return engine


@pytest.fixture
def away(source: Path, rsyncd: Rsyncd, engines: Engines) -> Engine:
    """One whose target is down, with something pending for it."""
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    engine.wait_for_rest()
    rsyncd.daemon.stop()
    (source / "file").write_text("not carried")
    engine.wait_for_state(TargetState.BACKING_OFF)
    return engine


def begin_to_wait(engine: Engine) -> socket.socket:
    caller = socket.socket(socket.AF_UNIX)
    caller.connect(control(engine))
    body = b'{"timeout_s": 600}'
    head = b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    caller.sendall(head % len(body) + body)
    return caller


def control(engine: Engine) -> str:
    return os.fspath(engine.state_dir / "control.sock")


def waiting(pipeline: Pipeline) -> int:
    return sum(not each.is_over for each in pipeline._barriers._all)


def test_a_wait_is_answered_when_it_is_over(engine: Engine, source: Path) -> None:
    (source / "file").write_text("file")
    answer = post(control(engine), "/v1/wait", {"path": "file"}, timeout_s=30.0)

    assert answer["stands"] is True
    assert [each["ending"] for each in answer["targets"]] == ["stands"]


def test_a_wait_that_is_over_in_time_or_left_by_its_caller_leaves_nothing_behind(
    away: Engine,
) -> None:
    [pipeline] = away.daemon._all()
    answer = post(control(away), "/v1/wait", {"timeout_s": 0.2}, timeout_s=30.0)
    assert [each["ending"] for each in answer["targets"]] == ["waiting"]
    assert waiting(pipeline) == 0
    caller = begin_to_wait(away)
    wait_until(lambda: waiting(pipeline) == 1, 10)
    caller.close()

    wait_until(lambda: waiting(pipeline) == 0, 10)


def test_wrong_questions_are_refused_with_a_sentence(engine: Engine) -> None:
    where = control(engine)
    for path, document, said in (
        ("/v1/wait", {"timeout_s": -1}, "timeout_s"),
        ("/v1/wait", {"timeout_s": True}, "a number"),
        ("/v1/wait", {"path": "a\0b"}, "zero byte"),
        ("/v1/wait", {"colour": "blue"}, "unknown field"),
        ("/v1/flush", {"target": "nobody"}, "no target"),
        ("/v1/verify", {"repair": "yes"}, "a boolean"),
    ):
        with pytest.raises(NotDone, match=said):
            post(where, path, document, timeout_s=10.0)
    with pytest.raises(NotDone, match="missing"):
        get(where, "/v1/explain", {}, timeout_s=10.0)
    with pytest.raises(NotDone, match="limit"):
        get(where, "/v1/verify", {"limit": "x"}, timeout_s=10.0)


def test_a_path_of_any_bytes_can_be_asked_for(engine: Engine, source: Path) -> None:
    odd = os.fsencode(source) + b"/\xff\xfe &=%\n"
    with open(odd, "wb") as file:
        file.write(b"odd")
    assert post(control(engine), "/v1/wait", {"path": os.fsdecode(odd)}, timeout_s=30.0)["stands"]
    answer = get(control(engine), "/v1/explain", {"path": os.fsdecode(odd)}, timeout_s=30.0)
    [about] = answer["sources"]

    assert (about["kind"], about["size_bytes"]) == ("file", 3)
    assert about["targets"][0]["on_target"]["same"] is True


def test_many_may_wait_while_others_are_answered(away: Engine) -> None:
    [pipeline] = away.daemon._all()
    callers = [begin_to_wait(away) for _ in range(60)]
    try:
        wait_until(lambda: waiting(pipeline) == len(callers), 20)
        document = get(control(away), "/v1/status", {}, timeout_s=10.0)
        assert document["sources"]
    finally:
        for caller in callers:
            caller.close()
