"""What is mounted where (proc(5), /proc/self/mountinfo)."""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


def mount_points(below: bytes) -> tuple[bytes, ...]:
    """Return the mount points strictly below the directory *below*, as absolute paths."""
    prefix = below.rstrip(b"/") + b"/"
    try:
        with open("/proc/self/mountinfo", "rb") as mountinfo:
            rows = mountinfo.read().splitlines()
    except OSError:
        return ()
    points = {_ESCAPE.sub(lambda octal: bytes([int(octal[1], 8)]), row.split()[4]) for row in rows}
    return tuple(sorted(point for point in points if point.startswith(prefix) and point != prefix))
