"""inotify's records, taken apart."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sersync.linux.inotify import (
    IN_CREATE,
    IN_MOVE_SELF,
    IN_Q_OVERFLOW,
    add_watch,
    decode,
    open_queue,
)
from tests.support.records import encode

names = st.binary(max_size=255).filter(lambda name: b"\0" not in name and b"/" not in name)
events = st.tuples(st.integers(-1, 2**31 - 1), st.integers(0, 2**32 - 1), names)


def test_a_record_is_read_as_the_manual_lays_it_out() -> None:
    record = struct.pack("=iIII16s", 7, IN_CREATE, 99, 16, b"a name")
    assert list(decode(record)) == [(7, IN_CREATE, 99, b"a name")]


def test_an_overflow_has_no_watch_and_no_name() -> None:
    assert list(decode(struct.pack("=iIII", -1, IN_Q_OVERFLOW, 0, 0))) == [
        (-1, IN_Q_OVERFLOW, 0, b"")
    ]


@given(st.lists(events))
def test_what_was_encoded_is_decoded_in_order(given_events: list[tuple[int, int, bytes]]) -> None:
    expected = [(wd, mask, 0, name) for wd, mask, name in given_events]
    assert list(decode(b"".join(encode(*event) for event in given_events))) == expected


def test_a_second_watch_of_a_directory_takes_nothing_from_the_first(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    directory.mkdir()
    queue = open_queue()
    try:
        first = add_watch(queue, os.fsencode(directory), IN_MOVE_SELF)
        second = add_watch(queue, os.fsencode(directory), IN_CREATE)
        assert first == second
        (directory / "f").touch()
        directory.rename(tmp_path / "e")
        events = list(decode(os.read(queue, 4096)))
        assert [(mask, name) for _, mask, _, name in events] == [
            (IN_CREATE, b"f"),
            (IN_MOVE_SELF, b""),
        ]
    finally:
        os.close(queue)
