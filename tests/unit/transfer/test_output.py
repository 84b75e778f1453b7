"""What rsync writes for programs is read back exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sersync.model.batch import Stats
from sersync.transfer.output import parse_items, parse_progress, parse_stats, unescape

TOKEN = b"4f3a "


def escape(name: bytes) -> bytes:
    """Escape as rsync does with ``--8-bit-output``."""
    out = bytearray()
    for place, byte in enumerate(name):
        digits = name[place + 2 : place + 5]
        is_like_an_escape = (
            name[place : place + 2] == b"\\#" and len(digits) == 3 and digits.isdigit()
        )
        if is_like_an_escape or (byte < 32 and byte != 9):
            out += b"\\#%03o" % byte
        else:
            out.append(byte)
    return bytes(out)


@given(st.binary())
def test_unescaping_gives_back_the_name(name: bytes) -> None:
    assert unescape(escape(name)) == name


@given(st.text(alphabet="\\#0127\n", max_size=12))
def test_names_that_look_like_escapes_come_back_too(text: str) -> None:
    name = text.encode()
    assert unescape(escape(name)) == name


def test_items_are_told_from_messages_by_the_token() -> None:
    stdout = (
        b"created directory a\n"
        b"4f3a <f+++++++++ d/new\n"
        b"cannot delete non-empty directory: d\n"
        b"4f3a *deleting   d/old\n"
        b"4f3a *deleting   d/gone/\n"
        b"4f3a .d..t...... ./\n"
        b"4f3a cd+++++++++ with  spaces /\n"
        b"4f3a <f.st...... new\\#012line\n"
        b"4f3a cLc.t...... -> odd\n"
    )
    items = parse_items(stdout, TOKEN)
    assert [(item.path, item.deleted) for item in items] == [
        (b"d/new", False),
        (b"d/old", True),
        (b"d/gone", True),
        (b"", False),
        (b"with  spaces ", False),
        (b"new\nline", False),
        (b"-> odd", False),
    ]
    assert [item.flags for item in items][:2] == ["<f+++++++++", "*deleting"]


def test_a_line_that_was_cut_off_is_no_item() -> None:
    assert parse_items(b"4f3a <f+++++++++ ", TOKEN) == []
    assert parse_items(b"4f3a <f++", TOKEN) == []


NEW = """
Number of files: 12,345 (reg: 10,000, dir: 2,345)
Number of created files: 3 (reg: 3)
Number of deleted files: 1,234 (reg: 1,000, dir: 234)
Number of regular files transferred: 2,001
Total file size: 1,000,000 bytes
Total transferred file size: 5,000 bytes
File list size: 0
Total bytes sent: 1,234,567
Total bytes received: 99
"""


@pytest.mark.parametrize("separator", [",", ".", "'", ""])
def test_statistics_are_read_in_every_locale(separator: str) -> None:
    text = NEW.replace(",", separator).encode()
    assert parse_stats(text) == Stats(files=2001, sent_bytes=1_234_567, deleted=1234)


def test_statistics_of_rsync_3_0_count_no_deletions() -> None:
    text = b"Number of files: 3\nNumber of files transferred: 2\nTotal bytes sent: 170\n"
    assert parse_stats(text) == Stats(files=2, sent_bytes=170, deleted=0)


def test_statistics_for_people_are_read_roughly() -> None:
    assert parse_stats(b"Total bytes sent: 1.23M\n").sent_bytes == 1_230_000


def test_without_statistics_everything_is_zero() -> None:
    assert parse_stats(b"rsync error: something\n") == Stats()


def test_the_last_progress_of_a_piece_counts() -> None:
    chunk = (
        b"\r         32,768   0%    0.00kB/s    0:00:00  "
        b"\r     41,943,040  95%   20.11MB/s    0:00:00  "
    )
    assert parse_progress(chunk) == 41_943_040
    assert parse_progress(chunk[:60]) == 32_768
    assert parse_progress(b"\r  1.5M  10%   2MB/s") == 1_500_000


def test_a_piece_without_progress_tells_nothing() -> None:
    assert parse_progress(b"") is None
    assert parse_progress(b"sending incremental file list\n100% done by hand\n") is None
