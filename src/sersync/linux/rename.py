"""Two names that change places in one step (renameat2(2))."""

from __future__ import annotations

import ctypes
import os

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

_libc = ctypes.CDLL(None, use_errno=True)


def exchange(one: bytes | os.PathLike[str], other: bytes | os.PathLike[str]) -> None:
    """Let *one* and *other* change places at once.

    Raises ``OSError`` when one is missing, or where the file system cannot do it.
    """
    names = os.fsencode(one), os.fsencode(other)
    if _libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
