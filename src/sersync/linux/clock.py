"""Whether something keeps this host's clock right (adjtimex(2))."""

from __future__ import annotations

import ctypes
from typing import Final

_STA_UNSYNC: Final = 0x40
_STRUCT_BYTES: Final = 256
"""More than any architecture's ``struct timex``."""
_STATUS_AT: Final = 40
"""Where ``status`` is on 64-bit Linux: an int and its padding, then four longs."""


def clock_is_synchronized() -> bool | None:
    """Tell whether the kernel believes its clock to be right; None when it does not say."""
    if ctypes.sizeof(ctypes.c_long) != 8:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "adjtimex"):
        return None
    answer = ctypes.create_string_buffer(_STRUCT_BYTES)  # modes = 0: nothing is set
    if libc.adjtimex(answer) < 0:
        return None
    status = int.from_bytes(answer.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    return not status & _STA_UNSYNC
