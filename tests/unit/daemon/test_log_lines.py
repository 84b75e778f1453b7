"""What stands in the log, whatever a message holds."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

import pytest

from sersync.daemon.log_lines import JournalLines, JsonLines, TextLines, formatter

_FORGED = "a\n2026-01-01 00:00:00 INFO web1: recovered\r\x1b[2J\x9b1m"


def record(
    message: str, *args: object, level: int = logging.WARNING, failed: bool = False
) -> logging.LogRecord:
    exc_info = None
    if failed:
        try:
            raise ValueError("in two\nlines")
        except ValueError:
            exc_info = sys.exc_info()
    return logging.LogRecord("sersync.worker", level, "f.py", 1, message, args, exc_info)


@pytest.mark.parametrize("failed", [False, True])
def test_no_message_begins_a_line_that_is_not_its_own(failed: bool) -> None:
    first, *more = TextLines().format(record("%s: it failed", _FORGED, failed=failed)).split("\n")

    assert first.endswith("WARNING a")
    assert more
    assert all(line.startswith("    ") for line in more)
    assert not {"\r", "\x1b", "\x9b"} & {*first, *"".join(more)}
    assert "\\x1b[2J" in more[0]


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        (logging.DEBUG, 7),
        (logging.INFO, 6),
        (logging.WARNING, 4),
        (logging.ERROR, 3),
        (logging.CRITICAL, 2),
    ],
)
def test_each_line_for_the_journal_has_its_priority(level: int, priority: int) -> None:
    lines = JournalLines().format(record("web1: %s", _FORGED, level=level)).split("\n")

    assert lines[0] == f"<{priority}>web1: a"
    assert all(line.startswith(f"<{priority}>    ") for line in lines[1:])


def test_a_message_is_one_line_of_json_with_the_kind_that_it_is_of() -> None:
    line = JsonLines().format(record("%s: next attempt in %d s", "odd\udcff\n", 3, failed=True))
    document = json.loads(line)

    assert "\n" not in line
    assert line.isascii()
    assert document["message"] == "odd\udcff\n: next attempt in 3 s"
    assert document["kind"] == "%s: next attempt in %d s"
    assert (document["level"], document["logger"]) == ("warning", "sersync.worker")
    assert document["time"].endswith("Z")
    assert "ValueError: in two" in document["exception"]


def test_priorities_are_only_for_the_journal(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        seen = os.fstat(stream.fileno())
        ours = {"JOURNAL_STREAM": f"{seen.st_dev}:{seen.st_ino}"}
        assert isinstance(formatter("text", stream, ours), JournalLines)
        assert isinstance(formatter("json", stream, ours), JsonLines)
        assert isinstance(formatter("text", stream, {"JOURNAL_STREAM": "1:2"}), TextLines)
        assert isinstance(formatter("text", stream, {}), TextLines)
        assert isinstance(formatter("text", None, ours), TextLines)
