"""``-n``: how many transfers write to one target at the same time, as the target sees it."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest

from sersync.linux.inotify import (
    IN_CREATE,
    IN_DELETE,
    IN_MOVED_FROM,
    add_watch,
    decode,
    open_queue,
)
from tests.integration.legacy.conftest import Legacy
from tests.support.trees import wait_until

_SMALL, _LARGE = 2 << 20, 12 << 20
_QUEUE_BYTES = 1 << 16


class Writers:
    """Counts who writes into *directory*: each receiver has one temporary file at a time.

    The kernel tells in order of what is made, renamed and given up, so that no moment is missed.
    """

    def __init__(self, directory: Path) -> None:
        self._queue = open_queue()
        add_watch(self._queue, os.fsencode(directory), IN_CREATE | IN_MOVED_FROM | IN_DELETE)
        self._open: set[bytes] = set()
        self.most = 0

    def look(self) -> int:
        """Read what happened; return the most that ever wrote at the same time."""
        try:
            records = os.read(self._queue, _QUEUE_BYTES)
        except BlockingIOError:
            return self.most
        for _, mask, _, name in decode(records):
            if mask & (IN_MOVED_FROM | IN_DELETE):
                self._open.discard(name)
            elif name.startswith(b"."):
                self._open.add(name)
                self.most = max(self.most, len(self._open))
        return self.look()

    def close(self) -> None:
        os.close(self._queue)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_so_many_write_at_the_same_time_and_no_more(legacy: Legacy, most: int) -> None:
    legacy.start("-n", str(most))
    writers = Writers(legacy.copy)
    deadline, turn = time.monotonic() + 60, 0
    # The last turns show that it stays so.
    while (seen := writers.look()) < most or turn < 5:
        is_late = seen < most and time.monotonic() > deadline
        assert not is_late, f"at most {seen} wrote at the same time"
        turn += 1
        for number in range(12):
            size = turn + (_LARGE if number % 6 == 0 else _SMALL)
            (legacy.source / f"{number}").write_bytes(os.urandom(size))
        wait_until(lambda: sizes(legacy.copy) == sizes(legacy.source), 40)
    writers.close()

    assert writers.most == most


def sizes(directory: Path) -> dict[str, int]:
    found = {}
    for entry in os.scandir(directory):
        with contextlib.suppress(FileNotFoundError):
            found[entry.name] = entry.stat().st_size
    found.pop("kept", None)
    return found
