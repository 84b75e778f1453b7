"""What is worth a message, and what is one too many."""

from __future__ import annotations

from dataclasses import replace

from sersync.daemon.occasions import Allowance, Occasions
from sersync.model.batch import Problem, Reason, Stage
from sersync.model.notification import (
    Notification,
    NotifySettings,
    Occasion,
    RunNotifier,
)
from sersync.model.path import RelPath
from sersync.model.status import DaemonStatus, TargetState
from tests.support.status import daemon_status, target_status

WHY = Reason(
    message="5 entries are to be deleted", remedy="Look.", command="sersync resume",
    needs_confirm=True,
)  # fmt: skip


def occasions(**known: object) -> Occasions:
    settings = NotifySettings(name="mail", action=RunNotifier(argv=("mail",)))
    return Occasions(replace(settings, **known))  # type: ignore[arg-type]


def halted(reason: Reason = WHY) -> DaemonStatus:
    return daemon_status(target_status(state=TargetState.HALTED, reason=reason))


def behind(lag_s: float) -> DaemonStatus:
    return daemon_status(target_status(state=TargetState.BACKING_OFF, lag_s=lag_s, pending=7))


def kinds(found: list[Notification]) -> list[str]:
    return [each.occasion.value for each in found]


def test_a_halt_is_told_once_with_what_to_type_and_its_end_too() -> None:
    seen = occasions()
    assert seen.of(daemon_status(), 0.0) == []
    [told] = seen.of(halted(), 1.0)
    assert (told.occasion, told.subject) == (Occasion.HALT, "www -> web1")
    assert (told.message, told.remedy, told.command) == (WHY.message, WHY.remedy, WHY.command)
    assert seen.of(halted(), 2.0) == []
    assert seen.of(halted(replace(WHY, message="9 entries are to be deleted")), 3.0) == []
    [told] = seen.of(daemon_status(), 181.0)

    assert told.occasion is Occasion.RECOVERED
    assert told.message == "it is no longer halted, after 3 min"


def test_a_lag_that_a_single_path_causes_tells_which_and_why() -> None:
    problem = Problem(
        path=RelPath(b"a/b"),
        stage=Stage.WRITE,
        message="it cannot be written",
        remedy="See lsattr.",
    )
    waiting = target_status(
        state=TargetState.SETTLING, lag_s=61.0, pending=1, problems=(problem,), problems_omitted=2
    )
    [told] = occasions(lag_s=60.0).of(daemon_status(waiting), 1.0)

    assert told.message.endswith(
        "1 path is pending; 3 paths cannot be carried, first a/b: it cannot be written"
    )
    assert told.remedy == "See lsattr."
    assert told.command.startswith("sersync status")


def test_what_stands_still_for_a_cause_tells_how_to_go_on_when_that_is_mended() -> None:
    wrong = Reason(message="the password is wrong", remedy="Correct it.", command="cat secrets")
    [told] = occasions().of(halted(wrong), 1.0)

    assert told.command == "cat secrets"
    assert told.remedy == (
        "Correct it. Then let it go on:"
        " sersync resume --source www --target web1 --state-dir /var/lib/sersync/www"
    )


def test_who_is_behind_is_looked_at_by_a_command_that_finds_its_daemon() -> None:
    [told] = occasions(lag_s=60.0).of(behind(61.0), 1.0)

    assert told.command == "sersync status --state-dir /var/lib/sersync/www"


def test_a_halted_source_is_told_once_and_not_for_each_of_its_targets() -> None:
    targets = [
        target_status(target=name, state=TargetState.HALTED, reason=WHY) for name in ("a", "b")
    ]
    [told] = occasions().of(daemon_status(*targets, halted=WHY), 0.0)

    assert told.subject == "www"


def test_a_long_lag_is_told_once_until_half_of_it_is_caught_up() -> None:
    seen = occasions(lag_s=600.0)
    assert seen.of(behind(599.0), 0.0) == []
    [told] = seen.of(behind(600.0), 1.0)
    assert told.message == "it has been behind for 10 min; 7 paths are pending"
    assert seen.of(behind(400.0), 2.0) == []
    assert seen.of(behind(610.0), 3.0) == []
    [told] = seen.of(behind(299.0), 4.0)

    assert told.message == "it is no longer behind, after 3.0 s"


def test_only_what_is_wanted_is_told() -> None:
    seen = occasions(occasions=frozenset({Occasion.RECOVERED}))
    assert seen.of(halted(), 0.0) == []

    assert kinds(seen.of(daemon_status(), 1.0)) == ["recovered"]


def test_what_is_no_longer_configured_has_not_recovered() -> None:
    seen = occasions()
    seen.of(halted(), 0.0)

    assert seen.of(daemon_status(target_status(target="other")), 1.0) == []


def test_no_more_than_so_many_an_hour_pass_and_the_next_tells_how_many_did_not() -> None:
    allowance = Allowance(2)
    assert [allowance.admit(now) for now in (0.0, 1.0, 2.0, 3.0)] == [True, True, False, False]
    assert allowance.admit(3601.0)

    assert (allowance.told(), allowance.told()) == (2, 0)
