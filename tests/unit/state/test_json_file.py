"""Small files of the state directory: any byte, whole or not at all, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sersync.state.json_file import JsonFile


def small_file(path: Path) -> JsonFile:
    return JsonFile(os.fspath(path), unread="so it begins anew", unwritten="so it is forgotten")


NOTHING: list[str] = []


def words(document: Any) -> list[str]:
    return [str(each) for each in document["words"]]


def test_what_was_stored_comes_back_byte_by_byte(tmp_path: Path) -> None:
    path = os.fsdecode(b"\xff\n caf\xc3\xa9")
    assert small_file(tmp_path / "f.json").save({"words": [path]})

    assert small_file(tmp_path / "f.json").load(words, NOTHING) == [path]
    assert [each.name for each in tmp_path.iterdir()] == ["f.json"]


def test_nothing_stored_is_nothing_to_tell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = small_file(tmp_path / "f.json")

    assert file.load(words, ["none"]) == ["none"]
    assert not file.exists
    assert caplog.messages == []


@pytest.mark.parametrize("stored", ["", "{", "[]", "3", "null", '{"others": 1}', '{"words": 1}'])
def test_a_file_that_is_not_ours_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stored: str
) -> None:
    (tmp_path / "f.json").write_text(stored)

    assert small_file(tmp_path / "f.json").load(words, ["none"]) == ["none"]

    [message] = caplog.messages
    assert message.startswith(f"{tmp_path}/f.json cannot be read, so it begins anew: ")


def test_what_cannot_be_written_is_told_once_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = small_file(tmp_path / "gone" / "f.json")
    assert not file.save({"words": []})
    assert not file.save({"words": []})
    assert caplog.messages == [
        f"{tmp_path}/gone/f.json cannot be written, so it is forgotten: No such file or directory"
    ]

    (tmp_path / "gone").mkdir()
    assert file.save({"words": ["a"]})
    (tmp_path / "gone").rename(tmp_path / "moved")
    assert not file.save({"words": ["b"]})

    assert len(caplog.messages) == 2
    assert small_file(tmp_path / "moved" / "f.json").load(words, NOTHING) == ["a"]
