"""libfaketime: another wall clock for one process and its children."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PLACES: Final = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/lib64/faketime")
_NAME: Final = "libfaketimeMT.so.1"


def faketime_library() -> Path | None:
    """Return the library to preload, None when it is not installed."""
    for place in _PLACES:
        for found in Path("/").glob(f"{place[1:]}/{_NAME}"):
            return found
    return None


_WAKEFUL: Final = """\
import select
import time

time.sleep = lambda seconds: select.select((), (), (), seconds)
"""
"""libfaketime 0.9.10 refuses clock_nanosleep(2) with an absolute monotonic time, Python's sleep."""


def write_remedy(directory: Path) -> None:
    """Write what lets a Python sleep under libfaketime to *directory*, for its module path."""
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(_WAKEFUL)


def faked_time(library: Path, control: Path) -> dict[str, str]:
    """Return the environment in which the wall clock follows what *control* says.

    *control* holds an offset such as ``+1h`` (faketime(1)) and is read again at each look. The
    monotonic clock and the times of files stay real.
    """
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(control),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
