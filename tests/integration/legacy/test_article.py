"""A deployment as its guides have it, from rsyncd.conf to the check script of cron, on loopback.

Addresses, ports, paths and the module's name are the test's own; all else is as it is printed
there, with its mistakes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sersync.linux.service import Service
from tests.integration.legacy.conftest import Legacy
from tests.support.cli import Cli
from tests.support.trees import wait_until

_RSYNCD_CONF = """\
#!/bin/bash
uid = root
gid = root
use chroot = no
disable = no
fake super = yes
max connections = 200
timeout = 300
pid file={home}/rsyncd.pid
lock file={home}/rsync.lock
log file = {home}/rsyncd.log
[backup]
path = {copy}
ignore errors
read only = false
list = false
hosts allow = 127.0.0.0/24
host deny = 0.0.0.0/0
auth users = rsync_backup
secrets file = {home}/rsync.secrets
"""
_RIGHT = {"fake super = yes\n": "", "use chroot = no\n": "use chroot = no\nmunge symlinks = no\n"}

_CHECK_SCRIPT = """\
#!/bin/sh
sersync="{program}"
confxml="{config}"
status=$(ps aux |grep 'sersync2'|grep -v 'grep'|wc -l)
if [ $status -eq 0 ]; then
  $sersync -d -r -o $confxml &
else
  exit 0;
