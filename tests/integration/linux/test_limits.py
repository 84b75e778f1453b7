"""Limits are raised through files; these are the tests' own, the kernel's are only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sersync.linux.limits import Limit, raise_limit, read_limit


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sersync.linux.limits.DIRECTORY", tmp_path)
    (tmp_path / "max_user_watches").write_text("100\n")
    return tmp_path


def test_the_kernel_has_all_limits() -> None:
    assert all(read_limit(limit) > 0 for limit in Limit)


def test_a_limit_is_raised(directory: Path) -> None:
    raised = raise_limit(Limit.WATCHES, 250)
    assert (raised.before, raised.now, raised.obstacle) == (100, 250, "")
    assert read_limit(Limit.WATCHES) == 250


def test_a_limit_is_never_lowered(directory: Path) -> None:
    raised = raise_limit(Limit.WATCHES, 50)
    assert (raised.before, raised.now) == (100, 100)
    assert read_limit(Limit.WATCHES) == 100


def test_a_limit_that_does_not_exist_is_an_answer_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.linux.limits.DIRECTORY", tmp_path / "nowhere")
    raised = raise_limit(Limit.INSTANCES, 50)
    assert (raised.before, raised.now) == (0, 0)
    assert raised.obstacle == "No such file or directory"


def test_a_kernel_that_takes_the_value_and_keeps_its_own_is_told(directory: Path) -> None:
    (directory / "max_user_watches").unlink()
    (directory / "max_user_watches").symlink_to("/dev/null")
    raised = raise_limit(Limit.WATCHES, 250)
    assert (raised.now, raised.obstacle) == (0, "the kernel keeps 0")
