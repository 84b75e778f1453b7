"""What can be wrong with a host that is reached by ssh, caused for real, and found."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.doctor.examined import tried
from tests.support.cli import Cli
from tests.support.sshd import Sshd
from tests.support.trees import wait_until


def test_a_sound_ssh_target_is_all_well(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    found = tried(cli, f"127.0.0.1:{tmp_path}/there", "--rsh", sshd.command)

    bad = [each for each in found.values() if each["level"] in ("warning", "failure")]
    expected = set() if os.geteuid() == 0 else {"keeps owners"}
    if found["login"]["message"].startswith("it takes "):
        expected.add("login")  # This host is busy; that it is found has a test of its own.
    assert {each["check"] for each in bad} <= expected, bad
    assert found["shared login"]["level"] == "ok"
    assert "free of" in found["space"]["message"]
    assert list((tmp_path / "there").iterdir()) == []


def test_a_key_that_is_not_accepted_is_found(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    (sshd.identity.parent / "authorized_keys").write_text("")
    found = tried(cli, f"127.0.0.1:{tmp_path}", "--rsh", sshd.command)

    assert found["login"]["level"] == "failure"
    assert "does not accept the ssh key" in found["login"]["message"]


def test_a_host_key_that_is_not_known_is_found(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    sshd.known_hosts.write_text("")
    found = tried(cli, f"127.0.0.1:{tmp_path}", "--rsh", sshd.command)

    assert "host key" in found["login"]["message"]


def test_a_key_that_others_may_read_is_found(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    sshd.identity.chmod(0o644)
    found = tried(
        cli, f"127.0.0.1:{tmp_path}", "--identity", os.fspath(sshd.identity), "--port", "1"
    )

    assert found["key"]["command"] == f"chmod 600 {sshd.identity}"


def test_the_command_for_a_login_goes_the_way_that_transfers_go(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    keys = sshd.identity.parent / "authorized_keys"
    allowed = keys.read_text()
    keys.write_text(f'command="PATH=/nonexistent; eval $SSH_ORIGINAL_COMMAND" {allowed}')
    key = sshd.identity.rename(sshd.identity.with_name("my key"))
    # An ssh that trusts this host, as the user's own configuration would let it.
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F none {sshd.options} "$@"\n')
    ssh.chmod(0o755)
    path = f"{ssh.parent}:{os.environ['PATH']}"
    found = tried(
        cli, f"{sshd.user}@127.0.0.1:{tmp_path}", "--port", str(sshd.port),
        "--identity", os.fspath(key), PATH=path,
    )  # fmt: skip
    command = found["far rsync"]["command"]
    keys.write_text(allowed)

    done = subprocess.run(
        ["sh", "-c", command], env={"PATH": path}, capture_output=True, text=True, timeout=30
    )

    assert done.stdout.strip().endswith("/rsync"), (command, done.stderr)


def test_a_port_where_no_sshd_listens_is_named_without_a_control_character(
    cli: Cli, sshd: Sshd, tmp_path: Path, port: int
) -> None:
    (tmp_path / "source").mkdir()
    key = os.fspath(sshd.identity)
    more = ("--port", str(port), "--identity", key)
    found = tried(cli, f"root@127.0.0.1:{tmp_path}", *more)
    mirrored = cli.run("mirror", "source", f"root@127.0.0.1:{tmp_path}/copy", *more, "--once")

    assert found["login"]["message"].endswith("Connection refused")
    assert found["login"]["command"] == f"ssh -p {port} -i {key} root@127.0.0.1"
    assert "Connection refused" in mirrored.stderr
    assert "x0d" not in mirrored.stderr


def test_a_shell_that_prints_is_found(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    keys = sshd.identity.parent / "authorized_keys"
    keys.write_text(f'command="echo Welcome; eval $SSH_ORIGINAL_COMMAND" {keys.read_text()}')
    found = tried(cli, f"127.0.0.1:{tmp_path}", "--rsh", sshd.command)

    assert found["shell"]["level"] == "failure"
    assert "Welcome" in found["shell"]["message"]


def test_a_host_without_rsync_is_found(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    keys = sshd.identity.parent / "authorized_keys"
    keys.write_text(f'command="PATH=/nonexistent; eval $SSH_ORIGINAL_COMMAND" {keys.read_text()}')
    found = tried(cli, f"127.0.0.1:{tmp_path}", "--rsh", sshd.command)

    assert found["far rsync"]["level"] == "failure"


def test_a_far_rsync_that_deletes_nothing_leaves_the_trial_behind_and_is_found(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    # With -r, and with --delete: only what removes the trial asks for both.
    refuse(sshd, "*' -re.'*' --delete '*")
    there = tmp_path / "there"
    there.mkdir()
    found = tried(cli, f"127.0.0.1:{there}", "--rsh", sshd.command)

    assert found["removes"]["level"] == "warning"
    assert "could not be removed" in found["removes"]["message"]
    assert [each.name.startswith(".sersync-probe-") for each in there.iterdir()] == [True]


def test_a_far_rsync_that_cannot_delete_by_name_is_found(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    refuse(sshd, "*missing-args*")
    (tmp_path / "there").mkdir()
    found = tried(cli, f"127.0.0.1:{tmp_path}/there", "--rsh", sshd.command)

    assert found["abilities"]["level"] == "warning"
    assert "3.2.4 or later" in found["abilities"]["remedy"]


def refuse(sshd: Sshd, options: str) -> None:
    """Let the host of *sshd* say of such *options*, a pattern of sh, what an old rsync would."""
    keys = sshd.identity.parent / "authorized_keys"
    script = sshd.identity.parent / "old-rsync"
    script.write_text(
        f'#!/bin/sh\ncase "$SSH_ORIGINAL_COMMAND " in {options})\n'
        "echo 'rsync: on remote machine: unknown option' >&2\n"
        "echo 'rsync error: syntax or usage error (code 1) at main.c(1782) [server=3.0.6]' >&2\n"
        'exit 1;;\nesac\neval "$SSH_ORIGINAL_COMMAND"\n'
    )
    script.chmod(0o755)
    keys.write_text(f'command="{script}" {keys.read_text()}')


@pytest.mark.parametrize(("sessions", "said"), [(1, "share the connection"), (10, "")])
def test_a_host_that_lets_few_logins_share_a_connection_is_found(
    cli: Cli, sshd: Sshd, tmp_path: Path, sessions: int, said: str
) -> None:
    server = sshd.identity.parent / "sshd_config"
    sshd.service.stop()
    server.write_text(server.read_text() + f"MaxSessions {sessions}\n")
    sshd.service.start()
    (tmp_path / "there").mkdir()

    def logs_in() -> bool:
        return subprocess.run([*sshd.command.split(), "127.0.0.1", "true"]).returncode == 0

    wait_until(logs_in, 30)
    found = tried(cli, f"127.0.0.1:{tmp_path}/there", "--rsh", sshd.command)

    assert found["shared login"]["level"] == ("warning" if said else "ok"), found["shared login"]
    assert said in found["shared login"]["message"]
    assert ("MaxSessions" in found["shared login"]["remedy"]) == bool(said)


def test_a_shared_connection_that_is_switched_off_here_is_found(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    found = tried(
        cli, f"127.0.0.1:{tmp_path}/there", "--rsh", f"{sshd.command} -o ControlPath=none"
    )

    assert found["shared login"]["level"] == "warning"
    assert "ControlPath" in found["shared login"]["remedy"]
