"""A log that stays short."""

from __future__ import annotations

import logging

from sersync.daemon.repeats import Repeats
from tests.support.fakes import ManualClock


def record(message: str, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("sersync.worker", level, "", 0, message, ("x",), None)


def test_of_one_kind_twenty_a_minute_are_written_and_the_rest_is_counted() -> None:
    clock = ManualClock()
    repeats = Repeats(clock.monotonic)
    passed = sum(repeats.filter(record("%s failed")) for _ in range(1000))
    assert passed == 20
    assert repeats.filter(record("%s is well"))
    clock.advance(60.0)
    last = record("%s failed")
    assert repeats.filter(last)

    assert last.getMessage() == "x failed (and 980 more like this before)"


def test_what_is_critical_is_always_written() -> None:
    repeats = Repeats(ManualClock().monotonic)
    assert all(repeats.filter(record("%s crashed", logging.CRITICAL)) for _ in range(100))


def test_memory_is_bounded_however_many_kinds_there_are() -> None:
    repeats = Repeats(ManualClock().monotonic)
    for number in range(5000):
        repeats.filter(record(f"{number} %s"))
    assert len(repeats._seen) <= 1000
