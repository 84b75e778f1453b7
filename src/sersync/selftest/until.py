"""Waiting for something to be so, as everything here does."""

from __future__ import annotations

import time
from collections.abc import Callable

from sersync.selftest.row import Broken

_POLL_S = 0.02


def wait_until(
    stands: Callable[[], bool], what: str | Callable[[], str], *, within_s: float = 30.0
) -> None:
    """Return as soon as *stands*; raise ``Broken`` with *what* when the time is over."""
    deadline_s = time.monotonic() + within_s
    while not stands():
        if time.monotonic() > deadline_s:
            told = what() if callable(what) else what
            raise Broken(f"not within {within_s:.0f} s: {told}")
        time.sleep(_POLL_S)
