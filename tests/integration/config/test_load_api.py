"""The table [api]: who may ask, and what would let in anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from sersync.config.file import load
from sersync.errors import ConfigError


def _with_api(tmp_path: Path, **settings: str) -> Path:
    (tmp_path / "source").mkdir()
    table = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    file = tmp_path / "sersync.toml"
    file.write_text(
        f'[[source]]\nroot = "{tmp_path}/source"\n[[source.target]]\nto = "{tmp_path}/copy"\n'
        f"[api]\n{table}"
    )
    return file


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("8377", "127.0.0.1:8377"),
        (":8377", "127.0.0.1:8377"),
        ("localhost:8377", "127.0.0.1:8377"),
        ("[::1]:8377", "[::1]:8377"),
    ],
)
def test_the_page_is_for_this_host_unless_an_address_is_given(
    tmp_path: Path, listen: str, address: str
) -> None:
    loaded = load(str(_with_api(tmp_path, listen=listen)))

    assert loaded.settings.api.address == address
    assert loaded.settings.api.is_loopback


@pytest.mark.parametrize(
    ("listen", "said"),
    [
        ("127.0.0.1", "names no port"),
        ("127.0.0.1:99999", "names no port"),
        ("::1:8377", "needs brackets"),
        ("backup.example:8377", "is no address of this host"),
        ("0.0.0.0:8377", "can be reached by other hosts, and nothing keeps them out"),
    ],
)
def test_an_address_that_cannot_be_or_that_anybody_could_use_is_a_mistake(
    tmp_path: Path, listen: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(str(_with_api(tmp_path, listen=listen)))

    [mistake] = caught.value.mistakes
    assert said in mistake.message
    assert mistake.place.endswith("sersync.toml:6: api: listen")


def test_a_token_is_read_from_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("a secret that is long enough\n")
    secret.chmod(0o600)
    file = _with_api(tmp_path, listen="0.0.0.0:8377", token_file=str(secret))
    settings = load(str(file)).settings.api
    assert settings.token == "a secret that is long enough"
    assert settings.token not in repr(settings)
    secret.chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        load(str(file))

    assert "can be read by others" in caught.value.mistakes[0].message


def test_a_short_token_is_a_mistake(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("12345\n")
    secret.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        load(str(_with_api(tmp_path, listen="8377", token_file=str(secret))))

    assert "shorter than 16 characters" in caught.value.mistakes[0].message
    assert "12345" not in str(caught.value.mistakes)
