"""Alone, an event is read at once; many are let to gather."""

from __future__ import annotations

from sersync.watch.pace import Pace


def test_a_creation_and_a_closing_are_both_read_at_once() -> None:
    pace = Pace(0.01)
    assert pace.pause_s(100.0) == 0.0
    pace.count(32, 100.0)
    assert pace.pause_s(100.0001) == 0.0


def test_a_file_every_five_milliseconds_is_not_busy() -> None:
    pace = Pace(0.01)
    for number in range(1000):
        pace.count(3 * 32, 100.0 + number * 0.005)
    assert pace.pause_s(105.0) == 0.0


def test_thousands_of_events_in_a_second_are_busy() -> None:
    pace = Pace(0.01)
    for number in range(1000):
        pace.count(10 * 32, 100.0 + number * 0.001)
    assert pace.pause_s(101.0) == 0.01


def test_the_largest_burst_is_forgotten_soon() -> None:
    pace = Pace(0.01)
    pace.count(100 << 20, 100.0)
    assert pace.pause_s(100.001) == 0.01
    assert pace.pause_s(100.05) == 0.0


def test_settling_can_be_switched_off() -> None:
    pace = Pace(0.0)
    pace.count(1 << 20, 100.0)
    assert pace.pause_s(100.0) == 0.0
