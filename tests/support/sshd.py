"""A real sshd on the loopback for the current user, with keys that live as long as the test."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sersync.linux.service import Service
from sersync.model.target import RemoteShell
from tests.support.trees import wait_until

_SERVER = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
"""

_CLIENT = """\
Host *
    Port {port}
    User {user}
    IdentityFile {home}/user_key
    IdentitiesOnly yes
    UserKnownHostsFile {home}/known_hosts
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 10
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshd:
    """A running sshd, and all that a client needs to log in without a question."""

    service: Service
    port: int
    user: str
    identity: Path
    known_hosts: Path
    config: Path
    """An ssh_config(5) that knows the port, the user, the key and the host key."""
    log: Path

    @property
    def command(self) -> str:
        """ssh with this configuration, as rsync's ``-e`` and our ``rsh`` take it."""
        return f"ssh -F {shlex.quote(os.fspath(self.config))}"

    @property
    def options(self) -> str:
        """Options that make any ssh trust this host and no other."""
        known = shlex.quote(os.fspath(self.known_hosts))
        return f"-o UserKnownHostsFile={known} -o StrictHostKeyChecking=yes -o BatchMode=yes"

    def endpoint(self, path: Path) -> RemoteShell:
        """Return the address of *path* through this sshd, as the engine takes it."""
        return RemoteShell(host="127.0.0.1", path=os.fspath(path), user=self.user, rsh=self.command)

    def restrict(self, path: Path) -> None:
        """From now on let nobody do anything but to write into *path*, by way of rrsync(1)."""
        rrsync = shutil.which("rrsync")
        if rrsync is None:
            pytest.skip("rrsync is not installed; it comes with rsync 3.2.4 and later")
        key = self.identity.with_suffix(".pub").read_text()
        command = f"{rrsync} -wo -no-lock {shlex.quote(os.fspath(path))}"
        line = f'restrict,command="{command}" {key}'
        (self.config.parent / "authorized_keys").write_text(line)


def start_sshd(home: Path) -> Sshd:
    """Start an sshd with all of its files in *home*; the caller stops its ``service``."""
    home.mkdir(parents=True)
    for name in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.fspath(home / name)],
            check=True,
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    user = getpass.getuser()
    (home / "authorized_keys").write_bytes((home / "user_key.pub").read_bytes())
    host_key = (home / "host_key.pub").read_text().split()[:2]
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {' '.join(host_key)}\n")
    (home / "sshd_config").write_text(_SERVER.format(port=port, home=home))
    (home / "ssh_config").write_text(_CLIENT.format(port=port, user=user, home=home))
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "sshd"
    log = home / "sshd.log"
    # sshd starts itself again for each connection and therefore wants an absolute path (sshd(8)).
    service = Service((sshd, "-D", "-e", "-f", os.fspath(home / "sshd_config")), output=log)
    service.start()
    wait_until(
        lambda: not service.is_running or _listens(port),
        message=lambda: f"sshd does not listen: {log.read_text()}",
    )
    if not service.is_running:
        service.stop()
        raise AssertionError(f"sshd ended: {log.read_text()}")
    return Sshd(
        service=service,
        port=port,
        user=user,
        identity=home / "user_key",
        known_hosts=home / "known_hosts",
        config=home / "ssh_config",
        log=log,
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def why_no_sshd() -> str:
    """Return what is missing for an sshd here; "" when it can run."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    missing = [tool for tool in ("sshd", "ssh", "ssh-keygen") if not shutil.which(tool, path=path)]
    if missing:
        return f"{', '.join(missing)} not installed (apt-get install openssh-server)"
    if os.geteuid() == 0 and not Path("/run/sshd").is_dir():
        # sshd as root insists on its empty directory, which systemd makes at boot.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    return ""


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """One sshd that lets the current user in."""
    if reason := why_no_sshd():
        pytest.skip(reason)
    server = start_sshd(tmp_path / "sshd")
    yield server
    server.service.stop()
