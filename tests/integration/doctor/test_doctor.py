"""Each thing that the doctor knows, caused for real, and found."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.api.client import NotReachable, fetch_status
from sersync.config.places import instance_files
from sersync.linux.service import Service
from sersync.rsyncd.running import reserve_port
from tests.integration.doctor.examined import Findings, examined, tried
from tests.support.cli import Cli
from tests.support.rsyncd import RsyncdFactory
from tests.support.sshd import Sshd
from tests.support.tls import Stunnel, make_certificate
from tests.support.trees import wait_until


def attributes(root: Path) -> dict[str, tuple[int, ...]]:
    """Return mode, owners, size and time in nanoseconds of *root* and of all below it."""
    found: dict[str, tuple[int, ...]] = {}
    for path in (root, *root.rglob("*")):
        status = path.lstat()
        size = 0 if path.is_dir() else status.st_size
        owners = (status.st_uid, status.st_gid)
        found[os.fspath(path)] = (status.st_mode, *owners, size, status.st_mtime_ns)
    return found


class HandMade:
    """An rsync daemon with a configuration that nobody should write."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "served"
        self.root.mkdir()
        self.root.chmod(0o777)
        self._directory = directory
        self._service: Service | None = None
        self._reserved = reserve_port()
        self.port = int(self._reserved.getsockname()[1])

    def start(self, *lines: str, top: str = "") -> str:
        """Serve the module ``m`` with *lines* added; return its address."""
        conf = self._directory / "hand-made.conf"
        body = "\n".join((f"path = {self.root}", "read only = no", *lines))
        lock = self._directory / "lock"
        conf.write_text(f"use chroot = no\nlock file = {lock}\n{top}\n[m]\n{body}\n")
        self._service = Service(
            ["rsync", "--daemon", "--no-detach", "--address", "127.0.0.1",
             "--port", str(self.port), "--config", os.fspath(conf)],
            output=self._directory / "hand-made.out",
        )  # fmt: skip
        self._service.start()
        wait_until(self._greets)
        return f"rsync://127.0.0.1:{self.port}/m"

    def _greets(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        if self._service is not None:
            self._service.stop()
        self._reserved.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[HandMade]:
    made = HandMade(tmp_path)
    yield made
    made.close()


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that everybody may use; pytest's own are for one user."""
    with tempfile.TemporaryDirectory(prefix="sersync-test-") as directory:
        Path(directory).chmod(0o777)
        yield Path(directory)


def test_a_sound_target_is_all_well_and_nothing_is_left_there(
    cli: Cli, rsyncd_factory: RsyncdFactory
) -> None:
    rsyncd = rsyncd_factory(max_connections=8)
    found = tried(cli, rsyncd.locked.url, "--password-file", str(rsyncd.locked.password_file))

    bad = [each for each in found.values() if each["level"] in ("warning", "failure")]
    expected = set() if os.geteuid() == 0 else {"keeps owners"}
    assert {each["check"] for each in bad} <= expected, bad
    assert found["stores symlinks"]["message"] == "as what they are"
    assert "5 at the same time" in found["connections"]["message"]
    assert list(rsyncd.locked.root.iterdir()) == []


@pytest.mark.parametrize("kind", ["daemon", "ssh", "local"])
def test_a_target_is_the_same_after_it_was_looked_at(
    cli: Cli, daemon: HandMade, sshd: Sshd, kind: str
) -> None:
    (daemon.root / "d").mkdir()
    (daemon.root / "d" / "f").write_text("theirs")
    daemon.root.chmod(0o731)
    os.utime(daemon.root, ns=(1_500_000_000_987_654_321,) * 2)
    before = attributes(daemon.root)

    match kind:
        case "daemon":
            as_root = ("uid = 0", "gid = 0") if os.geteuid() == 0 else ()
            found = tried(cli, daemon.start("munge symlinks = no", *as_root))
        case "ssh":
            found = tried(cli, f"127.0.0.1:{daemon.root}", "--rsh", sshd.command)
        case _:
            found = tried(cli, os.fspath(daemon.root))

    assert found["writes"]["level"] == "ok", found["writes"]
    assert attributes(daemon.root) == before


def test_munged_symlinks_are_found(cli: Cli, daemon: HandMade) -> None:
    found = tried(cli, daemon.start())

    assert found["stores symlinks"]["level"] == "warning"
    assert "munge symlinks = no" in found["stores symlinks"]["remedy"]
    assert list(daemon.root.iterdir()) == []


def test_fake_super_is_found(cli: Cli, daemon: HandMade) -> None:
    found = tried(cli, daemon.start("munge symlinks = no", "fake super = yes"))

    if found["keeps xattrs"]["level"] == "skipped":
        pytest.skip("this file system keeps no xattrs")
    assert "fake super" in found["stores symlinks"]["message"]
    assert list(daemon.root.iterdir()) == []


@pytest.mark.root
def test_a_daemon_that_does_not_own_is_found(cli: Cli, daemon: HandMade, public: Path) -> None:
    # Its counterpart, for any user: the unit test of "keeps owners".
    daemon.root = public
    lines = ("munge symlinks = no", "uid = nobody", "gid = nogroup")
    found = tried(cli, daemon.start(*lines))

    assert found["keeps owners"]["level"] == "warning"
    assert "uid = 0" in found["keeps owners"]["remedy"]


@pytest.mark.parametrize(
    ("lines", "check", "said"),
    [
        (("refuse options = delete",), "writes", "refuses --delete"),
        (("read only = yes",), "writes", "read only"),
        (("hosts allow = 192.0.2.9",), "writes", "hosts allow"),
        (("auth users = x", "secrets file = /nonexistent"), "writes", "refused the user"),
        (("max connections = 2",), "connections", "only 2 of 5"),
        (("path = /nonexistent/x",), "writes", "missing or cannot be entered"),
        (("pre-xfer exec = /bin/false",), "writes", "pre-xfer exec"),
    ],
)
def test_each_way_in_which_a_module_refuses_is_found(
    cli: Cli, daemon: HandMade, lines: tuple[str, ...], check: str, said: str
) -> None:
    found = tried(cli, daemon.start(*lines), RSYNC_PASSWORD="wrong")

    assert found[check]["level"] == ("warning" if check == "connections" else "failure")
    assert said in found[check]["message"] + found[check]["remedy"], found
    assert found[check]["remedy"]
    assert list(daemon.root.iterdir()) == []


def test_an_unknown_module_is_found_and_hosts_allow_is_named(cli: Cli, daemon: HandMade) -> None:
    url = daemon.start()
    found = tried(cli, url[:-1] + "other")

    assert found["writes"]["level"] == "failure"
    assert "hosts allow" in found["writes"]["message"]
    assert found["writes"]["command"]


def test_a_module_that_lets_nothing_be_read_back_is_told(cli: Cli, daemon: HandMade) -> None:
    found = tried(cli, daemon.start("write only = yes"))

    assert (found["writes"]["level"], found["keeps"]["level"]) == ("ok", "skipped")
    assert list(daemon.root.iterdir()) == []


def test_a_clock_that_is_ahead_is_found(cli: Cli, daemon: HandMade) -> None:
    ahead = f"find {daemon.root} -name clock -exec touch -d +1hour {{}} +"
    # Each transfer waits for what runs before it; for what runs after it, the next one does not.
    found = tried(cli, daemon.start("munge symlinks = no", f"pre-xfer exec = {ahead}"))

    assert found["clock"]["level"] == "warning"
    assert "ahead of ours" in found["clock"]["message"]


def test_a_name_that_stands_for_nothing_is_found(cli: Cli) -> None:
    found = tried(cli, "no-such-host.invalid::m")

    assert found["name"]["level"] == "failure"
    assert found["name"]["command"] == "getent hosts no-such-host.invalid"


def test_a_closed_port_is_found_with_the_firewall_in_the_remedy(cli: Cli) -> None:
    found = tried(cli, "rsync://127.0.0.1:1/m")

    assert (found["connects"]["level"], "refused" in found["connects"]["message"]) == (
        "failure", True,
    )  # fmt: skip
    assert "firewall-cmd" in found["connects"]["remedy"]


def test_something_that_is_no_rsync_daemon_is_found(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_say, args=(server, b"SSH-2.0-x\r\n"), daemon=True).start()
        found = tried(cli, f"rsync://127.0.0.1:{server.getsockname()[1]}/m")
        server.shutdown(socket.SHUT_RDWR)

    assert found["protocol"]["level"] == "failure"
    assert "SSH-2.0-x" in found["protocol"]["message"]


def test_a_target_whose_certificate_is_another_ones_is_found(
    cli: Cli, rsyncd_factory: RsyncdFactory, tmp_path: Path, tls_tools: None
) -> None:
    rsyncd = rsyncd_factory()
    certificate, key = make_certificate(tmp_path / "tls")
    other, _ = make_certificate(tmp_path / "other")
    stunnel = Stunnel(tmp_path / "front", port=rsyncd.port, certificate=certificate, key=key)
    try:
        url = f"rsyncs://127.0.0.1:{stunnel.port}/open"
        right = tried(cli, url, "--ca-file", os.fspath(certificate))
        wrong = tried(cli, url, "--ca-file", os.fspath(other))
    finally:
        stunnel.service.stop()

    assert (right["writes"]["level"], right["protocol"]["level"]) == ("ok", "ok")
    assert wrong["writes"]["level"] == "failure"
    assert "certificate" in wrong["writes"]["message"]
    assert wrong["protocol"]["level"] == "skipped"


def test_names_that_a_target_cannot_take_are_found(
    cli: Cli, tmp_path: Path, daemon: HandMade
) -> None:
    url = daemon.start(top="charset = iso-8859-1")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("so that it is not empty")
    (tmp_path / "names.toml").write_text(
        f'[[source]]\nroot = "{tmp_path}/source"\n[[source.target]]\nto = "{url}"\n'
        'rsync_options = ["-a", "--iconv=utf-8"]\n'
    )
    found = examined(cli, "-c", "names.toml")

    assert found["keeps names"]["level"] == "failure", found


def test_a_local_target_whose_parent_is_missing_is_found(cli: Cli, tmp_path: Path) -> None:
    found = tried(cli, f"{tmp_path}/no/such/place")

    assert found["writes"]["level"] == "failure"
    assert "does not exist" in found["writes"]["message"]
    assert found["writes"]["command"] == f"mkdir -p {tmp_path}/no/such"


def _table(cli: Cli, *arguments: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the failures of the table that has all of this host, by subject and check."""
    result = cli.run("doctor", "--json", *arguments)
    assert result.returncode == 2, result.stderr
    found = json.loads(result.stdout)["findings"]
    assert {"rsync", "inotify"} & {each["check"] for each in found}, "this host stands there too"
    return {(each["subject"], each["check"]): each for each in found if each["level"] == "failure"}


@pytest.mark.parametrize("kind", ["toml", "xml"])
def test_a_source_that_is_missing_is_a_line_of_the_table(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    config = _config(tmp_path)
    if kind == "xml":
        config = tmp_path / "confxml.xml"
        config.write_text(
            f'<head><sersync><localpath watch="{tmp_path}/src">'
            '<remote ip="127.0.0.1" name="m"/></localpath></sersync></head>'
        )
    failures = _table(cli, "-c", os.fspath(config))

    said = failures[("source src", "reads")]
    assert said["remedy"]
    assert said["command"] == f"ls -ld {tmp_path}/src"
    assert f"{tmp_path}/src does not exist" in failures[("settings", "can be used")]["message"]


def test_a_password_file_that_others_can_read_is_a_line_of_the_table(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o644)
    failures = _table(
        cli, "--target", "rsync://u@127.0.0.1:1/m", "--password-file", f"{tmp_path}/password"
    )

    said = failures[("settings", "can be used")]
    assert "password can be read by others" in said["message"]
    assert said["remedy"] == f"chmod 600 {tmp_path}/password"


def test_a_target_that_would_harm_is_told_and_nothing_is_put_there(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "src" / "copy").mkdir(parents=True)
    config = _config(tmp_path)
    config.write_text(config.read_text().replace(f"{tmp_path}/copy", f"{tmp_path}/src/copy"))
    before = attributes(tmp_path / "src")
    failures = _table(cli, "-c", os.fspath(config))

    assert "lies inside the source" in failures[("settings", "can be used")]["message"]
    assert attributes(tmp_path / "src") == before


def test_a_file_that_is_no_configuration_has_no_table(cli: Cli, tmp_path: Path) -> None:
    config = _config(tmp_path)
    config.write_text(config.read_text() + 'no_such_key = "x"\n')
    result = cli.run("doctor", "-c", os.fspath(config))

    assert (result.returncode, result.stdout) == (78, "")
    assert "no_such_key" in result.stderr


@pytest.mark.root
def test_a_full_local_target_is_found(cli: Cli, tmp_path: Path) -> None:
    # Its counterpart, for any user: the unit test of a full target.
    (tmp_path / "full").mkdir()
    mount = f"mount -t tmpfs -o size=64k tmpfs {tmp_path}/full"
    fill = f"cat /dev/zero >{tmp_path}/full/x 2>/dev/null"
    found = _in_namespace(cli, tmp_path, f"{mount}; {fill}", "--target", f"{tmp_path}/full")

    assert found["space"]["level"] == "failure"
    assert "full" in found["writes"]["message"]


def test_a_source_that_is_missing_or_empty_is_found(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    missing = examined(cli, "--source", f"{tmp_path}/gone")
    empty = examined(cli, "--source", f"{tmp_path}/empty")

    assert missing["reads"]["level"] == "failure"
    assert empty["contents"]["level"] == "warning"


def test_a_source_that_the_kernel_makes_up_is_found(cli: Cli) -> None:
    found = examined(cli, "--source", "/proc/irq")

    assert (found["watches"]["level"], "proc" in found["watches"]["message"]) == ("warning", True)


@pytest.mark.root
def test_what_a_user_cannot_read_is_found(cli: Cli, public: Path) -> None:
    # Run as nobody; its counterpart is any run of the suite by another user than root.
    (public / "secret").write_text("x")
    (public / "secret").chmod(0o600)
    found = _as_nobody(cli, "--source", os.fspath(public))

    assert found["source"]["reads"]["level"] == "warning"
    assert "secret" in found["source"]["reads"]["message"]
    assert found["host"]["rights"]["level"] == "warning"


def test_a_namespace_with_too_few_watches_is_found(cli: Cli, tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / "src" / str(number)).mkdir(parents=True)
    found = _in_namespace(
        cli, tmp_path, "echo 5 >/proc/sys/user/max_inotify_watches", "--source", f"{tmp_path}/src",
        of="host",
    )  # fmt: skip

    assert found["watches"]["level"] == "failure"
    assert "user.max_inotify_watches" in found["watches"]["command"]


def test_a_user_whose_queues_of_events_are_all_taken_is_found(cli: Cli, tmp_path: Path) -> None:
    found = _in_namespace(
        cli, tmp_path, "echo 0 >/proc/sys/user/max_inotify_instances", "--source", "/etc/default",
        of="host",
    )  # fmt: skip

    assert found["inotify"]["level"] == "failure"
    assert "max_user_instances" in found["inotify"]["command"]


@pytest.mark.root
def test_root_without_the_right_to_read_everything_is_found(cli: Cli) -> None:
    # Its counterpart, for any user: the unit test of "rights".
    prefix = ["setpriv", "--bounding-set", "-dac_read_search"]
    found = _prefixed(cli, prefix, "--source", "/etc/default")["host"]

    assert found["rights"]["level"] == "warning"
    assert "CAP_DAC_READ_SEARCH" in found["rights"]["message"]


def test_too_few_open_files_are_found(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    found = _prefixed(cli, ["prlimit", "--nofile=90:90"], "--target", f"{tmp_path}/copy")["host"]

    assert found["open files"]["level"] == "failure"
    assert found["open files"]["command"] == "ulimit -n 104"


def test_a_host_without_rsync_or_with_an_old_one_is_found(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    none = examined(cli, PATH=os.fspath(tmp_path / "bin"))
    fake = tmp_path / "bin" / "rsync"
    fake.write_text("#!/bin/sh\necho 'rsync  version 3.0.9  protocol version 30'\n")
    fake.chmod(0o755)
    old = examined(cli, PATH=f"{tmp_path}/bin:/bin:/usr/bin")

    assert (none["rsync"]["level"], old["rsync"]["level"]) == ("failure", "failure")
    assert "install rsync" in none["rsync"]["command"]


def test_a_state_directory_in_the_way_is_found(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    (tmp_path / "src" / "d").mkdir(parents=True)
    config = _config(tmp_path)
    result = cli.run("doctor", "--json", "-c", os.fspath(config))

    found = {each["check"]: each for each in json.loads(result.stdout)["findings"]}
    assert (result.returncode, found["state"]["level"]) == (2, "failure")


def test_the_table_is_for_people_and_the_exit_code_for_scripts(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "src" / "d").mkdir(parents=True)
    fine = cli.run("doctor", "-c", os.fspath(_config(tmp_path)))
    bad = cli.run("doctor", "--target", "rsync://127.0.0.1:1/m")

    assert "source src" in fine.stdout
    assert f"target {tmp_path}/copy" in fine.stdout
    assert bad.returncode == 2
    assert "$ rsync rsync://127.0.0.1:1/" in bad.stdout
    assert "1 failure" in bad.stdout.splitlines()[-1]


def test_the_bundle_holds_what_helps_and_no_secret(
    cli: Cli, tmp_path: Path, rsyncd_factory: RsyncdFactory
) -> None:
    locked = rsyncd_factory().locked
    (tmp_path / "src" / "d").mkdir(parents=True)
    config = _config(tmp_path)
    with config.open("a") as file:
        file.write(
            f'[[source.target]]\nto="{locked.url}"\npassword_file="{locked.password_file}"\n'
            f"# an old note: password={locked.password}\n"
        )
    bundle = tmp_path / "help.tar.gz"
    result = cli.run("doctor", "-c", os.fspath(config), "--bundle", os.fspath(bundle))

    assert result.returncode in (0, 1), result.stdout + result.stderr
    assert bundle.stat().st_mode & 0o777 == 0o600
    with tarfile.open(bundle) as archive:
        texts = {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]
    names = {name.removeprefix("sersync-bundle/") for name in texts}
    assert names >= {"doctor.json", "versions.txt", "mounts.txt", "config/sersync.toml"}
    assert str(locked.password_file).encode() in texts["sersync-bundle/config/sersync.toml"]
    assert not [name for name, text in texts.items() if locked.password.encode() in text]


def test_the_bundle_has_the_daemon_of_the_file_with_its_log_and_none_of_its_headers(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    config = _config(tmp_path)
    with config.open("a") as file:
        file.write(
            '[[notify]]\ntype = "webhook"\nurl = "http://127.0.0.1:9/otherSecret"\n'
            'headers = { X-Key = "otherSecret" }\n'
        )
    running = cli.start("run", "-c", os.fspath(config))
    running.wait_until(lambda: "everything is compared" in running.err)
    # Who asks first waits until HTTP is loaded, for longer than the doctor does on a busy host.
    running.wait_until(lambda: _answers(tmp_path / "state" / "control.sock"))
    bundle = tmp_path / "help.tar.gz"

    cli.run("doctor", "-c", os.fspath(config), "--bundle", os.fspath(bundle))

    texts = _in_bundle(bundle)
    [instance] = json.loads(texts["status.json"])["instances"]
    assert instance["pid"] == running.child.pid
    assert any("everything is compared" in text for name, text in texts.items() if "log/" in name)
    assert not [name for name, text in texts.items() if "otherSecret" in text]


def test_the_bundle_has_the_log_file_of_a_daemon_that_has_ended(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    config = _config(tmp_path)
    state = tmp_path / "xdg" / "sersync" if os.geteuid() else tmp_path / "var/log/sersync"
    name = os.path.basename(instance_files(os.path.realpath(config), {}).log)
    log = (state / "log" if os.geteuid() else state) / name
    log.parent.mkdir(parents=True)
    log.write_text("what was there before it fell\n")

    cli.run("doctor", "-c", os.fspath(config), "--bundle", os.fspath(tmp_path / "help.tar.gz"))

    texts = _in_bundle(tmp_path / "help.tar.gz")
    assert "what was there before it fell" in texts[f"log/0-{name}"]


def _in_bundle(bundle: Path) -> dict[str, str]:
    with tarfile.open(bundle) as archive:
        return {
            each.name.removeprefix("sersync-bundle/"): content.read().decode()
            for each in archive
            if (content := archive.extractfile(each)) is not None
        }


def test_a_bundle_never_overwrites(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    result = cli.run("doctor", "--bundle", "precious")

    assert (result.returncode, (tmp_path / "precious").read_text()) == (64, "x")


def _answers(control: Path) -> bool:
    try:
        fetch_status(os.fspath(control), timeout_s=30.0)
    except NotReachable:
        return False
    return True


def _config(tmp_path: Path) -> Path:
    (tmp_path / "copy").mkdir(exist_ok=True)
    file = tmp_path / "sersync.toml"
    file.write_text(
        f'state_dir="{tmp_path}/state"\n[[source]]\nroot="{tmp_path}/src"\n'
        f'[[source.target]]\nto="{tmp_path}/copy"\n'
    )
    return file


def _say(server: socket.socket, words: bytes) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            client.sendall(words)


def _prefixed(cli: Cli, prefix: list[str], *arguments: str) -> dict[str, Findings]:
    ran = subprocess.run(
        [*prefix, sys.executable, "-m", "sersync", "doctor", "--json", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env=cli._environ({}),
        cwd="/",
    )
    if not ran.stdout:
        pytest.skip(f"not possible here: {ran.stderr.strip()[-200:]}")
    found: dict[str, Findings] = {}
    for each in json.loads(ran.stdout)["findings"]:
        kind = {"this": "host"}.get(each["subject"].split()[0], each["subject"].split()[0])
        found.setdefault(kind, {})[each["check"]] = each
    return found


def _as_nobody(cli: Cli, *arguments: str) -> dict[str, Findings]:
    prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    return _prefixed(cli, prefix, *arguments)


def _in_namespace(
    cli: Cli, tmp_path: Path, setup: str, *arguments: str, of: str = "target"
) -> Findings:
    """Run the doctor in namespaces of its own, so that nobody else notices the *setup*."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed (apt-get install util-linux)")
    script = f'{setup}; exec "$@"'
    prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    return _prefixed(cli, prefix, *arguments)[of]
