"""When something stands on the target: told by the kernel, not by the one being measured."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_IN_MOVED_TO = 0x80
_EVENT = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)


class Arrivals:
    """Sees names appear in directories by rename, which is how rsync puts a whole file there."""

    def __init__(self, *directories: Path) -> None:
        self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        for directory in directories:
            watch = _libc.inotify_add_watch(self._descriptor, os.fsencode(directory), _IN_MOVED_TO)
            if watch < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch", str(directory))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def wait_for(self, name: str, timeout_s: float = 30.0) -> float:
        """Return the monotonic time at which *name* was seen. Raises ``TimeoutError``."""
        wanted = os.fsencode(name)
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            select.select([self._descriptor], [], [], left_s)
            now = time.monotonic()
            if wanted in self._names():
                return now
        raise TimeoutError(f"{name} did not arrive within {timeout_s:g} s")

    def _names(self) -> list[bytes]:
        try:
            buffer = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return []
        names = []
        offset = 0
        while offset < len(buffer):
            *_, length = _EVENT.unpack_from(buffer, offset)
            offset += _EVENT.size
            names.append(buffer[offset : offset + length].rstrip(b"\0"))
            offset += length
        return names
