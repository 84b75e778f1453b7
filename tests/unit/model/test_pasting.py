"""Commands to paste are one line, and a shell reads from it what was meant."""

from __future__ import annotations

import pytest

from sersync.model.pasting import beside, own_command, word


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (b"/srv/www", "/srv/www"),
        (b"/srv/my files", "'/srv/my files'"),
        (b"it's", "'it'\"'\"'s'"),
        (b"caf\xe9", r"$'caf\xe9'"),
        (b"a\nb'\\c", r"$'a\x0ab\x27\x5cc'"),
        (b"", "''"),
    ],
)
def test_a_word_is_quoted_so_that_it_shows(value: bytes, line: str) -> None:
    assert word(value) == line


def test_a_command_names_the_daemon_that_it_is_for() -> None:
    assert (
        own_command("resume", "--source", "my www", state_dir="/var/lib/x y")
        == "sersync resume --source 'my www' --state-dir '/var/lib/x y'"
    )


def test_without_a_daemon_there_is_none_to_name() -> None:
    assert own_command("status", state_dir="") == "sersync status"


def test_a_command_that_is_shown_below_is_not_said_twice() -> None:
    assert beside("If so: run a. Else: b.", "run a", "") == "If so: the command below. Else: b."
