"""Where a path is looked for that somebody typed."""

from __future__ import annotations

import os

import pytest

from sersync.cli.place import _candidates


def test_an_absolute_path_is_what_it_is() -> None:
    assert list(_candidates("/srv/www/a")) == ["/srv/www/a"]


def test_without_a_working_directory_a_path_is_as_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone() -> str:
        raise FileNotFoundError("the working directory was deleted")

    monkeypatch.setattr(os, "getcwd", gone)

    assert list(_candidates("a")) == ["a"]
