"""The values that rsync's options take, as rsync itself reads them."""

from __future__ import annotations

import re
from typing import Final

_SIZE: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:([bkmgtp])(i?b)?)?([+-]1)?", re.IGNORECASE)

_SIZES: Final = frozenset({"max-size", "min-size", "max-alloc", "block-size", "bwlimit"})
_NUMBERS: Final = {
    "modify-window": range(-1, 1 << 31),
    "timeout": range(1 << 31),
    "contimeout": range(1 << 31),
    "port": range(1, 1 << 16),
    "max-delete": range(-(1 << 31), 1 << 31),
    "compress-level": range(-(1 << 31), 1 << 31),
    "compress-threads": range(1 << 31),
    "checksum-seed": range(-(1 << 31), 1 << 31),
    "protocol": range(20, 1 << 8),
}


def size_bytes(text: str, *, default_unit: str = "b") -> int:
    """Return the bytes that rsync understands by ``1.5m``, ``10KB``, ``2g+1`` (``--max-size``).

    Raises ``ValueError`` if rsync would not understand it.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a size; sizes are written 500, 100k, 1.5m, 2g")
    number, unit, suffix, one_more = match.groups()
    base = 1000 if suffix and suffix.lower() == "b" else 1024
    power = "bkmgtp".index((unit or default_unit).lower())
    return int(float(number) * base**power) + int(one_more or 0)


def whole_number(name: str, text: str) -> int:
    """Return the number given to the option *name*; raise ``ValueError`` if rsync takes none such.

    *name* is one whose value ``check_value`` knows to be a number.
    """
    allowed = _NUMBERS[name]
    if not re.fullmatch(r"[+-]?\d+", text) or int(text) not in allowed:
        least, most = allowed.start, allowed.stop - 1
        raise ValueError(f"`{text}` is not a whole number between {least} and {most}")
    return int(text)


def check_value(name: str, text: str) -> None:
    """Raise ``ValueError``, with a sentence, if rsync would refuse *text* for the option *name*."""
    if "\0" in text:
        raise ValueError("a value cannot hold a zero byte")
    if name in _SIZES:
        size_bytes(text)
    elif name in _NUMBERS:
        whole_number(name, text)
