"""inotify's records, as the kernel would write them."""

from __future__ import annotations

import struct


def encode(wd: int, mask: int, name: bytes = b"", cookie: int = 0) -> bytes:
    """Return one ``struct inotify_event`` (inotify(7)); names are padded to 16 bytes and more."""
    length = -(-(len(name) + 1) // 16) * 16 if name else 0
    return struct.pack("=iIII", wd, mask, cookie, length) + name.ljust(length, b"\0")
