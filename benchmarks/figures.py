"""From samples to figures that people read. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def median(samples: Sequence[float]) -> float:
    """Return the middle one."""
    return statistics.median(samples)


def p99(samples: Sequence[float]) -> float:
    """Return the sample that 99 of 100 do not exceed."""
    return sorted(samples)[math.ceil(0.99 * len(samples)) - 1]


def ms(seconds: float) -> str:
    """Return *seconds* in milliseconds."""
    return f"{seconds * 1e3:.1f} ms"


def sec(seconds: float) -> str:
    """Return *seconds*, with two digits after the point."""
    return f"{seconds:.2f} s"


def latency(samples: Sequence[float]) -> str:
    """Return median and p99 of *samples*."""
    return f"{ms(median(samples))}, p99 {ms(p99(samples))}"


def times(ratio: float) -> str:
    """Return how many times one is the other."""
    return f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x"
