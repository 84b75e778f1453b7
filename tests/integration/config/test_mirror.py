"""A command line becomes settings; what cannot be meant is refused, all of it at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sersync.config.mirror import MirrorRequest, mirror_settings
from sersync.errors import SourceError, UsageError
from sersync.model.filters import Filter, Rule
from sersync.model.target import LocalDirectory, RemoteShell, RsyncModule, Settings


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a source in it."""
    (tmp_path / "www").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _settings(*targets: str, environ: dict[str, str] | None = None, **options: Any) -> Settings:
    request = MirrorRequest(source="www", targets=targets, **options)
    return mirror_settings(request, environ or {}).settings


def test_relative_paths_are_meant_from_the_working_directory(here: Path) -> None:
    (source,) = _settings("copy", "./x:y", state_dir="state").sources

    assert source.name == "www"
    assert source.root == os.fsencode(here / "www")
    assert [target.endpoint for target in source.targets] == [
        LocalDirectory(path=os.fsencode(here / "copy")),
        LocalDirectory(path=os.fsencode(here / "x:y")),
    ]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("target", ["host:/p", "u@host:/p", "host::m", "[::1]:/p", "u@[::1]::m"])
def test_a_colon_before_any_slash_means_another_host(target: str) -> None:
    endpoint = _settings(target).sources[0].targets[0].endpoint

    assert isinstance(endpoint, RsyncModule | RemoteShell)


def test_options_go_to_the_targets_that_they_fit(here: Path) -> None:
    (here / "key").touch()
    module, shell = _settings("h::m", "u@g:/p", port=2222, identity="key").sources[0].targets

    assert module.endpoint == RsyncModule(host="h", module="m", port=2222)
    assert shell.endpoint == RemoteShell(
        host="g", path="/p", user="u", port=2222, identity=str(here / "key")
    )


def test_every_option_reaches_the_settings(here: Path) -> None:
    (here / "secret").touch(0o600)
    settings = _settings(
        "h::m",
        name="site",
        exclude=("*.tmp",),
        rsync_options=("--compress",),
        delete=False,
        max_delete="off",
        bandwidth="10MiB/s",
        password_file="secret",
        state_dir="state",
    )

    (source,) = settings.sources
    (target,) = source.targets
    assert settings.state_dir == str(here / "state")
    assert source.name == "site"
    assert source.filters == Filter((Rule(False, b"*.tmp"),))
    assert target.options.passed == ("--archive", "--compress")
    assert (target.delete, target.max_delete, target.bandwidth_kib_s) == (False, -1, 10240)
    assert target.password_file == str(here / "secret")


@pytest.mark.usefixtures("here")
def test_the_password_may_come_from_the_environment() -> None:
    environ = {"RSYNC_PASSWORD": "s3cret"}

    assert _settings("h::m", environ=environ).sources[0].targets[0].password == "s3cret"


@pytest.mark.usefixtures("here")
def test_the_same_source_and_targets_have_the_same_state_directory() -> None:
    assert _settings("h::m").state_dir == _settings("h::m", delete=False).state_dir
    assert _settings("h::m").state_dir != _settings("h::n").state_dir


@pytest.mark.usefixtures("here")
def test_a_missing_source_is_a_source_error() -> None:
    with pytest.raises(SourceError, match="none does not exist"):
        mirror_settings(MirrorRequest(source="none", targets=("h::m",)), {})


@pytest.mark.usefixtures("here")
def test_the_same_target_twice_is_one_mistake() -> None:
    with pytest.raises(UsageError) as refusal:
        _settings("h::m", "rsync://h/m")

    assert len(refusal.value.message.splitlines()) == 1


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("slip", ["user@host", "~/copy", "[::1]", " host::m", "http://host/m"])
def test_what_looks_like_a_slip_is_not_taken_for_a_directory(slip: str) -> None:
    with pytest.raises(UsageError, match=r"^DEST: "):
        _settings(slip)


def test_a_directory_of_any_name_can_be_spelled(here: Path) -> None:
    targets = _settings("./user@host", "./~", "./[x]").sources[0].targets

    assert [target.endpoint for target in targets] == [
        LocalDirectory(path=os.fsencode(here / name)) for name in ("user@host", "~", "[x]")
    ]


def test_the_page_can_be_asked_for(here: Path) -> None:
    token = "a-token-of-more-than-sixteen-characters"
    (here / "token").write_text(f"{token}\n")
    (here / "token").chmod(0o600)
    api = _settings("copy", listen="8377", token_file="token").api

    assert (api.address, api.token) == ("127.0.0.1:8377", token)
    assert _settings("copy").api.host == ""


@pytest.mark.usefixtures("here")
def test_a_page_for_everybody_is_refused_with_the_option_that_is_wrong() -> None:
    with pytest.raises(UsageError, match=r"--listen: 0\.0\.0\.0:8377 can be reached by other"):
        _settings("copy", listen="0.0.0.0:8377")
