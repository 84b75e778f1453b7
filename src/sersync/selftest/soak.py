"""Many changes for a long time, to a target that comes and goes: nothing lost, nothing hoarded."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from sersync.selftest.instance import pause_for
from sersync.selftest.row import Broken, Row
from sersync.selftest.trial import Trial
from sersync.selftest.writer import Writer

_CHANGES_PER_S: Final = 300.0
_CYCLE_S: Final = 60.0
_DOWN_S: Final = 20.0
_LOOK_EVERY_S: Final = 2.0
_WARM_UP: Final = 0.3
"""The part of the time in which memory may still grow."""
_MOST_GROWTH: Final = 0.05
_MOST_MORE_DESCRIPTORS: Final = 8
"""More than that is no run that happens to be under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What the daemon used at one moment."""

    at_s: float
    resident_bytes: int
    descriptors: int


def soak_row(minutes: float) -> Row:
    """Return a row that lasts so long."""
    return Row(
        name="soak",
        promise=f"{_CHANGES_PER_S:.0f} changes a second for {minutes:g} min, a target that flaps:"
        " nothing is lost, and memory and descriptors stay flat",
        play=partial(_play, seconds=minutes * 60.0),
    )


def _play(trial: Trial, *, seconds: float) -> None:
    flapping = trial.serve("flapping")
    trial.serve("steady")
    trial.begin()
    uses: list[Use] = []
    began_s = time.monotonic()
    with Writer(trial.source, per_s=_CHANGES_PER_S, most=10**9).at_work() as writer:
        is_up = True
        while (now_s := time.monotonic() - began_s) < seconds:
            shall_be_up = now_s % _CYCLE_S < _CYCLE_S - _DOWN_S
            if is_up and not shall_be_up:
                flapping.down()
            elif shall_be_up and not is_up:
                flapping.up()
            is_up = shall_be_up
            uses.append(_use(trial.instance.pid, now_s))
            pause_for(_LOOK_EVERY_S)
        rate = writer.written / (time.monotonic() - began_s)
    if not is_up:
        flapping.up()
    trial.notes.append(f"{writer.written} changes, {rate:.0f} a second")
    trial.converge()
    _judge(trial, uses)


def _judge(trial: Trial, uses: list[Use]) -> None:
    """Compare the time after the warm-up, first half and second half, at their highest."""
    first = int(len(uses) * _WARM_UP)
    middle = first + (len(uses) - first) // 2
    if middle <= first:
        trial.notes.append("too short to judge memory")
        return
    before, after = uses[first:middle], uses[middle:]
    memory = [max(use.resident_bytes for use in each) for each in (before, after)]
    descriptors = [max(use.descriptors for use in each) for each in (before, after)]
    growth = memory[1] / memory[0] - 1.0
    trial.notes += [
        (
            f"resident memory {memory[0] / 2**20:.1f} MiB, then {memory[1] / 2**20:.1f} MiB"
            f" ({growth:+.1%}); at the start {uses[0].resident_bytes / 2**20:.1f} MiB"
        ),
        f"descriptors {descriptors[0]}, then {descriptors[1]}",
    ]
    if growth > _MOST_GROWTH:
        raise Broken(f"memory grew by {growth:.1%} after the warm-up")
    if descriptors[1] > descriptors[0] + _MOST_MORE_DESCRIPTORS:
        raise Broken(f"open descriptors grew from {descriptors[0]} to {descriptors[1]}")


def _use(pid: int, at_s: float) -> Use:
    """Return what *pid* uses now (proc(5))."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Use(
        at_s=at_s,
        resident_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
    )
