"""What ``sersync status`` shows, at 80 columns, of whatever a daemon says."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sersync.api.render import status_document
from sersync.cli.instances import Answers
from sersync.cli.naming import only
from sersync.cli.status_view import instance_view, summary
from sersync.errors import UsageError
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.dirty import Scope
from sersync.model.path import RelPath
from sersync.model.status import AuditStatus, HookStatus, PendingPath, TargetState
from tests.support.full_status import a_full_status
from tests.support.status import daemon_status, target_status

_OLDER = Path(__file__).parents[2] / "support" / "older_status.json"


def _text(document: dict[str, Any], width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(instance_view(document))
    return out.getvalue()


def test_an_older_daemon_is_shown_with_what_it_knows() -> None:
    text = _text(json.loads(_OLDER.read_text()))

    for part in ("backing-off", "3.5 s", "web1 cannot be reached", "a: no space", "1 of 4 entries"):
        assert part in text


def test_a_newer_daemon_may_say_more_than_is_known() -> None:
    document = status_document(a_full_status())
    document["sources"][0]["targets"][0] |= {"state": "dreaming", "dreams": [1]}

    assert "dreaming" in _text(document | {"mood": "good"})


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_window(width: int) -> None:
    long = target_status(target="a-target-with-a-name-that-goes-on-" * 3, state=TargetState.HALTED)
    for status in (a_full_status(), daemon_status(long, target_status())):
        lines = _text(status_document(status), width).splitlines()
        assert max(map(len, lines)) <= width


@pytest.mark.parametrize(
    ("compared", "told"),
    [
        (True, " 0 0 0 0 web1: nothing sent since the start;"),
        (False, " unknown all 0 0 web1: no success yet;"),
    ],
)
def test_what_a_target_lacks_is_known_once_it_was_compared(compared: bool, told: str) -> None:
    target = target_status(compared=compared, full_passes=0, last_success_s_ago=None)
    words = _text(status_document(daemon_status(target)), 200).split()

    assert told in " ".join(word for word in words if word not in ("B", "0.0"))


def test_a_halt_is_marked_without_colour() -> None:
    text = _text(
        status_document(
            daemon_status(
                target_status(),
                target_status(target="web2", state=TargetState.HALTED),
                target_status(target="web3", state=TargetState.BACKING_OFF),
            )
        )
    )

    rows = [line for line in text.splitlines() if line.endswith(" 0 B")]
    assert [line.split()[:-2][:2] for line in rows] == [
        ["web1", "in-sync"],
        ["!!", "web2"],
        ["!", "web3"],
    ]


def test_names_and_messages_cannot_steer_the_terminal() -> None:
    reason = Reason(message="rsync says \x1b[2J", remedy="do\x07", command="rm \x1b]0;x\x07")
    target = target_status(
        target="web\x1b[31m",
        state=TargetState.HALTED,
        reason=reason,
        pending_paths=(PendingPath(path=RelPath(b"a\x1b[2Jb"), scope=Scope.ENTRY, since_s=1.0),),
        pending=1,
        problems=(Problem(path=RelPath(b"\x9bc"), stage=Stage.WRITE, message="\x1bc"),),
    )
    status = daemon_status(target, state_dir="/state/\x1b", config_file="\x1b")

    text = _text(status_document(status))

    assert not any(ord(character) < 0x20 and character != "\n" for character in text)
    assert "\x9b" not in text
    assert "\\x1b[2J" in text


def test_a_thousand_quarantined_paths_stay_a_page() -> None:
    problems = tuple(
        Problem(path=RelPath(b"dir/%04d" % number), stage=Stage.WRITE, message="no space")
        for number in range(1000)
    )
    status = daemon_status(
        target_status(problems=problems, problems_omitted=500, quarantined=1500, pending=10_000)
    )

    text = _text(status_document(status))

    assert len(text.splitlines()) < 40
    assert "1,500 paths cannot be carried, 1,500 quarantined" in text
    assert "and 1,480 more" in text


def test_a_paused_target_says_how_it_goes_on() -> None:
    status = daemon_status(target_status(state=TargetState.PAUSED))

    text = " ".join(_text(status_document(status)).split())

    assert "sersync resume --source www --target web1 --state-dir /var/lib/sersync/www" in text


def test_a_hook_that_fails_is_shown_with_its_reason() -> None:
    fails = HookStatus(name="cdn", fails=True, failed=1200, dropped=4, last_error="exit code 3")
    text = _text(status_document(daemon_status(hooks=(fails,))))

    assert "! a hook fails" in text
    assert "www, hook cdn: exit code 3" in text
    assert "1,200 paths it was not told of" in text
    assert "4 paths were dropped" in text
    over = HookStatus(name="cdn", failed=1200, last_error="exit code 3")
    assert "exit code 3" not in _text(status_document(daemon_status(hooks=(over,))))


def test_a_line_for_a_log_tells_state_pending_and_reason() -> None:
    document = status_document(
        daemon_status(
            target_status(
                state=TargetState.BACKING_OFF, pending=3, reason=Reason(message="gone\nfor ever")
            )
        )
    )
    [source] = document["sources"]

    line = summary(source, source["targets"][0])

    assert line == "www/web1: backing-off, 3 pending: gone\\x0afor ever"


def _answers() -> Answers:
    document = status_document(daemon_status(target_status(), target_status(target="web2")))
    return Answers(documents=(document,), silent=(), looked_in="/state")


def test_only_what_is_named_is_left() -> None:
    [document] = only(_answers(), "www", "web2").documents

    [source] = document["sources"]
    assert [target["target"] for target in source["targets"]] == ["web2"]


def test_a_name_that_nobody_has_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        only(_answers(), "www", "web3")

    assert 'there is no target "web3" of source "www"' in str(caught.value)
    assert caught.value.hint == "There is: www/web1, www/web2"


def test_what_the_audit_found_is_told() -> None:
    audit = AuditStatus(every_s=60.0, rounds=2, drift=3, repaired=2, last_drift="img/a b.png")

    found = _text(status_document(daemon_status(target_status(audit=audit))), 200)
    nothing = replace(audit, rounds=1, drift=0, repaired=0)
    clean = _text(status_document(daemon_status(target_status(audit=nothing))), 200)

    said = "audit: 3 paths changed by something else, 2 carried again, last 'img/a b.png'"
    assert said in found
    assert "audit: no drift in 1 round" in clean


def test_where_the_page_is_or_why_it_is_not_is_told() -> None:
    listening = replace(daemon_status(), listen="127.0.0.1:8377")
    failing = replace(listening, listen_error="127.0.0.1:8377 is taken by nginx")

    assert "page: http://127.0.0.1:8377/" in _text(status_document(listening))
    assert "page: 127.0.0.1:8377 is taken by nginx" in _text(status_document(failing))
