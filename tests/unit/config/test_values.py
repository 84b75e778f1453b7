"""Durations, sizes, rates and schedules as people write them."""

from __future__ import annotations

import pytest

from sersync.config.values import (
    BadValue,
    Schedule,
    parse_duration,
    parse_max_delete,
    parse_rate,
    parse_schedule,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (0, 0.0),
        (90, 90.0),
        (0.5, 0.5),
        ("90", 90.0),
        ("10ms", 0.01),
        ("1.5s", 1.5),
        ("5min", 300.0),
        ("5 min", 300.0),
        ("5m", 300.0),
        ("2 hours", 7200.0),
        ("1h 30min", 5400.0),
        ("1h30min", 5400.0),
        ("2d", 172800.0),
        ("1w", 604800.0),
    ],
)
def test_durations_are_read_in_every_spelling(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("wrong", "suggestion"),
    [
        ("5 minuts", 'try "5min"'),
        ("3 secs.", "units are"),
        ("", "units are"),
        ("-1s", "units are"),
        ("5 lightyears", "units are"),
        (-1, "negative"),
        (float("inf"), "endless"),
        (True, "seconds"),
        ([1], "seconds"),
    ],
)
def test_what_is_no_duration_is_refused_with_a_suggestion(wrong: object, suggestion: str) -> None:
    with pytest.raises(BadValue) as refusal:
        parse_duration(wrong)

    assert suggestion in refusal.value.suggestion


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (0, 0),
        (1000, 1000),
        ("1000", 1000),
        ("8MiB", 8 << 20),
        ("8M", 8 << 20),
        ("8 mib", 8 << 20),
        ("8MB", 8_000_000),
        ("1.5k", 1536),
        ("2GiB", 2 << 30),
    ],
)
def test_sizes_are_read_in_every_spelling(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("wrong", ["eight", "8 furlongs", -1, 1.5, True, ""])
def test_what_is_no_size_is_refused(wrong: object) -> None:
    with pytest.raises(BadValue, match="is not a size"):
        parse_size(wrong)


@pytest.mark.parametrize(
    ("text", "kib_per_s"),
    [
        (0, 0),
        (10_000, 10_000),
        ("10000", 10_000),
        ("10MiB/s", 10_240),
        ("10m", 10_240),
        ("10 MiB / s", 10_240),
        ("512KiB/s", 512),
        ("100b/s", 1),
        ("0MiB", 0),
    ],
)
def test_rates_are_kib_per_second(text: object, kib_per_s: int) -> None:
    assert parse_rate(text) == kib_per_s


@pytest.mark.parametrize("wrong", ["fast", "10MiB/min", -5, True])
def test_what_is_no_rate_is_refused(wrong: object) -> None:
    with pytest.raises(BadValue, match="is not a transfer rate"):
        parse_rate(wrong)


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("never", Schedule()),
        (0, Schedule()),
        (3600, Schedule(every_s=3600)),
        ("10h", Schedule(every_s=36000)),
        ("1d 12h", Schedule(every_s=129600)),
        ("0 4 * * *", Schedule(cron="0 4 * * *")),
        ("*/15 8-18 * * MON-FRI", Schedule(cron="*/15 8-18 * * MON-FRI")),
    ],
)
def test_schedules_are_intervals_or_cron_expressions(text: object, schedule: Schedule) -> None:
    assert parse_schedule(text) == schedule


@pytest.mark.parametrize("wrong", ["daily", "0 4 * *", "0 25 * * *", "0 0 31 2 *", True, [1]])
def test_what_is_no_schedule_is_refused_with_an_example(wrong: object) -> None:
    with pytest.raises(BadValue) as refusal:
        parse_schedule(wrong)

    assert "0 4 * * *" in refusal.value.suggestion


@pytest.mark.parametrize(("text", "limit"), [(0, 0), (500, 500), ("500", 500), ("off", -1)])
def test_the_limit_of_deletions_is_a_number_or_off(text: object, limit: int) -> None:
    assert parse_max_delete(text) == limit


@pytest.mark.parametrize("wrong", ["none", -1, 1.5, True, ""])
def test_what_is_no_limit_of_deletions_is_refused(wrong: object) -> None:
    with pytest.raises(BadValue, match="limit of deletions"):
        parse_max_delete(wrong)
