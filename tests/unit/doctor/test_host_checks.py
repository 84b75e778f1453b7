"""What the facts of a host mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sersync.doctor.facts import Demand, HostFacts, Room, WatchLimits
from sersync.doctor.finding import Finding, Level
from sersync.doctor.host_checks import check_host

_LIMITS = WatchLimits(watches=8192, queued_events=16384, can_be_raised=False)
_ROOM = Room(
    path="/var/lib/sersync", kind="ext4", free_bytes=1 << 40, total_bytes=1 << 41,
    free_inodes=10**6, total_inodes=10**7,
)  # fmt: skip
_HOST = HostFacts(
    rsync=(3, 2, 7), is_root=True, user="root", reads_everything=True, limits=_LIMITS,
    open_files=1024, state=_ROOM, clock_is_synchronized=True,
)  # fmt: skip
_DEMAND = Demand(directories=8192, connections=5)


def found(host: HostFacts, check: str, demand: Demand = _DEMAND) -> Finding:
    [finding] = [each for each in check_host(host, demand) if each.check == check]
    return finding


def test_a_sound_host_has_no_finding_but_ok() -> None:
    assert {each.level for each in check_host(_HOST, _DEMAND)} == {Level.OK}


@pytest.mark.parametrize(
    ("check", "change", "level", "command"),
    [
        ("rsync", {"rsync": None}, Level.FAILURE, "apt-get install rsync"),
        ("rsync", {"rsync": (3, 1, 2)}, Level.FAILURE, "install"),
        ("rsync", {"rsync": (3, 1, 3)}, Level.WARNING, "install"),
        ("rsync", {"rsync": None, "installer": "dnf"}, Level.FAILURE, "dnf install rsync"),
        ("rights", {"is_root": False, "reads_everything": False, "user": "w"}, Level.WARNING,
         "service install"),
        ("rights", {"is_root": False, "user": "w"}, Level.OK, ""),
        ("rights", {"reads_everything": False}, Level.WARNING, ""),
        ("open files", {"open_files": 103}, Level.FAILURE, "ulimit -n 104"),
        ("open files", {"open_files": 0}, Level.OK, ""),
        ("state", {"state_obstacle": "No space left on device"}, Level.FAILURE, "ls -ld"),
        ("state", {"state": replace(_ROOM, kind="nfs4")}, Level.WARNING, ""),
        ("state space", {"state": replace(_ROOM, free_bytes=0)}, Level.FAILURE, "df -h"),
        ("state space", {"state": replace(_ROOM, free_bytes=1 << 20)}, Level.WARNING, "df -h"),
        ("state space", {"state": replace(_ROOM, free_inodes=3)}, Level.FAILURE, "df -i"),
        ("clock", {"clock_is_synchronized": False}, Level.WARNING, "timedatectl"),
        ("clock", {"clock_is_synchronized": None}, Level.SKIPPED, ""),
        ("SELinux", {"selinux": "enforcing"}, Level.WARNING, "rsync_full_access on"),
        ("SELinux", {"selinux": "enforcing", "rsync_full_access": True}, Level.OK, ""),
        ("SELinux", {"selinux": "permissive"}, Level.OK, ""),
        ("firewall", {"firewalld": True}, Level.WARNING, "--add-service=rsyncd"),
    ],
)  # fmt: skip
def test_each_fact_has_its_finding(
    check: str, change: dict[str, object], level: Level, command: str
) -> None:
    finding = found(replace(_HOST, **change), check)  # type: ignore[arg-type]

    assert finding.level is level
    assert command in finding.command
    assert bool(finding.remedy) == (level in (Level.WARNING, Level.FAILURE))


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        ({}, Level.FAILURE, "may not raise that"),
        ({"can_be_raised": True}, Level.OK, "will be raised"),
        ({"is_read_only": True}, Level.FAILURE, "/proc/sys is read only"),
        ({"can_be_raised": True, "namespace_watches": 5}, Level.FAILURE, "user namespace"),
        ({"watches": 8193}, Level.OK, "8,193 directories of 8,193"),
    ],
)
def test_too_few_watches_fail_unless_they_can_be_raised(
    change: dict[str, object], level: Level, said: str
) -> None:
    limits = replace(_LIMITS, **change)  # type: ignore[arg-type]
    finding = found(replace(_HOST, limits=limits), "watches", Demand(directories=8193))

    assert (finding.level, said in finding.message) == (level, True)


def test_without_a_source_the_limit_alone_is_told() -> None:
    finding = found(_HOST, "watches", Demand())

    assert (finding.level, finding.message) == (Level.OK, "this user may watch 8,192 directories")


def test_a_container_is_told_that_its_host_must_raise_the_limit() -> None:
    limits = replace(_LIMITS, is_read_only=True)
    finding = found(replace(_HOST, limits=limits), "watches", Demand(directories=9000))

    assert "on the host of this container" in finding.remedy
    assert "fs.inotify.max_user_watches=524288" in finding.command


def test_no_queue_left_is_a_failure() -> None:
    limits = replace(_LIMITS, obstacle="Too many open files")
    assert found(replace(_HOST, limits=limits), "inotify").level is Level.FAILURE


def test_a_short_queue_of_events_is_a_warning() -> None:
    limits = replace(_LIMITS, queued_events=100)
    assert found(replace(_HOST, limits=limits), "events").level is Level.WARNING


def test_odd_paths_in_commands_are_quoted() -> None:
    room = replace(_ROOM, path="/srv/a b;c", free_bytes=0)

    assert found(replace(_HOST, state=room), "state space").command == (
        "df -h '/srv/a b;c'; df -i '/srv/a b;c'"
    )
    barred = replace(_HOST, state=room, state_obstacle="No such file or directory")
    assert found(barred, "state").command == "ls -ld '/srv/a b;c'"
