"""What is mounted where (proc(5), /proc/self/mountinfo)."""

from __future__ import annotations

import os
import re
import select
import weakref
from dataclasses import dataclass
from typing import Final

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")
_FINE_TIMES_SINCE: Final = (6, 13)
_FINE_TIMES: Final = frozenset({b"ext4", b"xfs", b"btrfs", b"tmpfs"})


@dataclass(frozen=True, slots=True)
class MountedFileSystem:
    """One row of mountinfo: where, and of which type."""

    point: bytes
    kind: bytes


def mounted() -> tuple[MountedFileSystem, ...]:
    """Return what is mounted now, in the order of mounting; nothing when that is not told."""
    try:
        with open("/proc/self/mountinfo", "rb") as mountinfo:
            rows = mountinfo.read().splitlines()
    except OSError:
        return ()
    found = []
    for row in rows:
        place, _, origin = row.partition(b" - ")
        found.append(MountedFileSystem(_unescaped(place.split()[4]), origin.split()[0]))
    return tuple(found)


def mount_points(below: bytes) -> tuple[bytes, ...]:
    """Return the mount points strictly below the directory *below*, as absolute paths."""
    prefix = below.rstrip(b"/") + b"/"
    points = {each.point for each in mounted()}
    return tuple(sorted(point for point in points if point.startswith(prefix) and point != prefix))


class MountTable:
    """Tells whether something was mounted or unmounted. Owned by whoever holds a lock on it."""

    def __init__(self) -> None:
        self._poll = select.poll()
        try:
            self._fd = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1
        else:
            self._poll.register(self._fd, select.POLLPRI)
            weakref.finalize(self, os.close, self._fd)

    def has_changed(self) -> bool:
        """Tell whether the table is another one since this was last asked, or may be (proc(5))."""
        return self._fd < 0 or bool(self._poll.poll(0))


def has_fine_times(root: bytes) -> bool:
    """Tell whether no two states of a file below *root* that were looked at have the same times.

    Since Linux 6.13 a change gets a time of its own once the one before was seen by stat(2)
    (Documentation/filesystems/multigrain-ts.rst), on the file systems that take part.
    """
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if release is None or tuple(map(int, release.groups())) < _FINE_TIMES_SINCE:
        return False
    mounts = mounted()
    above = [each for each in mounts if (root + b"/").startswith(each.point.rstrip(b"/") + b"/")]
    below = [each for each in mounts if each.point.startswith(root.rstrip(b"/") + b"/")]
    holding = max(above, key=lambda each: len(each.point), default=None)
    return holding is not None and all(each.kind in _FINE_TIMES for each in [holding, *below])


def _unescaped(point: bytes) -> bytes:
    return _ESCAPE.sub(lambda octal: bytes([int(octal[1], 8)]), point)
