"""The kernel's limits, put back when the last session of tests on this machine ends.

Daemons that run as root raise them, as they do for users. Sessions may overlap, and one may be
killed: the file below holds what was found first, and a lock on it says that a session is on.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Final

import pytest

from sersync.linux.limits import DIRECTORY, Limit

_FOUND: Final = Path("/run/sersync-tests.json")
_HELD: Final = pytest.StashKey[int]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Write down what is set, unless another session has."""
    if os.geteuid() != 0 or hasattr(session.config, "workerinput"):
        return
    file = os.open(_FOUND, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(file, fcntl.LOCK_SH)
    if os.fstat(file).st_size == 0:
        os.pwrite(file, json.dumps({limit.value: _read(limit) for limit in Limit}).encode(), 0)
    session.config.stash[_HELD] = file


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Put back what is no longer so, unless another session is still on."""
    if _HELD not in session.config.stash:
        return
    with open(session.config.stash[_HELD], "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        found = json.load(file)
        for limit in Limit:
            if _read(limit) != found[limit.value]:
                (DIRECTORY / limit.value).write_text(found[limit.value])
        file.truncate(0)


def _read(limit: Limit) -> str:
    return (DIRECTORY / limit.value).read_text().strip()
