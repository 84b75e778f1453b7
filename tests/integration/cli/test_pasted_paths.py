"""Paths in commands that are shown are one word for a shell, also where they hold a space."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

import pytest

from sersync.cli.legacy import _run
from tests.support.cli import Cli

_ROOM = "the place"
_CONF = f"{_ROOM}/my rsyncd.conf"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Files with spaces in their names, and something wrong with each of them."""
    room = tmp_path / _ROOM
    (room / "my source").mkdir(parents=True)
    _write(room / "is open", "a password\n", 0o644)
    _write(room / "has a user", "pusher:a password\n", 0o600)
    _write(
        room / "my rsyncd.conf",
        f"[gone]\npath = {room}/no such/copy\nread only = no\nauth users = a\n"
        f"secrets file = {room}/no secrets\n"
        f"[open]\npath = {room}\nauth users = a\nsecrets file = {room}/is open\n",
    )
    _write(room / "broken rsyncd.conf", "[copy\n")
    _write(
        room / "my sersync.toml",
        f'[api]\nlisten = "127.0.0.1:0"\ntoken_file = "{room}/no token"\n'
        f'[[source]]\nroot = "{room}/my source"\n'
        '[[source.target]]\nto = "rsync://a@127.0.0.1/m"\n'
        f'password_file = "{room}/is open"\n',
    )
    _write(room / "my confxml.xml", "<head><localpath/></head>\n")
    _write(room / "etc" / "systemd" / "system" / "sersync-target.service", "[Unit]\n")
    return room


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def _words_after(command: str, said: str) -> list[list[str]]:
    """Return the words that a shell reads in each line of *said* from *command* on."""
    found = []
    for line in said.splitlines():
        _, is_there, rest = line.partition(command)
        if is_there:
            lexer = shlex.shlex(rest.partition("    #")[0], posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            found.append(list(lexer))
    return found


_DEST = "rsync://pusher@127.0.0.1/copy"


@pytest.mark.parametrize(
    ("arguments", "command", "path"),
    [
        (f"mirror|{_ROOM}/my source|{{}}/no dir/x y", "mkdir -p", "no dir"),
        (f"mirror|{_ROOM}/my source|{_DEST}|--password-file|{_ROOM}/is open", "chmod 600",
         "is open"),
        (f"mirror|{_ROOM}/my source|{_DEST}|--once|--password-file|{_ROOM}/has a user",
         "sed -i '1s/^[^:]*://'", "has a user"),
        (f"check|-c|{_ROOM}/my sersync.toml", "openssl rand -base64 33 >", "no token"),
        (f"check|-c|{_ROOM}/my sersync.toml", "chmod 600", "is open"),
        ("doctor|--target|{}/no such/copy", "mkdir -p", "no such"),
        (f"target|check|{_CONF}", "mkdir -p", "no such/copy"),
        (f"target|check|{_CONF}", "install -m 600 /dev/null", "no secrets"),
        (f"target|check|{_CONF}", "chmod 600", "is open"),
        (f"target|check|{_CONF}|--password-file|{{}}/none at all", "ls -l", "none at all"),
        (f"target|check|{_CONF}|--password-file|{{}}/has a user", "sed -i '1s/^[^:]*://'",
         "has a user"),
        ("target|serve|--module|m|--path|{}/no such", "mkdir -p", "no such"),
        (f"target|init|--module|m|--path|{{}}/no such|--user|u|--allow|::1|-c|{_CONF}",
         "mkdir -p", "no such"),
        (f"target|init|--module|m|--path|{{}}/no such|--user|u|--allow|::1|-c|{_CONF}",
         "sersync target serve -c", "my rsyncd.conf"),
        (f"target|init|--module|m|--path|{{}}|--user|u|--allow|::1|-c|{_ROOM}/broken rsyncd.conf",
         "sersync target check", "broken rsyncd.conf"),
        (f"service|install|--target|--root|{{}}|-c|{_CONF}", "mv",
         "etc/systemd/system/sersync-target.service"),
    ],
)  # fmt: skip
def test_a_path_with_a_space_is_one_word_of_the_command(
    cli: Cli, room: Path, arguments: str, command: str, path: str
) -> None:
    words = arguments.replace("{}", os.fspath(room)).split("|")

    done = cli.run(*words, COLUMNS="1000")

    _is_one_word(room / path, command, done.stdout + done.stderr)


def _is_one_word(path: Path, command: str, said: str) -> None:
    found = _words_after(f"{command} ", said)
    assert found, f"{command} is not shown:\n{said}"
    assert any(os.fspath(path) in each for each in found), found


@pytest.mark.parametrize(("option", "command"), [("-o", "sersync check -c"), ("", "sersync2 -o")])
def test_so_it_is_with_what_sersync2_says(
    room: Path, option: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = room / "my confxml.xml"

    assert _run([*filter(None, [option]), os.fspath(file)]) != 0

    _is_one_word(file, command, capsys.readouterr().err)


def test_the_command_that_takes_the_user_out_of_a_password_file_does_so(
    cli: Cli, room: Path
) -> None:
    """The user's name is free of what sed would take for something else."""
    file = room / "has a user"
    _write(file, "it's/me:a:password\n", 0o600)
    said = cli.run("target", "check", _CONF, "--password-file", os.fspath(file)).stdout
    [command] = [line.strip() for line in said.splitlines() if line.strip().startswith("sed ")]

    assert os.system(command) == 0
    assert file.read_text() == "a:password\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
