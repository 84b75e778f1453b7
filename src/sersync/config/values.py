"""Durations, sizes, rates and schedules as people write them. Pure.

Numbers are taken as seconds, bytes, or KiB per second; strings carry a unit: ``"5min"``,
``"8MiB"``, ``"10MiB/s"``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cronsim import CronSim, CronSimError

from sersync.model.address import without_password

_SECONDS_IN: Final = {
    "ms": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "days": 86400.0,
    "w": 604800.0,
    "week": 604800.0,
    "weeks": 604800.0,
}
_BYTES_IN: Final = {
    "b": 1,
    "k": 1 << 10,
    "kib": 1 << 10,
    "kb": 1000,
    "m": 1 << 20,
    "mib": 1 << 20,
    "mb": 1000**2,
    "g": 1 << 30,
    "gib": 1 << 30,
    "gb": 1000**3,
    "t": 1 << 40,
    "tib": 1 << 40,
    "tb": 1000**4,
}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_SEVERAL = re.compile(r"(?:\s*\d+(?:\.\d+)?\s*[A-Za-z]+)+\s*")
_ANY_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)


class BadValue(ValueError):
    """A value that cannot be read, with a spelling that could be."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a full pass is due: every so many seconds, or by a cron expression; or never."""

    every_s: float = 0.0
    cron: str = ""


def parse_duration(value: object) -> float:
    """Return seconds for ``90``, ``"90s"``, ``"1.5min"`` or ``"1h 30min"``; else ``BadValue``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadValue(f"{_shown(value)} is not a duration", 'seconds, or a string like "5min"')
    if not isinstance(value, str):
        if value < 0 or not math.isfinite(value):
            raise BadValue(f"{value} is not a duration", "it cannot be negative or endless")
        return float(value)
    bare = _AMOUNT.fullmatch(value)
    if bare and not bare[2]:
        return float(bare[1])
    amounts = _AMOUNT.findall(value) if _SEVERAL.fullmatch(value) else []
    if not amounts or any(unit.lower() not in _SECONDS_IN for _, unit in amounts):
        raise BadValue(f"{_shown(value)} is not a duration", _duration_meant(amounts))
    return sum(float(number) * _SECONDS_IN[unit.lower()] for number, unit in amounts)


def _duration_meant(amounts: list[tuple[str, str]]) -> str:
    if len(amounts) == 1:
        number, unit = amounts[0]
        short = {"m": "min", "s": "s", "h": "h", "d": "d", "w": "w"}.get(unit[0].lower())
        if short:
            return f'try "{number}{short}"'
    return 'units are ms, s, min, h, d, w: for example "5min"'


def parse_size(value: object) -> int:
    """Return bytes for ``8388608``, ``"8MiB"``, ``"8M"`` or ``"8.4MB"``; else ``BadValue``.

    One letter means the binary unit, as in rsync(1), ``--max-size``.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if not match or (match[2] or "b").lower() not in _BYTES_IN:
        raise BadValue(f"{_shown(value)} is not a size", 'bytes, or a string like "8MiB"')
    return int(float(match[1]) * _BYTES_IN[(match[2] or "b").lower()])


def parse_rate(value: object) -> int:
    """Return KiB per second for ``10000``, ``"10MiB/s"`` or ``"10m"``; 0 is no limit."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str):
        amount = re.sub(r"\s*/\s*s(ec)?\s*$", "", value)
        if amount.strip().isdigit():
            return int(amount)
        try:
            size = parse_size(amount)
        except BadValue:
            pass
        else:
            return max(1, round(size / 1024)) if size else 0
    raise BadValue(
        f"{_shown(value)} is not a transfer rate", 'KiB per second, or a string like "10MiB/s"'
    )


def parse_schedule(value: object) -> Schedule:
    """Return a schedule for ``"10h"``, ``36000``, ``"0 4 * * *"`` or ``"never"``."""
    if value == "never":
        return Schedule()
    if not isinstance(value, str) or len(value.split()) < 5:
        try:
            return Schedule(every_s=parse_duration(value))
        except BadValue as error:
            raise BadValue(
                f"{_shown(value)} is not a schedule",
                'an interval like "10h", or a cron expression like "0 4 * * *"',
            ) from error
    try:
        next(CronSim(value, _ANY_DAY))
    except (CronSimError, StopIteration) as error:
        said = str(error) or "it never comes"
        raise BadValue(
            f"{_shown(value)} is not a cron expression: {said}",
            'minute hour day month weekday, for example "0 4 * * *" for every day at 4:00',
        ) from error
    return Schedule(cron=value)


def parse_interval(value: object) -> float:
    """Return seconds for a duration, and 0.0 for ``"off"``; else ``BadValue``."""
    return 0.0 if value == "off" else parse_duration(value)


def parse_max_delete(value: object) -> int:
    """Return a number of entries, or -1 for ``"off"``; else ``BadValue``."""
    if value == "off":
        return -1
    if isinstance(value, str) and value.isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise BadValue(f"{_shown(value)} is not a limit of deletions", 'a number of entries, or "off"')


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{without_password(value)}"' if isinstance(value, str) else f"{value}"
