"""From ``target init`` over ``target serve`` to a mirror, each way that there is."""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.model.endpoint import parse_endpoint
from tests.support.cli import Cli, RunningCli
from tests.support.sshd import Sshd
from tests.support.trees import assert_same_trees, wait_until

NOBODY = 65534
WITHOUT_ROOT = frozenset() if os.geteuid() == 0 else frozenset({"keeps owners"})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "dir" / "deep").mkdir(parents=True)
    (root / "dir" / "file").write_text("content")
    os.utime(root / "dir" / "file", ns=(10**18 + 123_456_789,) * 2)
    (root / "dir" / "script").write_text("#!/bin/sh\n")
    (root / "dir" / "script").chmod(0o751)
    (root / "link").symlink_to("dir/file")
    if os.geteuid() == 0:
        os.chown(root / "dir" / "file", 1234, 4321)
        (root / "out").symlink_to("/etc/../usr")
        os.mkfifo(root / "fifo")
    return root


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def init(cli: Cli, tmp_path: Path, copy: Path, *more: str) -> str:
    done = cli.run(
        "target", "init", "--module", "copy", "--path", str(copy), "--user", "pusher",
        "--allow", "127.0.0.1", "--host", "127.0.0.1", "-c", str(tmp_path / "rsyncd.conf"), *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def paste(said: str, tmp_path: Path, source: Path) -> list[str]:
    """Do what a person does with the source's part; return the command that it says to try."""
    text = said.partition("# And on the source:\n")[2].replace("/etc/sersync", f"{tmp_path}/pasted")
    commands, _, rest = text.partition("# Try it:\n")
    subprocess.run(["sh", "-e"], input=commands, text=True, check=True)
    return rest.splitlines()[0].replace("/srv/tree", str(source)).split()[1:]


def serve(cli: Cli, tmp_path: Path, *more: str) -> RunningCli:
    running = cli.start("target", "serve", "-c", str(tmp_path / "rsyncd.conf"), *more)
    running.wait_until(lambda: "ready: rsync" in running.err)
    return running


def mirror_follows(cli: Cli, command: list[str], source: Path, copy: Path) -> None:
    """Run the mirror, change something, and find all of it in the copy."""
    running = cli.start(*command)
    running.wait_until(lambda: "everything is compared" in running.err)
    (source / "dir" / "later").write_text("later")
    (source / "dir" / "script").unlink()
    os.rename(source / "dir" / "deep", source / "moved")

    wait_until(
        lambda: (
            (copy / "dir" / "later").exists()
            and not (copy / "dir" / "script").exists()
            and not (copy / "dir" / "deep").exists()
        ),
        40,
    )
    assert running.stop() == 0, running.err
    # A stop does not wait for what became due again, such as the times of directories.
    done = cli.run(*command, "--once")
    assert done.returncode == 0, done.stderr


def doctor_is_content(
    cli: Cli, command: list[str], *, except_for: frozenset[str] = frozenset(), keeps: str = "times"
) -> None:
    """Run the doctor on the target of the mirror *command*: each line is ok, or named here.

    That a login takes long says something of this host now, and not of what was set up.
    """
    done = cli.run("doctor", "--json", "--target", *command[2:])
    assert done.stdout, done.stderr
    findings = json.loads(done.stdout)["findings"]
    found = {each["check"]: each for each in findings if each["subject"] != "this host"}
    assert found.keys() >= {"writes", "abilities", f"keeps {keeps}".strip()}, done.stdout
    if (login := found.get("login")) and login["message"].startswith("it takes "):
        del found["login"]
    others = {each["check"] for each in found.values() if each["level"] not in ("ok", "skipped")}
    assert others == except_for, done.stdout


def test_a_daemon(cli: Cli, tmp_path: Path, copy: Path, source: Path, port: int) -> None:
    more = () if os.geteuid() == 0 else ("--no-fake-super",)
    said = init(cli, tmp_path, copy, "--port", str(port), "--apply", *more)
    assert cli.run("target", "check", str(tmp_path / "rsyncd.conf"), "-q").returncode == 0
    serve(cli, tmp_path)
    command = paste(said, tmp_path, source)

    mirror_follows(cli, command, source, copy)

    # A root target keeps owners, modes, times to the nanosecond, and symlinks wherever they lead.
    assert_same_trees(source, copy)
    doctor_is_content(cli, command, except_for=WITHOUT_ROOT)
    assert list(copy.glob(".sersync*")) == []


@pytest.mark.usefixtures("tls_tools")
def test_tls(cli: Cli, tmp_path: Path, copy: Path, source: Path, port: int) -> None:
    more = () if os.geteuid() == 0 else ("--no-fake-super",)
    said = init(cli, tmp_path, copy, "--tls", "--port", str(port), "--apply", *more)
    key = tmp_path / "rsyncd.tls" / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    serve(cli, tmp_path, "--tls", "--port", str(port))
    command = paste(said, tmp_path, source)

    mirror_follows(cli, command, source, copy)

    assert_same_trees(source, copy)
    doctor_is_content(cli, command, except_for=WITHOUT_ROOT)
    assert list(copy.glob(".sersync*")) == []


def installed_command(cli: Cli, tmp_path: Path, *more: str) -> list[str]:
    """Return the arguments of sersync in the unit that is printed for the file of init."""
    done = cli.run(
        "service", "install", "--target", "-c", str(tmp_path / "rsyncd.conf"), "--print",
        "--root", "image", *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(line.partition("=")[2])
    return words[words.index("target") :]


@pytest.mark.usefixtures("tls_tools")
@pytest.mark.parametrize("links", [False, True], ids=["its name", "a link to it"])
def test_the_service_of_a_file_that_was_made_for_tls_speaks_tls_and_nothing_else(
    cli: Cli, tmp_path: Path, copy: Path, source: Path, port: int, links: bool
) -> None:
    more = () if os.geteuid() == 0 else ("--no-fake-super",)
    said = init(cli, tmp_path, copy, "--tls", "--port", str(port), "--apply", *more)
    if links:
        (tmp_path / "rsyncd.conf").rename(tmp_path / "moved.conf")
        (tmp_path / "rsyncd.conf").symlink_to("moved.conf")
    command = installed_command(cli, tmp_path, "--port", str(port))
    running = cli.start(*command)
    running.wait_until(lambda: "ready: rsync over TLS" in running.err)

    mirror = paste(said, tmp_path, source)
    done = cli.run(*mirror, "--once")
    plain = subprocess.run(
        ["rsync", f"rsync://127.0.0.1:{port}/copy/"], capture_output=True, text=True, timeout=30
    )

    assert done.returncode == 0, done.stderr + running.err
    assert (copy / "dir" / "file").read_text() == "content"
    assert plain.returncode != 0, plain.stdout


@pytest.mark.usefixtures("tls_tools")
def test_without_a_word_of_tls_a_file_that_was_made_for_it_is_served_with_it(
    cli: Cli, tmp_path: Path, copy: Path, port: int
) -> None:
    init(cli, tmp_path, copy, "--tls", "--apply")

    running = serve(cli, tmp_path, "--port", str(port))

    assert "ready: rsync over TLS on port" in running.err
    assert f"because {tmp_path}/rsyncd.tls is there" in running.err
    assert running.stop() == 0
    plain = serve(cli, tmp_path, "--no-tls", "--port", str(port))
    assert "ready: rsync on port" in plain.err


@pytest.mark.usefixtures("tls_tools")
def test_a_certificate_that_is_lost_is_no_reason_to_serve_without(
    cli: Cli, tmp_path: Path, copy: Path, port: int
) -> None:
    init(cli, tmp_path, copy, "--tls", "--apply")
    command = installed_command(cli, tmp_path, "--port", str(port))
    (tmp_path / "rsyncd.tls" / "cert.pem").unlink()
    half = cli.run("target", "serve", "-c", str(tmp_path / "rsyncd.conf"), *command[4:6])
    shutil.rmtree(tmp_path / "rsyncd.tls")
    gone = cli.run(*command)

    for done in (half, gone):
        assert done.returncode == 69, done.stderr
        assert "rsyncd.tls/cert.pem cannot be read" in done.stderr


@pytest.mark.usefixtures("tls_tools")
def test_one_more_module_in_a_file_for_tls_is_reached_by_tls(
    cli: Cli, tmp_path: Path, copy: Path
) -> None:
    init(cli, tmp_path, copy, "--tls", "--apply")
    done = cli.run(
        "target", "init", "--module", "more", "--path", str(tmp_path / "more"), "--user", "pusher",
        "--allow", "127.0.0.1", "--host", "127.0.0.1", "-c", str(tmp_path / "rsyncd.conf"),
    )  # fmt: skip

    assert "rsyncs://pusher@127.0.0.1" in done.stdout, done.stderr
    assert "--tls" in done.stdout


def test_ssh_restricted_to_rsync(
    cli: Cli, tmp_path: Path, copy: Path, source: Path, sshd: Sshd
) -> None:
    if shutil.which("rrsync") is None:
        pytest.skip("rrsync is not installed; it comes with rsync 3.2.4 and later")
    copy.mkdir()
    key = os.fspath(sshd.identity.with_suffix(".pub"))
    done = cli.run(
        "target", "init", "--ssh", "--path", str(copy), "--user", sshd.user, "--key", key,
        "--host", "127.0.0.1",
    )  # fmt: skip
    [line] = [line for line in done.stdout.splitlines() if line.startswith("command=")]
    if (source / "fifo").exists():
        (source / "fifo").unlink()  # rrsync has no way to let one through
    (sshd.config.parent / "authorized_keys").write_text(line + "\n")
    command = paste(done.stdout.replace("; the path is relative to the directory above", ""),
                    tmp_path, source)  # fmt: skip

    mirror_follows(cli, [*command, "--rsh", sshd.command], source, copy)

    assert_same_trees(source, copy, times=False)
    # rrsync takes no -@-1, so that rsync leaves a directory's time that differs by less than 1 s.
    for path in source.rglob("*"):
        theirs, ours = path.lstat(), (copy / path.relative_to(source)).lstat()
        most_ns = 10**9 if path.is_dir() and not path.is_symlink() else 0
        assert abs(theirs.st_mtime_ns - ours.st_mtime_ns) <= most_ns, path
    # The line lets files in, and none out (rrsync -wo), so what is kept cannot be read back.
    doctor_is_content(cli, [*command, "--rsh", sshd.command], keeps="")
    assert list(copy.glob(".sersync*")) == []
    ran = subprocess.run(
        [*sshd.command.split(), "127.0.0.1", "cat", "/etc/hostname"], capture_output=True
    )
    assert ran.returncode != 0
    assert ran.stdout == b""


@pytest.fixture
def nobodys(source: Path) -> Iterator[Path]:
    """A directory of a user without rights; the test's own lies where only root may look."""
    home = Path(tempfile.mkdtemp(prefix="sersync-test-"))
    try:
        os.setxattr(home, "user.probe", b"1")
        os.chown(home, NOBODY, NOBODY)
        yield home
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        pytest.skip(f"{home} keeps no extended attributes")
    finally:
        shutil.rmtree(home)


@pytest.mark.root  # whoever else runs the tests is unprivileged in test_a_daemon
def test_a_user_without_rights_keeps_owners_by_fake_super(
    cli: Cli, tmp_path: Path, source: Path, nobodys: Path, port: int
) -> None:
    (source / "out").unlink()  # a symlink out of the module is rewritten without a chroot
    as_nobody = AsNobody(nobodys)
    conf, copy = str(nobodys / "rsyncd.conf"), nobodys / "copy"
    said = as_nobody.run(
        "target", "init", "--module", "copy", "--path", str(copy), "--user", "pusher",
        "--allow", "127.0.0.1", "--host", "127.0.0.1", "-c", conf, "--port", str(port), "--apply",
    )  # fmt: skip
    assert "fake super = yes" in said
    with as_nobody.start("target", "serve", "-c", conf) as served:
        try:
            command = paste(said, tmp_path, source)
            mirror_follows(cli, command, source, copy)
            assert (copy / "dir" / "file").stat().st_uid == NOBODY
            password_file = command[command.index("--password-file") + 1]
            # Without -@-1 rsync compares seconds, and leaves a directory whose time it has itself
            # just changed within the second of the source's.
            subprocess.run(
                ["rsync", "-a", "-@-1", f"--password-file={password_file}",
                 f"{command[2]}/", f"{tmp_path}/back/"], check=True,
            )  # fmt: skip
            # That symlinks stand there as files is what was asked for; it is told all the same.
            doctor_is_content(cli, command, except_for=frozenset({"stores symlinks"}))
        finally:
            served.terminate()
    # What comes back has its owner, its symlinks and its FIFO again.
    assert_same_trees(source, tmp_path / "back")


_AS_NOBODY = """
import importlib, os, pkgutil, sys
sys.path[:0] = sys.argv[1].split(os.pathsep)
import sersync, encodings.ascii, encodings.idna
for module in pkgutil.walk_packages(sersync.__path__, "sersync."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
# The interpreter may stand where nobody else can read; all of it that is needed is here by now.
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sys.argv[1:2] = []
from sersync.cli.main import main
main()
"""


class AsNobody:
    """``sersync`` of a user without any right."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._env = {"PATH": os.environ["PATH"], "HOME": os.fspath(home)}
        self._path = os.pathsep.join([os.fspath(Path(__file__).parents[3] / "src"), *sys.path])

    def _argv(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-B", "-c", _AS_NOBODY, self._path, *arguments]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            self._argv(arguments), env=self._env, cwd=self._home, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        err = self._home / "served"
        with err.open("wb") as sink:
            served = subprocess.Popen(
                self._argv(arguments), env=self._env, cwd=self._home,
                stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
            )  # fmt: skip
        # It loads each of our modules first.
        wait_until(lambda: "ready: rsync" in err.read_text(), 90, err.read_text)
        return served


def test_showing_changes_nothing_and_doing_it_twice_changes_nothing_more(
    cli: Cli, tmp_path: Path, copy: Path
) -> None:
    shown = init(cli, tmp_path, copy)
    assert "+[copy]" in shown
    assert "Nothing was changed" in shown
    assert "only an example: paste what --apply prints" in shown
    assert not copy.exists()
    assert not (tmp_path / "rsyncd.conf").exists()

    first = init(cli, tmp_path, copy, "--apply")
    files = {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns)
        for file in (tmp_path / "rsyncd.conf", tmp_path / "rsyncd.secrets")
    }
    again = init(cli, tmp_path, copy, "--apply")

    assert stat.S_IMODE((tmp_path / "rsyncd.secrets").stat().st_mode) == 0o600
    assert "Everything is there already" in again
    assert "example" not in first + again
    assert first.partition("# Then start")[2] == again.partition("# Then start")[2]
    for name, was in files.items():
        assert ((tmp_path / name).read_bytes(), (tmp_path / name).stat().st_mtime_ns) == was


def test_an_existing_file_and_its_passwords_stay(cli: Cli, tmp_path: Path, copy: Path) -> None:
    conf, secrets = tmp_path / "rsyncd.conf", tmp_path / "rsyncd.secrets"
    conf.write_text("# ours\n[old]\npath = /srv/old\n")
    secrets.write_text("old:its-password")
    secrets.chmod(0o600)

    done = cli.run(
        "target", "init", "--module", "copy", "--path", str(copy), "--user", "pusher",
        "--allow", "10.0.0.0/8", "-c", str(conf), "--apply",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "[old]\npath = /srv/old\n" in conf.read_text()
    assert secrets.read_text().startswith("old:its-password\npusher:")
    assert "[old]" in done.stderr  # what was wrong there before is told


def test_a_module_that_is_there_otherwise_is_left_alone(
    cli: Cli, tmp_path: Path, copy: Path
) -> None:
    init(cli, tmp_path, copy, "--apply")
    before = (tmp_path / "rsyncd.conf").read_text()

    done = cli.run(
        "target", "init", "--module", "copy", "--path", str(tmp_path / "other"), "--user", "pusher",
        "--allow", "127.0.0.1", "-c", str(tmp_path / "rsyncd.conf"), "--apply",
    )  # fmt: skip

    assert done.returncode == 64
    assert "is there with other settings" in done.stderr
    assert (tmp_path / "rsyncd.conf").read_text() == before


def test_a_name_with_a_quote_is_quoted_in_every_text_for_the_source(
    cli: Cli, tmp_path: Path, copy: Path
) -> None:
    done = cli.run(
        "target", "init", "--module", 'a b"c', "--path", str(copy), "--user", "pusher", "--allow",
        "127.0.0.1", "--host", "web", "-c", str(tmp_path / "rsyncd.conf"), "--tls",
    )  # fmt: skip
    text = done.stdout.partition("# Or in sersync.toml:\n")[2].partition("\n\n")[0]
    [target] = tomllib.loads(text)["source"][0]["target"]

    assert parse_endpoint(target["to"]).module == 'a b"c'  # type: ignore[union-attr]
    assert target["password_file"] == '/etc/sersync/web-a b"c.password'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--module", "m"), "needs --module, --user and --allow"),
        (("--module", "m", "--user", "u", "--allow", "10.0.0.0/33"), "--allow: "),
        (("--module", "a/b", "--user", "u", "--allow", "10.0.0.1"), "cannot be the name"),
        (("--ssh", "--apply"), "only prints"),
        (("--ssh", "--key", "/no/such/key"), "cannot be read"),
    ],
)
def test_what_cannot_be_set_up_is_said(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = cli.run(
        "target", "init", "--path", str(tmp_path), "-c", str(tmp_path / "rsyncd.conf"), *arguments
    )

    assert done.returncode == 64
    assert said in done.stderr
    assert not (tmp_path / "rsyncd.conf").exists()


def test_a_configuration_that_cannot_be_read_is_said_with_what_to_do(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "rsyncd.conf").mkdir()
    done = cli.run(
        "target", "init", "--module", "m", "--path", str(tmp_path), "--user", "u",
        "--allow", "127.0.0.1", "-c", str(tmp_path / "rsyncd.conf"),
    )  # fmt: skip

    assert done.returncode == 69
    assert "rsyncd.conf cannot be read: Is a directory" in done.stderr
    assert "-c FILE" in done.stderr
