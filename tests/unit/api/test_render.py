"""Snapshots as JSON documents."""

from __future__ import annotations

import dataclasses
import json

from sersync.api.render import batch_document, status_document
from sersync.model.batch import Outcome, Problem, Reason, Stage, Stats, Verdict
from sersync.model.path import RelPath
from sersync.model.status import (
    BatchReport,
    DaemonStatus,
    PassProgress,
    SourceStatus,
    TargetState,
    TargetStatus,
)
from tests.support.status import daemon_status, target_status


def _names(kind: type) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_every_field_of_the_status_is_in_the_document() -> None:
    document = status_document(daemon_status(target_status(progress=PassProgress())))

    (source,) = document["sources"]
    (target,) = source["targets"]
    assert document.keys() == _names(DaemonStatus)
    assert source.keys() == _names(SourceStatus)
    assert target.keys() == _names(TargetStatus)
    assert target["progress"].keys() == _names(PassProgress)


def test_a_halt_is_told_with_its_remedy() -> None:
    reason = Reason(message="the password is wrong", remedy="correct it", command="cat secrets")
    document = status_document(
        daemon_status(target_status(state=TargetState.HALTED, reason=reason))
    )

    target = document["sources"][0]["targets"][0]
    assert target["state"] == "halted"
    assert target["reason"] == {
        "message": "the password is wrong",
        "remedy": "correct it",
        "command": "cat secrets",
        "needs_confirm": False,
    }


def test_paths_of_any_bytes_become_text() -> None:
    problem = Problem(path=RelPath(b"caf\xe9/\n"), stage=Stage.READ, message="Permission denied")

    document = json.dumps(status_document(daemon_status(target_status(problems=(problem,)))))

    assert json.loads(document)["sources"][0]["targets"][0]["problems"] == [
        {
            "path": "caf\\xe9/\\x0a",
            "stage": "read",
            "message": "Permission denied",
            "remedy": "",
            "failures": 0,
            "retry_in_s": None,
        }
    ]


def test_a_batch_is_one_line() -> None:
    outcome = Outcome(
        verdict=Verdict.DONE,
        paths=(),
        duration_s=0.0123456789,
        stats=Stats(files=3, sent_bytes=4096, deleted=1),
    )

    line = json.dumps(
        batch_document(BatchReport(source="www", target="web1", outcome=outcome, lag_s=0.5))
    )

    assert "\n" not in line
    assert json.loads(line) == {
        "event": "batch",
        "source": "www",
        "target": "web1",
        "verdict": "done",
        "paths": 0,
        "files": 3,
        "deleted": 1,
        "sent_bytes": 4096,
        "duration_s": 0.012346,
        "lag_s": 0.5,
        "exit_code": 0,
        "reason": None,
        "problems": [],
    }
