"""One line, one exit code: what monitoring makes of the instances' answers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sersync.api.client import NotReachable, Silence
from sersync.api.render import status_document
from sersync.cli.health import HealthCode, Limits, judge
from sersync.cli.instances import Answers
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.mount import MissingMount
from sersync.model.path import RelPath
from sersync.model.status import HookStatus, TargetState, TargetStatus
from tests.support.status import daemon_status, target_status

_LIMITS = Limits(max_lag_s=300.0, max_pending=None)


def answers(*targets: TargetStatus, **known: object) -> Answers:
    document = status_document(daemon_status(*targets, **known))
    return Answers(documents=(document,), silent=(), looked_in="/state")


def test_all_well_is_ok_with_figures() -> None:
    code, line = judge(answers(target_status(lag_s=0.5, pending=3)), _LIMITS)

    assert code is HealthCode.OK
    assert line == (
        "SERSYNC OK - 1 target, lag 500 ms | 'www/web1 lag'=0.500s;;300;0 'www/web1 pending'=3;;;0"
    )


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (target_status(state=TargetState.HALTED, reason=Reason(message="read only")), "CRITICAL"),
        (target_status(state=TargetState.STOPPED), "CRITICAL"),
        (target_status(state=TargetState.BACKING_OFF, reason=Reason(message="gone")), "WARNING"),
        (target_status(lag_s=300.5), "CRITICAL"),
        (target_status(lag_s=300.0), "OK"),
        (target_status(state=TargetState.PAUSED), "OK"),
        (target_status(state=TargetState.RESYNCING), "OK"),
        (
            target_status(problems=(Problem(path=RelPath(b"x"), stage=Stage.WRITE, message="no"),)),
            "WARNING",
        ),
        (target_status(problems_omitted=1), "WARNING"),
    ],
)
def test_each_state_has_its_code(target: TargetStatus, code: str) -> None:
    found, line = judge(answers(target), _LIMITS)

    assert found.name == code
    assert line.startswith(f"SERSYNC {code} - ")


def test_a_halted_source_is_critical_and_says_why() -> None:
    code, line = judge(answers(halted=Reason(message="the root is empty")), _LIMITS)

    assert (code, "www halted: the root is empty" in line) == (HealthCode.CRITICAL, True)


def test_a_missing_file_system_is_critical_and_says_which() -> None:
    missing = MissingMount(path=RelPath(b"vol"), reason=Reason(message="the file system at /vol"))
    code, line = judge(answers(missing=(missing,)), _LIMITS)

    assert code is HealthCode.CRITICAL
    assert "www halted in part: the file system at /vol" in line


def test_a_hook_that_fails_is_a_warning_and_says_why() -> None:
    hooks = (HookStatus(name="cdn", fails=True, last_error="exit code 3"), HookStatus(name="x"))
    code, line = judge(answers(hooks=hooks), _LIMITS)

    assert code is HealthCode.WARNING
    assert "hook cdn of www fails: exit code 3" in line
    recovered = (HookStatus(name="cdn", failed=3, last_error="exit code 3"),)
    assert judge(answers(hooks=recovered), _LIMITS)[0] is HealthCode.OK


def test_more_pending_than_allowed_is_critical_and_the_limit_is_among_the_figures() -> None:
    limits = Limits(max_lag_s=300.0, max_pending=10)
    code, line = judge(answers(target_status(pending=8, in_flight=3)), limits)

    assert code is HealthCode.CRITICAL
    assert "www/web1 has 11 paths pending (limit 10)" in line
    assert "'www/web1 pending'=11;;10;0" in line


def test_the_worst_is_said_first_and_decides() -> None:
    code, line = judge(
        answers(
            target_status(target="slow", state=TargetState.BACKING_OFF),
            target_status(target="dead", state=TargetState.HALTED),
        ),
        _LIMITS,
    )

    assert code is HealthCode.CRITICAL
    assert line.index("dead halted") < line.index("slow backing off")


def test_nothing_running_is_critical() -> None:
    code, line = judge(Answers(documents=(), silent=(), looked_in="/state"), _LIMITS)

    assert (code, line) == (
        HealthCode.CRITICAL,
        "SERSYNC CRITICAL - no instance is running (looked in /state)",
    )


@pytest.mark.parametrize(
    ("silence", "among_others", "code"),
    [
        (Silence.LEFT_OVER, False, HealthCode.CRITICAL),
        (Silence.LEFT_OVER, True, HealthCode.WARNING),
        (Silence.LATE, True, HealthCode.CRITICAL),
        (Silence.OTHER, True, HealthCode.CRITICAL),
        (Silence.UNABLE, True, HealthCode.CRITICAL),
        (Silence.FORBIDDEN, True, HealthCode.UNKNOWN),
    ],
)
def test_an_instance_that_does_not_answer_is_told_apart(
    silence: Silence, among_others: bool, code: HealthCode
) -> None:
    others = answers().documents if among_others else ()
    silent = (NotReachable("x/control.sock", silence),)

    found, line = judge(Answers(documents=others, silent=silent, looked_in="/state"), _LIMITS)

    assert found == code
    assert f"no answer from x/control.sock: {silence.value}" in line


def test_of_many_that_do_not_answer_the_first_are_named_and_the_others_counted() -> None:
    silent = tuple(
        NotReachable(f"{number}/control.sock", Silence.LEFT_OVER) for number in range(30)
    )
    answered = replace(answers(target_status()), silent=silent)

    code, line = judge(answered, _LIMITS)

    assert code is HealthCode.WARNING
    assert "2/control.sock" in line
    assert "3/control.sock" not in line
    assert "; nor from 27 more" in line


def test_hostile_names_do_not_break_the_line() -> None:
    target = target_status(target="a|b'c=d\ne")
    _, line = judge(answers(target), _LIMITS)

    assert "\n" not in line
    assert line.count("|") == 1
    assert re.search(r"'www/a_b''c_d e lag'=0\.000s", line)
