"""What expires in a target's trash, and what never does."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from unittest import mock

from sersync.model.target import LocalDirectory, Target
from sersync.transfer.launch import Launcher
from sersync.transfer.trash import Trash, expiry_command, kept_days

TARGET = Target(name="copy", endpoint=LocalDirectory(path=b"/copy"), trash_s=86_400.0)


def test_days_that_may_hold_what_is_young_enough_are_kept() -> None:
    days = kept_days(date(2026, 3, 1), keep_s=2 * 86_400.0)

    assert days == [b"2026-03-02", b"2026-03-01", b"2026-02-28", b"2026-02-27", b"2026-02-26"]


def test_only_names_of_days_are_deleted() -> None:
    argv = expiry_command(TARGET, [b"2026-03-01"], b"/tmp/empty", rsh="")
    filters = [option for option in argv if option.startswith(b"--filter=")]

    assert filters == [
        b"--filter=- /.sersync-trash/2026-03-01",
        b"--filter=+ /.sersync-trash/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]",
        b"--filter=- /.sersync-trash/*",
    ]


def test_a_clock_that_was_set_anew_expires_nothing(tmp_path: Path) -> None:
    wall = [1_700_000_000.0]
    scratch = Launcher(TARGET, b"/srv", rsh="", scratch=str(tmp_path)).scratch
    launcher = mock.Mock(target=TARGET, scratch=scratch)
    trash = Trash(launcher, mock.Mock(), wall=lambda: wall[0])
    trash.tend(1000.0)
    assert launcher.expiry.call_count == 1
    trash.stop()
    wall[0] += 400 * 86_400.0
    trash.tend(2000.0)

    assert launcher.expiry.call_count == 1
