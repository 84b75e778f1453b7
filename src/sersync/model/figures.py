"""Numbers as people read them. Pure."""

from __future__ import annotations


def count(number: float) -> str:
    """Return ``12,345``."""
    return f"{number:,.0f}"


def size(number_bytes: float) -> str:
    """Return ``512 B``, ``1.5 MiB``, ``20 GiB``."""
    if number_bytes < 1024:
        return f"{number_bytes:.0f} B"
    units = ["TiB", "GiB", "MiB", "KiB"]
    amount = number_bytes / 1024
    while amount >= 1023.5 and len(units) > 1:
        amount /= 1024
        units.pop()
    return f"{amount:.1f} {units[-1]}" if amount < 10 else f"{amount:.0f} {units[-1]}"


def span(seconds: float) -> str:
    """Return ``3.2 ms``, ``450 ms``, ``12 s``, ``4 min 10 s``, ``3 h 5 min``, ``2 d 4 h``."""
    if seconds < 0.0095:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for length, unit, rest_length, rest_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= length:
            rest = whole % length // rest_length
            return (
                f"{whole // length} {unit} {rest} {rest_unit}"
                if rest
                else (f"{whole // length} {unit}")
            )
    return f"{whole} s"
