"""What the facts of a target mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sersync.doctor.facts import Room
from sersync.doctor.finding import Finding, Level
from sersync.doctor.target_checks import check_target
from sersync.doctor.target_facts import Kept, Reached, ShellFacts, TargetFacts
from sersync.model.capabilities import Capabilities
from sersync.model.options import RsyncOptions
from sersync.model.target import RemoteShell, RsyncModule, Target

_TARGET = Target(name="web", endpoint=RsyncModule(host="web", module="www"))
_BY_SSH = Target(name="web", endpoint=RemoteShell(host="web", path="/www", user="u"))
_REACHED = Reached(
    addresses=("192.0.2.1",), latency_s=0.001, greeting="@RSYNCD: 31.0", connections=5, wanted=5
)
_KEPT = Kept(
    mode=True, owner=True, times=True, symlinks=True, hard_links=True, xattrs=True, names=True,
    clock_ahead_s=0.0,
)  # fmt: skip
_LOGIN = ShellFacts(code=0, seconds=0.1, again_seconds=0.01, rsync="rsync  version 3.2.7")


def found(facts: TargetFacts, check: str, target: Target = _TARGET) -> Finding:
    [finding] = [each for each in check_target(target, facts) if each.check == check]
    return finding


@pytest.mark.parametrize(
    ("restricted", "able", "level"),
    [
        (True, Capabilities(nanoseconds=False), Level.OK),
        (True, Capabilities(nanoseconds=False, missing_args=False), Level.WARNING),
        (False, Capabilities(nanoseconds=False), Level.WARNING),
    ],
)
def test_only_what_rrsync_refuses_by_design_is_no_warning(
    restricted: bool, able: Capabilities, level: Level
) -> None:
    facts = TargetFacts(
        shell=replace(_LOGIN, is_restricted=restricted), was_tried=True, kept=_KEPT,
        capabilities=able, notes=("it lacks something",),
    )  # fmt: skip

    assert found(facts, "abilities", _BY_SSH).level is level


def test_a_sound_target_has_neither_warning_nor_failure() -> None:
    facts = TargetFacts(reached=_REACHED, was_tried=True, kept=_KEPT)
    levels = {each.level for each in check_target(_TARGET, facts)}

    assert levels == {Level.OK, Level.SKIPPED}, "only the space there cannot be seen"


@pytest.mark.parametrize(
    ("check", "change", "level", "said"),
    [
        ("name", {"no_address": "Name or service not known"}, Level.FAILURE, "no address"),
        ("connects", {"latency_s": None, "not_connected": "refused"}, Level.FAILURE, "port 873"),
        ("protocol", {"greeting": "SSH-2.0-OpenSSH"}, Level.FAILURE, "is no rsync daemon"),
        ("protocol", {"greeting": "@RSYNCD: 32.0 sha512"}, Level.OK, "3.4 or later"),
        ("connections",
         {"refusal": "@ERROR: max connections (2) reached -- try again later", "connections": 2},
         Level.WARNING, "only 2 of 5"),
    ],
)  # fmt: skip
def test_each_step_to_a_daemon_has_its_finding(
    check: str, change: dict[str, object], level: Level, said: str
) -> None:
    reached = replace(_REACHED, **change)  # type: ignore[arg-type]
    finding = found(TargetFacts(reached=reached), check)

    assert (finding.level, said in finding.message) == (level, True), finding


def test_connections_that_a_running_instance_holds_are_not_held_against_the_target() -> None:
    reached = replace(_REACHED, refusal="@ERROR: max connections (2) reached", connections=0)

    assert found(TargetFacts(reached=reached, in_use=True), "connections").level is Level.SKIPPED


@pytest.mark.parametrize(
    ("check", "change", "level"),
    [
        ("keeps permissions", {"mode": False}, Level.WARNING),
        ("keeps owners", {"owner": False}, Level.WARNING),
        ("keeps owners", {"owner": None}, Level.SKIPPED),
        ("keeps times", {"times": False}, Level.WARNING),
        ("keeps symlinks", {"symlinks": False}, Level.WARNING),
        ("keeps hard links", {"hard_links": False}, Level.OK),
        ("keeps xattrs", {"xattrs": False}, Level.OK),
        ("keeps names", {"names": False}, Level.FAILURE),
        ("stores symlinks", {"link_storage": "munged"}, Level.WARNING),
        ("stores symlinks", {"link_storage": "fake super"}, Level.WARNING),
        ("clock", {"clock_ahead_s": -3.0}, Level.WARNING),
        ("clock", {"clock_ahead_s": 1.0}, Level.OK),
        ("clock", {"clock_ahead_s": None}, Level.SKIPPED),
        ("removes", {"left_behind": "refused"}, Level.WARNING),
        ("keeps", {"readable": False}, Level.SKIPPED),
    ],
)
def test_what_is_not_kept_is_a_warning_where_rsync_is_asked_to_keep_it(
    check: str, change: dict[str, object], level: Level
) -> None:
    kept = replace(_KEPT, **change)  # type: ignore[arg-type]
    assert found(TargetFacts(was_tried=True, kept=kept), check).level is level


@pytest.mark.parametrize(
    ("passed", "level"),
    [
        (("--archive", "--hard-links"), Level.WARNING),
        (("--archive", "--hard-links", "--no-hard-links"), Level.OK),
    ],
)
def test_an_option_that_is_taken_back_is_not_asked_for(
    passed: tuple[str, ...], level: Level
) -> None:
    target = replace(_TARGET, options=RsyncOptions(passed=passed))
    kept = replace(_KEPT, hard_links=False)

    assert found(TargetFacts(was_tried=True, kept=kept), "keeps hard links", target).level is level


@pytest.mark.parametrize(
    ("check", "change", "level"),
    [
        ("login", {"code": 255, "said": b"Permission denied (publickey)."}, Level.FAILURE),
        ("login", {"code": 255, "said": b"something new"}, Level.FAILURE),
        ("login", {"seconds": 9.0}, Level.WARNING),
        ("key", {"identity_obstacle": "the key x can be read by others"}, Level.FAILURE),
        ("shell", {"noise": b"Welcome!"}, Level.FAILURE),
        ("shell", {"is_restricted": True, "rsync": ""}, Level.OK),
        ("far rsync", {"rsync": ""}, Level.FAILURE),
        ("shared login", {"again_seconds": None}, Level.WARNING),
        ("shared login", {"unshared": 2}, Level.WARNING),
    ],
)
def test_each_step_of_a_login_has_its_finding(
    check: str, change: dict[str, object], level: Level
) -> None:
    shell = replace(_LOGIN, **change)  # type: ignore[arg-type]
    finding = found(TargetFacts(shell=shell), check, _BY_SSH)

    assert finding.level is level
    assert level is not Level.FAILURE or finding.command


def test_a_full_target_is_a_failure() -> None:
    room = Room(path="/www", free_bytes=0, total_bytes=1 << 30)
    finding = found(TargetFacts(room=room), "space", _BY_SSH)

    assert (finding.level, finding.command) == (Level.FAILURE, "ssh u@web 'df -h; df -i'")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"latency_s": None, "not_connected": "refused"}, "connects"),
        ({"greeting": "SSH-2.0-OpenSSH"}, "protocol"),
    ],
)
def test_the_command_for_an_ipv6_address_has_its_brackets(
    change: dict[str, object], check: str
) -> None:
    target = replace(_TARGET, endpoint=RsyncModule(host="fe80::1", module="www", port=8730))
    reached = replace(_REACHED, **change)  # type: ignore[arg-type]

    command = found(TargetFacts(reached=reached), check, target).command
    assert command == "rsync 'rsync://[fe80::1]:8730/'"
