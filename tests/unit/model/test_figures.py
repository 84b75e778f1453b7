"""Numbers as people read them."""

from __future__ import annotations

import pytest

from sersync.model.figures import count, size, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 ms"),
        (0.0021, "2.1 ms"),
        (0.045, "45 ms"),
        (0.9994, "999 ms"),
        (3.21, "3.2 s"),
        (12.4, "12 s"),
        (59.7, "1 min"),
        (250, "4 min 10 s"),
        (3600, "1 h"),
        (11100, "3 h 5 min"),
        (200000, "2 d 7 h"),
    ],
)
def test_spans_have_the_unit_that_fits(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (20 << 20, "20 MiB"),
        (1023.9 * 1024, "1.0 MiB"),
        (3 << 40, "3.0 TiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_sizes_have_the_unit_that_fits(number: float, text: str) -> None:
    assert size(number) == text


def test_counts_have_separators() -> None:
    assert count(1234567) == "1,234,567"
