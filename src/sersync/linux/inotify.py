"""inotify's four calls and its records, as the kernel has them; no policy.

Constants, calls and the record's layout are those of inotify(7), inotify_init(2),
inotify_add_watch(2) and inotify_rm_watch(2).
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import Final

IN_MODIFY: Final = 0x0000_0002
IN_ATTRIB: Final = 0x0000_0004
IN_CLOSE_WRITE: Final = 0x0000_0008
IN_MOVED_FROM: Final = 0x0000_0040
IN_MOVED_TO: Final = 0x0000_0080
IN_CREATE: Final = 0x0000_0100
IN_DELETE: Final = 0x0000_0200
IN_DELETE_SELF: Final = 0x0000_0400
IN_MOVE_SELF: Final = 0x0000_0800

IN_UNMOUNT: Final = 0x0000_2000
"""The watched object's file system was unmounted; ``IN_IGNORED`` follows."""
IN_Q_OVERFLOW: Final = 0x0000_4000
"""Events were dropped; the watch descriptor is -1."""
IN_IGNORED: Final = 0x0000_8000
"""The watch is gone: removed by us, its object deleted, or unmounted. Its last event."""

IN_ONLYDIR: Final = 0x0100_0000
IN_DONT_FOLLOW: Final = 0x0200_0000
IN_EXCL_UNLINK: Final = 0x0400_0000
"""No events for names that were unlinked while still open."""
IN_MASK_ADD: Final = 0x2000_0000
IN_ISDIR: Final = 0x4000_0000

_HEADER: Final = struct.Struct("=iIII")
"""``struct inotify_event``: wd, mask, cookie, len; then the name, padded with NULs."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.inotify_init1.argtypes = (ctypes.c_int,)
_libc.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
_libc.inotify_rm_watch.argtypes = (ctypes.c_int, ctypes.c_int)
_add_watch = _libc.inotify_add_watch
_rm_watch = _libc.inotify_rm_watch


def open_queue() -> int:
    """Return the descriptor of a new event queue, non-blocking and closed on exec.

    Raises ``OSError``: EMFILE when ``max_user_instances`` or the descriptors are used up.
    """
    fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0:
        raise _failure()
    return fd


def add_watch(queue: int, path: bytes, mask: int) -> int:
    """Watch *path* and return its watch descriptor; an inode has one per queue.

    Where the inode is watched already, *mask* is added to what is told of it: a root that is
    mounted inside itself stays watched as a root.

    Raises ``OSError``: ENOSPC at ``max_user_watches``, EACCES where the path cannot be read.
    """
    wd: int = _add_watch(queue, path, mask | IN_MASK_ADD)
    if wd < 0:
        raise _failure(path)
    return wd


def remove_watch(queue: int, wd: int) -> None:
    """End a watch, unless the kernel did so already. ``IN_IGNORED`` is its last event."""
    _rm_watch(queue, wd)


def decode(records: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield ``(wd, mask, cookie, name)`` of every event in what one ``read`` returned.

    *name* is empty for events of the watched object itself. *cookie* is the same for the two
    events of one move, and 0 for all others.
    """
    unpack = _HEADER.unpack_from
    at = 0
    end = len(records)
    while at < end:
        wd, mask, cookie, length = unpack(records, at)
        name_at = at + 16
        at = name_at + length
        yield wd, mask, cookie, records[name_at:at].rstrip(b"\0")


def _failure(path: bytes | None = None) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), path)