fi
"""
_PS = """\
#!/bin/sh
# Other tests have a sersync2 of their own: only that of this test's directory is seen.
{ps} "$@" | grep -F -e '{home}/deploy/'
exit 0
"""
"""Stands before ps(1) in the script's PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Two hosts in one: an rsync daemon with its module, and sersync2 with its tree."""

    home: Path
    port: int
    copy: Path
    source: Path
    config: Path
    password_file: Path
    rsyncd_conf: Path
    daemon: Service

    @property
    def url(self) -> str:
        return f"rsync://rsync_backup@127.0.0.1:{self.port}/backup"

    def serve(self, changes: dict[str, str]) -> None:
        """Start the rsync daemon, its file changed so."""
        text = _RSYNCD_CONF.format(home=self.home, copy=self.copy)
        if os.geteuid() != 0:
            changes = changes | {"uid = root\ngid = root\n": ""}
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        self.rsyncd_conf.write_text(text)
        self.daemon.start()
        wait_until(self._listens)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def deployment(legacy: Legacy) -> Iterator[Deployment]:
    """Steps 2 to 5: the account, both password files with mode 0600, confxml.xml."""
    home = legacy.home / "deploy"
    port = legacy.free_port()
    for name in ("backup", "data"):
        (home / name).mkdir(parents=True)
    (home / "rsync.secrets").write_text("rsync_backup:123456\n")
    (home / "rsync.password").write_text("123456\n")
    for name in ("rsync.secrets", "rsync.password"):
        (home / name).chmod(0o600)
    corpus = Path(__file__).parents[2] / "compat" / "corpus" / "article.xml"
    text = corpus.read_text()
    for old, new in {
        'hostip="localhost" port="8008"': f'hostip="localhost" port="{legacy.free_port()}"',
        'watch="/etc/openvpn"': f'watch="{home}/data"',
        'ip="192.168.0.10" name="openvpn"': 'ip="127.0.0.1" name="backup"',
        "/etc/rsync.password": f"{home}/rsync.password",
        'userDefinedPort start="false" port="874"': f'userDefinedPort start="true" port="{port}"',
        "/tmp/rsync_fail_log.sh": f"{home}/rsync_fail_log.sh",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (home / "confxml.xml").write_text(text)
    conf = home / "rsyncd.conf"
    command = ["rsync", "--daemon", "--no-detach", f"--config={conf}", f"--port={port}"]
    daemon = Service(command, output=home / "rsyncd.out")
    yield Deployment(
        home=home,
        port=port,
        copy=home / "backup",
        source=home / "data",
        config=home / "confxml.xml",
        password_file=home / "rsync.password",
        rsyncd_conf=conf,
        daemon=daemon,
    )
    daemon.stop()


def _files(root: Path) -> dict[str, bytes]:
    """Return what regular files hold; what goes while it is looked at is left out.

    On a target names come and go by right: rsync's temporary files, the file that sersync tries a
    target with, directories (at one that goes ``Path.rglob`` fails).
    """
    found = {}
    for directory, _, names in os.walk(root):
        for file in (Path(directory, name) for name in names):
            with contextlib.suppress(FileNotFoundError):
                if file.is_file() and not file.is_symlink():
                    found[str(file.relative_to(root))] = file.read_bytes()
    return found


def _has_same_files(deployment: Deployment) -> bool:
    return _files(deployment.copy) == _files(deployment.source)


def _fill(root: Path) -> None:
    (root / "site" / "img").mkdir(parents=True)
    (root / "site" / "index.php").write_text("<?php ?>")
    (root / "site" / "img" / "a.gz").write_bytes(bytes(5000))
    (root / ".htaccess").write_text("deny")
    (root / "link").symlink_to("site/index.php")
    os.mkfifo(root / "fifo")


def test_the_deployment_works_from_the_first_step_to_the_last(
    legacy: Legacy, deployment: Deployment, cli: Cli
) -> None:
    deployment.serve({})
    # Step 3: a push by hand, with the password file.
    push = ["rsync", "-avz", "/etc/hosts", deployment.url]
    subprocess.run(
        [*push, f"--password-file={deployment.password_file}"], check=True, capture_output=True
    )
    assert (deployment.copy / "hosts").read_bytes() == Path("/etc/hosts").read_bytes()
    _fill(deployment.source)

    # Step 6.
    done = legacy.run("-d", "-r", "-o", str(deployment.config))

    assert done.returncode == 0, done.stderr
    assert f"watch path is: {deployment.source}" in done.stdout
    wait_until(lambda: _has_same_files_but_links(deployment), 60)
    assert not (deployment.copy / "hosts").exists()

    (deployment.source / "created").write_text("created")
    (deployment.source / "site" / "index.php").write_text("<?php 1 ?>")
    shutil.rmtree(deployment.source / "site" / "img")
    wait_until(lambda: _has_same_files_but_links(deployment), 60)
    # It may go by itself: the daemon may have seen it without its file, but still there.
    wait_until(lambda: not (deployment.copy / "site" / "img").exists(), 60)

    # Step 8.
    check = _check_script(legacy, deployment)
    [first] = legacy.pids()
    check()
    assert legacy.pids() == [first]
    legacy.end(first, signal.SIGKILL)
    (deployment.source / "meanwhile").write_text("changed while it was down")
    check()
    wait_until(lambda: legacy.pids() not in ([], [first]), 60)
    wait_until(lambda: _has_same_files_but_links(deployment), 60)

    # What the rsyncd.conf costs, and a right one.
    checked = cli.run("target", "check", str(deployment.rsyncd_conf))
    said = checked.stdout + checked.stderr
    assert checked.returncode in (1, 2)
    assert "fake super" in said
    assert "munge" in said

    deployment.daemon.stop()
    deployment.serve(_RIGHT)
    legacy.end(legacy.pids()[-1], signal.SIGKILL)
    check()
    wait_until(lambda: _is_equal(deployment), 60)
    assert os.readlink(deployment.copy / "link") == "site/index.php"


def _has_same_files_but_links(deployment: Deployment) -> bool:
    """Tell whether regular files are equal; with fake super, all else is a regular file there."""
    there = {
        name: content
        for name, content in _files(deployment.copy).items()
        if name not in ("link", "fifo")
    }
    return there == _files(deployment.source)


def _is_equal(deployment: Deployment) -> bool:
    """Tell whether the trees are equal in full: kinds, modes, times, and as root owners too.

    Where a name of the target goes while rsync looks (see `_files`), it ends with 24: not yet.
    """
    kept = "-niaH" if os.geteuid() == 0 else "-nirlptH"
    dry = subprocess.run(
        ["rsync", kept, "--delete", f"{deployment.source}/", f"{deployment.copy}/"],
        capture_output=True,
    )
    assert dry.returncode in (0, 24), dry.stderr
    return (dry.returncode, dry.stdout) == (0, b"")


def _check_script(legacy: Legacy, deployment: Deployment) -> Callable[[], None]:
    """Write the script; return what runs it as cron does."""
    script = legacy.home / "check_sersync.sh"
    script.write_text(_CHECK_SCRIPT.format(program=legacy.program, config=deployment.config))
    shim = legacy.program.parent / "ps"
    shim.write_text(_PS.format(ps=shutil.which("ps"), home=legacy.home))
    for file in (script, shim):
        file.chmod(0o755)

    def check() -> None:
        subprocess.run(
            [script], check=True, env=legacy.environ, cwd="/", stdin=subprocess.DEVNULL, timeout=60
        )

    return check


def test_the_check_script_of_cron_starts_it_where_there_is_none(
    legacy: Legacy, deployment: Deployment
) -> None:
    deployment.serve({})
    _fill(deployment.source)
    check = _check_script(legacy, deployment)

    check()

    wait_until(lambda: len(legacy.pids()) == 1, 60)
    wait_until(lambda: _has_same_files_but_links(deployment), 60)
