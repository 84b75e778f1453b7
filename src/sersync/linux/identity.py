"""Which directory is it, and which run of the machine? What tells the same from an equal one."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

from sersync.linux.mounts import mounted

_AT_SYMLINK_NOFOLLOW: Final = 0x100
_AT_FDCWD: Final = -100
_STATX_BTIME: Final = 0x800
_STATX_BYTES: Final = 256
_BTIME_AT: Final = 0x50
"""The place of ``stx_btime`` in struct statx (linux/stat.h): the third of its time stamps."""


def birth_ns(path: bytes) -> int:
    """Return when *path* was made (statx(2)), in nanoseconds; 0 where nobody knows."""
    statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
    if statx is None:
        return 0
    answer = ctypes.create_string_buffer(_STATX_BYTES)
    flags = ctypes.c_int(_AT_SYMLINK_NOFOLLOW)
    if statx(_AT_FDCWD, path, flags, ctypes.c_uint(_STATX_BTIME), answer) != 0:
        return 0
    (mask,) = struct.unpack_from("<I", answer.raw)
    if not mask & _STATX_BTIME:
        return 0
    seconds, nanoseconds = struct.unpack_from("<qI", answer.raw, _BTIME_AT)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def file_system_of(path: bytes) -> str:
    """Return the type of the file system that holds *path*; empty where it is not told."""
    inside = os.path.realpath(path).rstrip(b"/") + b"/"
    above = [each for each in mounted() if inside.startswith(each.point.rstrip(b"/") + b"/")]
    # Of two at one point, the later one hides the other.
    holding = max(enumerate(above), key=lambda at: (len(at[1].point), at[0]), default=None)
    return holding[1].kind.decode(errors="replace") if holding is not None else ""


def boot_id() -> str:
    """Return a name of the present run of the machine (random(4)); empty where it has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as known:
            return known.read().strip()
    except OSError:
        return ""


def place_of(directory: bytes) -> tuple[int, int] | None:
    """Return the numbers of device and inode of *directory*; None: there is none.

    Zeros where it cannot be looked at: it is not known to be gone.
    """
    try:
        status = os.stat(directory)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def is_empty(directory: bytes) -> bool:
    """Tell whether *directory* is empty, or not there; one that cannot be read is not."""
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is None
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
