"""Failures of the doctor that lie in what surrounds it: the kernel's limits, file systems, ssh.

They are caused in namespaces of their own, so that nobody else on the host notices them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.sshd import Sshd

Findings = dict[str, dict[str, Any]]
INOTIFY = "/proc/sys/fs/inotify"


def surrounded(cli: Cli, setup: str, *arguments: str, root: bool = False) -> dict[str, Findings]:
    """Run *setup*, then the doctor, in namespaces of their own; return findings by subject."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed (apt-get install util-linux)")
    users = [] if root else ["--user", "--map-root-user"]
    doctor = [sys.executable, "-m", "sersync", "doctor", "--json", *arguments]
    ran = subprocess.run(
        [
            "unshare",
            *users,
            "--mount",
            "sh",
            "-c",
            f'set -e; {setup}; echo begun >&2; exec "$@"',
            "sh",
            *doctor,
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        env=cli._environ({}),
        cwd="/",
    )
    if not ran.stderr.startswith("begun"):
        pytest.skip(f"not possible here: {ran.stderr.strip()[-200:]}")
    assert ran.stdout, ran.stderr
    found: dict[str, Findings] = {}
    for each in json.loads(ran.stdout)["findings"]:
        found.setdefault(each["subject"].split()[0], {})[each["check"]] = each
    return found


def limited(tmp_path: Path, limit: str, value: int) -> str:
    """Return what gives the kernel's file of *limit* another content that cannot be changed."""
    file = tmp_path / limit
    file.write_text(f"{value}\n")
    place = f"{INOTIFY}/{limit}"
    return f"mount --bind {file} {place}; mount -o remount,ro,bind {place}"


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A source of ten directories."""
    for number in range(9):
        (tmp_path / "src" / str(number)).mkdir(parents=True)
    return tmp_path / "src"


def test_too_few_watches_that_cannot_be_raised_are_found(
    cli: Cli, tmp_path: Path, wide: Path
) -> None:
    setup = limited(tmp_path, "max_user_watches", 5)
    found = surrounded(cli, setup, "--source", os.fspath(wide))["this"]["watches"]

    assert found["level"] == "failure"
    assert "only 5" in found["message"]
    assert "read only" not in found["message"]
    assert "fs.inotify.max_user_watches=524288" in found["command"]
    assert "container" not in found["remedy"]


def test_a_read_only_proc_sys_is_told_with_the_sysctl_of_the_host(
    cli: Cli, tmp_path: Path, wide: Path
) -> None:
    # As in a container.
    whole = "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys"
    setup = f"{whole}; {limited(tmp_path, 'max_user_watches', 5)}"
    found = surrounded(cli, setup, "--source", os.fspath(wide))["this"]["watches"]

    assert found["level"] == "failure"
    assert "/proc/sys is read only here" in found["message"]
    assert "on the host of this container" in found["remedy"]
    assert "sysctl -p" in found["command"]


def test_a_short_queue_of_events_is_found(cli: Cli, tmp_path: Path, wide: Path) -> None:
    setup = (
        f"{limited(tmp_path, 'max_queued_events', 100)};"
        f" {limited(tmp_path, 'max_user_watches', 8192)}"
    )
    found = surrounded(cli, setup, "--source", os.fspath(wide))["this"]["events"]

    assert (found["level"], "only 100" in found["message"]) == ("warning", True)
    assert "fs.inotify.max_queued_events=" in found["command"]


def configured(tmp_path: Path, source: Path) -> str:
    (tmp_path / "copy").mkdir()
    (tmp_path / "state").mkdir()
    file = tmp_path / "sersync.toml"
    file.write_text(
        f'state_dir="{tmp_path}/state"\n[[source]]\nroot="{source}"\n'
        f'[[source.target]]\nto="{tmp_path}/copy"\n'
    )
    return os.fspath(file)


def test_state_on_a_full_file_system_is_found(cli: Cli, tmp_path: Path, wide: Path) -> None:
    state = tmp_path / "state"
    setup = (
        f"mount -t tmpfs -o size=64k tmpfs {state}; cat /dev/zero >{state}/x 2>/dev/null || true"
    )
    found = surrounded(cli, setup, "-c", configured(tmp_path, wide))["this"]["state"]

    assert found["level"] == "failure"
    assert "No space left on device" in found["message"]
    assert found["command"] == f"ls -ld {state}"


def test_little_space_for_the_state_is_found(cli: Cli, tmp_path: Path, wide: Path) -> None:
    state = tmp_path / "state"
    setup = (
        f"mount -t tmpfs -o size=1m tmpfs {state};"
        f" dd if=/dev/zero of={state}/x bs=1k count=1000 2>/dev/null"
    )
    found = surrounded(cli, setup, "-c", configured(tmp_path, wide))["this"]

    assert found["state"]["level"] == "ok"
    assert (found["state space"]["level"], found["state space"]["command"]) == (
        "warning", f"df -h {state}; df -i {state}",
    )  # fmt: skip


def test_a_quiet_mount_below_a_source_is_found(cli: Cli, wide: Path) -> None:
    setup = f"mount --rbind /proc {wide}/3"
    found = surrounded(cli, setup, "--source", os.fspath(wide))["source"]["watches"]

    assert found["level"] == "warning"
    assert f"{wide}/3 is mounted from proc" in found["message"]


@pytest.fixture
def passed_through(wide: Path, tmp_path: Path) -> Iterator[Path]:
    """A directory of the source that bindfs shows: its other side changes without a word."""
    if shutil.which("bindfs") is None:
        pytest.skip("bindfs is not installed (apt-get install bindfs)")
    (tmp_path / "elsewhere").mkdir()
    place = wide / "3"
    made = subprocess.run(["bindfs", tmp_path / "elsewhere", place], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no FUSE here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.root
def test_a_mount_by_fuse_below_a_source_is_found(
    cli: Cli, wide: Path, passed_through: Path
) -> None:
    # Its counterpart, for any user: the mount from proc above.
    done = cli.run("doctor", "--json", "--source", os.fspath(wide))

    found = [each for each in json.loads(done.stdout)["findings"] if each["check"] == "watches"]
    [told] = [each for each in found if os.fspath(passed_through) in each["message"]]
    assert (told["level"], "fuse" in told["message"]) == ("warning", True)


@pytest.mark.root
def test_a_target_on_vfat_is_found_to_keep_little(cli: Cli, tmp_path: Path) -> None:
    # Its counterpart, for any user: the unit tests of what is kept.
    maker = shutil.which("mkfs.vfat", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if maker is None:
        pytest.skip("mkfs.vfat is not installed (apt-get install dosfstools)")
    image, place = tmp_path / "image", tmp_path / "card"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run([maker, image], check=True, capture_output=True)
    found = surrounded(
        cli, f"mount -o loop {image} {place}", "--target", os.fspath(place), root=True
    )["target"]

    for check in ("keeps permissions", "keeps times", "keeps symlinks"):
        assert found[check]["level"] == "warning", found
        assert found[check]["remedy"]


@pytest.mark.root
def test_a_target_that_keeps_whole_seconds_is_found(cli: Cli, tmp_path: Path) -> None:
    # Its counterpart, for any user: the unit tests of what is kept. Small inodes of ext2 have no
    # room for nanoseconds.
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(4 << 20)
    maker = ["/sbin/mkfs.ext2", "-q", "-F", "-I", "128", os.fspath(image)]
    try:
        subprocess.run(maker, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("mkfs.ext2 is not installed (apt-get install e2fsprogs)")
    setup = f"mount -o loop {image} {place}"
    found = surrounded(cli, setup, "--target", os.fspath(place), root=True)["target"]

    assert found["keeps times"]["level"] == "warning", found
    assert "nanoseconds" in found["keeps times"]["remedy"]
    assert found["keeps symlinks"]["level"] == "ok"


@pytest.mark.root
@pytest.mark.parametrize(
    ("option", "check"),
    [("--chmod-ignore", "keeps permissions"), ("--chown-ignore", "keeps owners")],
)
def test_a_file_system_that_loses_attributes_is_found(
    cli: Cli, tmp_path: Path, option: str, check: str
) -> None:
    # Its counterpart, for any user: the unit tests of what is kept.
    if shutil.which("bindfs") is None:
        pytest.skip("bindfs is not installed (apt-get install bindfs)")
    (tmp_path / "disk").mkdir()
    (tmp_path / "seen").mkdir()
    made = subprocess.run(
        ["bindfs", option, tmp_path / "disk", tmp_path / "seen"], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no FUSE here: {made.stderr.strip()}")
    try:
        done = cli.run("doctor", "--json", "--target", f"{tmp_path}/seen")
    finally:
        subprocess.run(["umount", tmp_path / "seen"], check=True)

    found = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    assert (found[check]["level"], bool(found[check]["remedy"])) == ("warning", True), found


def test_what_a_killed_doctor_left_behind_is_removed(cli: Cli, tmp_path: Path) -> None:
    left = tmp_path / "copy" / ".sersync-probe-0123456789abcdef"
    (left / "clock").mkdir(parents=True)
    (left / "file").write_text("remove me")
    (tmp_path / "copy" / "theirs").write_text("theirs")
    done = cli.run("doctor", "--json", "--target", f"{tmp_path}/copy")

    assert done.returncode in (0, 1), done.stdout
    assert os.listdir(tmp_path / "copy") == ["theirs"]


def test_a_slow_login_is_found(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    slow = tmp_path / "slow-ssh"
    # Only the first login: that is the one that is measured.
    slow.write_text(
        f"#!/bin/sh\n[ -e {tmp_path}/been ] || {{ : >{tmp_path}/been; sleep 3.2; }}\n"
        f'exec {sshd.command} "$@"\n'
    )
    slow.chmod(0o755)
    done = cli.run(
        "doctor", "--json", "--target", f"127.0.0.1:{tmp_path}/there", "--rsh", os.fspath(slow)
    )

    found = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["login"]["level"] == "warning"
    taken_s = float(found["login"]["message"].removeprefix("it takes ").removesuffix(" s"))
    assert taken_s >= 3.2, "as long as it slept, and longer on a busy host"
    assert "UseDNS" in found["login"]["remedy"]
