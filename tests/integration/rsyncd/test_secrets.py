from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sersync.errors import UsageError
from sersync.rsyncd.secrets import generate_password, write_password, write_secrets


def test_only_the_owner_can_read_what_is_written(tmp_path: Path) -> None:
    write_secrets(tmp_path / "secrets", {"alice": "one", "bob": "two"})
    write_password(tmp_path / "password", "one")

    assert (tmp_path / "secrets").read_text() == "alice:one\nbob:two\n"
    assert (tmp_path / "password").read_text() == "one\n"
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_open_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("old")
    (tmp_path / "password").chmod(0o644)

    write_password(tmp_path / "password", "new")

    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["password"]


@pytest.mark.parametrize("user", ["", "a:b", "#a", "@group", "a\nb"])
def test_a_user_that_the_file_cannot_hold_is_refused(tmp_path: Path, user: str) -> None:
    with pytest.raises(UsageError):
        write_secrets(tmp_path / "secrets", {user: "word"})

    assert not list(tmp_path.iterdir())


def test_no_two_passwords_are_the_same() -> None:
    assert len({generate_password() for _ in range(100)}) == 100
