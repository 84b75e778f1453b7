"""Trees compared, and things waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sersync.selftest.snapshot import Entry, differences, snapshot

__all__ = ["Entry", "assert_same_trees", "differences", "snapshot", "trees_are_same", "wait_until"]

_MOST_LINES_SHOWN = 30


def assert_same_trees(
    expected: bytes | Path,
    actual: bytes | Path,
    *,
    ignore_root: bool = False,
    owner: bool = True,
    devices: bool = True,
    times: bool = True,
    hard_links: bool = False,
    exclude: Callable[[bytes], bool] = lambda _: False,
) -> None:
    """Fail with the list of differing paths unless both trees are the same."""
    one, other = (
        snapshot(
            root, owner=owner, devices=devices, times=times, hard_links=hard_links, exclude=exclude
        )
        for root in (expected, actual)
    )
    lines = differences(one, other, ignore_root=ignore_root)
    if lines:
        shown = "\n  ".join(lines[:_MOST_LINES_SHOWN])
        more = f"\n  and {len(lines) - _MOST_LINES_SHOWN} more" * (len(lines) > _MOST_LINES_SHOWN)
        raise AssertionError(f"{len(lines)} of {len(one)} paths differ:\n  {shown}{more}")


def trees_are_same(
    expected: bytes | Path,
    actual: bytes | Path,
    *,
    ignore_root: bool = False,
    owner: bool = True,
    devices: bool = True,
) -> bool:
    """Tell whether both trees are the same now; one that is changing meanwhile is not."""
    try:
        return not differences(
            snapshot(expected, owner=owner, devices=devices),
            snapshot(actual, owner=owner, devices=devices),
            ignore_root=ignore_root,
        )
    except FileNotFoundError:
        return False


def wait_until(
    condition: Callable[[], bool],
    timeout_s: float = 10.0,
    message: str | Callable[[], str] = "",
    *,
    poll_s: float = 0.005,
) -> None:
    """Return as soon as *condition* holds; fail with *message* when it does not in time."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            text = message() if callable(message) else message
            raise AssertionError(f"not within {timeout_s:g} s: {text or condition}")
        time.sleep(poll_s)
