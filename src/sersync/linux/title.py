"""What this process is called, for those who look for it by name: ps, pgrep, pidof, killall."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Final

_PR_SET_NAME: Final = 15
"""prctl(2): the name of the calling thread; that of the first thread is the process's."""
_ARG_START, _ARG_END = 48, 49
"""Fields of /proc/self/stat, counted from 1: proc(5)."""


def set_title(name: str, arguments: Sequence[str] = ()) -> None:
    """Call this process *name*, and show *arguments* after it where its command line is shown.

    Call it in the first thread. The command line has only the room that it began with; what does
    not fit is cut off, and where the kernel hides it, only the name changes.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NAME, ctypes.c_char_p(os.fsencode(name)), 0, 0, 0)
    start, room = _arguments()
    line = b"\0".join(os.fsencode(word) for word in (name, *arguments))
    if room > len(os.fsencode(name)):
        ctypes.memmove(start, line[: room - 1].ljust(room, b"\0"), room)


def _arguments() -> tuple[int, int]:
    """Return where the command line stands in memory, and its size; nothing if that is hidden."""
    try:
        with open("/proc/self/stat", "rb") as stat:
            # The name, in parentheses, may hold spaces; the fields after it do not.
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return 0, 0
    start, end = int(fields[_ARG_START - 3]), int(fields[_ARG_END - 3])
    return start, end - start if start else 0
