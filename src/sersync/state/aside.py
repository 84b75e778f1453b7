"""A state file that cannot be used is kept under a dated name, for people to look at."""

from __future__ import annotations

import contextlib
import glob
import os
from datetime import UTC, datetime
from typing import Final

_MARK: Final = ".set-aside-"
_COMPANIONS: Final = ("-wal", "-shm")
"""Files that belong to an SQLite database (sqlite.org/tempfiles.html)."""
_MOST_KEPT: Final = 3


def set_aside(file: str, wall_s: float) -> str:
    """Give *file* and what belongs to it a dated name; return that. Raises ``OSError``.

    Only the newest few are kept: a file that is refused at every start must not fill the disk.
    """
    date = datetime.fromtimestamp(wall_s, UTC).strftime("%Y%m%d-%H%M%S")
    name = f"{file}{_MARK}{date}"
    number = 1
    while os.path.lexists(name):
        number += 1
        name = f"{file}{_MARK}{date}-{number}"
    os.rename(file, name)
    for companion in _COMPANIONS:
        with contextlib.suppress(FileNotFoundError):
            os.rename(file + companion, name + companion)
    kept = [each for each in glob.glob(glob.escape(file + _MARK) + "*") if _is_whole(each)]
    for old in sorted(kept, key=os.path.getmtime)[:-_MOST_KEPT]:
        for companion in ("", *_COMPANIONS):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(old + companion)
    return name


def _is_whole(name: str) -> bool:
    return not name.endswith(_COMPANIONS)
