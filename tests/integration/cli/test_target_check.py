"""``sersync target check`` as people run it, on files that are there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.cli import Cli

# The kernel gives this port to nobody who asks for any, so that no other test listens there.
GOOD = """\
socket options = TCP_NODELAY
port = 18730
[copy]
path = {home}/copy
use chroot = {chroot}
munge symlinks = no
uid = {user}
gid = {user}
read only = no
list = no
hosts allow = 127.0.0.1
auth users = pusher
secrets file = {home}/secrets
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "copy").mkdir()
    (tmp_path / "secrets").write_text("pusher:a-long-password\n")
    (tmp_path / "secrets").chmod(0o600)
    chroot = "yes" if os.geteuid() == 0 else "no"
    text = GOOD.format(home=tmp_path, chroot=chroot, user="root" if chroot == "yes" else "")
    (tmp_path / "rsyncd.conf").write_text(text)
    return tmp_path / "rsyncd.conf"


def test_a_good_file_is_fine(cli: Cli, file: Path) -> None:
    done = cli.run("target", "check", str(file), "--for", "rsync://pusher@h:18730/copy")

    assert done.returncode == 0, done.stdout
    assert "No mistakes found." in done.stdout


def test_warnings_and_errors_have_codes_of_their_own(cli: Cli, file: Path) -> None:
    file.write_text(file.read_text() + "timeout = 5\n")
    assert cli.run("target", "check", str(file)).returncode == 1

    file.write_text(file.read_text() + "refuse options = delete\n")
    assert cli.run("target", "check", str(file), "--quiet").returncode == 2


def test_a_finding_has_its_line_its_remedy_and_its_code(cli: Cli, file: Path) -> None:
    file.write_text(file.read_text() + "host deny = *\n")

    done = cli.run("target", "check", str(file))

    line = len(file.read_text().splitlines())
    assert f"{file}:{line}: error: 'host deny' is no parameter of rsyncd.conf" in done.stdout
    assert "(unknown-parameter)\n    Write 'hosts deny = *'." in done.stdout
    assert "1 error" in done.stdout


def test_findings_as_json_for_scripts(cli: Cli, file: Path) -> None:
    file.write_text(file.read_text() + "timeout = 5\n")

    document = json.loads(cli.run("target", "check", str(file), "--quiet", "--json").stdout)

    [finding] = document["findings"]
    assert (document["file"], finding["file"]) == (str(file), str(file))
    assert (finding["code"], finding["severity"]) == ("short-timeout", "warning")
    assert (finding["module"], finding["line"]) == ("copy", len(file.read_text().splitlines()))
    assert finding["message"]
    assert finding["remedy"]


def test_secrets_that_others_can_read_are_an_error(cli: Cli, file: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").chmod(0o644)

    done = cli.run("target", "check", str(file))

    assert done.returncode == 2
    assert f"chmod 600 {tmp_path}/secrets" in done.stdout


def test_a_clients_password_file_is_checked_where_it_is_named(
    cli: Cli, file: Path, tmp_path: Path
) -> None:
    done = cli.run("target", "check", str(file), "--password-file", str(tmp_path / "secrets"))

    assert done.returncode == 2
    assert "(password-file-with-user)" in done.stdout


def test_a_source_that_would_be_turned_away_is_told_so(cli: Cli, file: Path) -> None:
    done = cli.run("target", "check", str(file), "--for", "rsync://pusher@h:18730/cpy")

    assert done.returncode == 2
    assert "there is no module cpy" in done.stdout
    assert "Mirror to copy" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("/no/such/file",), 2, "/no/such/file cannot be read: No such file or directory"),
        (("--for", "host:/path"), 64, "is no module of an rsync daemon"),
        (("--for", "host"), 64, "--for: host: a local directory"),
    ],
)
def test_what_cannot_be_checked_is_said_without_a_traceback(
    cli: Cli, file: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = cli.run("target", "check", *([] if len(arguments) == 1 else [str(file)]), *arguments)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
