"""A log file that is renamed, removed and full."""

from __future__ import annotations

import logging
from pathlib import Path

from sersync.daemon.log_file import LogFile


def _say(log: LogFile, text: str) -> None:
    log.handle(logging.LogRecord("sersync", logging.INFO, "", 0, text, (), None))


def test_a_file_that_was_renamed_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "log" / "x.log"
    log = LogFile(str(file))
    _say(log, "one")

    file.rename(tmp_path / "x.log.old")
    _say(log, "two")
    log.close()

    assert (tmp_path / "x.log.old").read_text() == "one\n"
    assert file.read_text() == "two\n"


def test_a_file_that_was_copied_and_cut_goes_on_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    log = LogFile(str(file))
    _say(log, "one")

    file.write_text("")
    _say(log, "two")
    log.close()

    assert file.read_text() == "two\n"


def test_reopening_takes_the_file_that_has_the_name_now(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    log = LogFile(str(file))
    file.unlink()

    log.reopen()

    assert file.exists()
    _say(log, "one")
    log.close()
    assert file.read_text() == "one\n"


def test_it_never_takes_more_than_twice_its_bound(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "x.log"), most_bytes=1000)

    for number in range(500):
        _say(log, f"{number:099}")
    log.close()

    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["x.log", "x.log.1"]
    assert sum(file.stat().st_size for file in files) <= 2100
    assert files[1].read_text().splitlines()[-1] in {f"{number:099}" for number in range(480, 500)}
