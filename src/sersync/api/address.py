"""Addresses of unix sockets in directories with long names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final

_LONGEST_BYTES: Final = 107
"""unix(7): ``sun_path`` holds 108 bytes with the NUL that ends it."""


@contextlib.contextmanager
def reachable(path: str) -> Iterator[str]:
    """Yield an address for the socket at *path* that the kernel accepts, however long *path* is.

    A long one is reached through a descriptor of its directory, in ``/proc/self/fd``; the
    address is good within the ``with`` only.
    """
    if len(os.fsencode(path)) <= _LONGEST_BYTES:
        yield path
        return
    directory, name = os.path.split(path)
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{name}"
    finally:
        os.close(fd)
