"""The children of this process, written down, so that a later one can end those that outlive it.

A child dies with us (``linux/child.py``) unless setpriv(1) is missing. What lives on could put old
bytes over newer ones. A number alone proves nothing, since the kernel gives it again: a process is
the recorded one only if its start time and its program are the same too, within the same run of
the machine.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import select
import shutil
import signal
import threading
from dataclasses import dataclass
from typing import Final

from sersync.linux.child import Child
from sersync.linux.identity import boot_id

log: Final = logging.getLogger("sersync.daemon")

_MOST_LINES: Final = 1_000
_END_WITHIN_S: Final = 5.0
_STARTED_AT: Final = 19
"""Place of ``starttime`` in /proc/pid/stat, counted from what follows the name (proc(5))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    pid: int
    started: int
    """Ticks since the machine was started."""
    program: bytes


class Roll:
    """The roll in *file*; a line for each child. For any thread.

    It is written before a child is given anything to do. Where it cannot be written, children
    still die with us.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._living: dict[int, _Entry] = {}
        self._lines = _MOST_LINES

    def add(self, child: Child) -> None:
        """Write *child* down, which was just started."""
        started = _started(child.pid)
        program = _program(child.argv[0])
        if started is None or not program:
            return
        entry = _Entry(pid=child.pid, started=started, program=program)
        with self._lock, contextlib.suppress(OSError):
            self._living[entry.pid] = entry
            if self._lines >= _MOST_LINES:
                self._write_anew()
            else:
                self._append(entry)

    def remove(self, child: Child) -> None:
        """Take note that *child* has ended. Its line stays until the roll is written anew."""
        with self._lock:
            self._living.pop(child.pid, None)

    def _append(self, entry: _Entry) -> None:
        with open(self._file, "ab") as roll:
            roll.write(_line(entry))
        self._lines += 1

    def _write_anew(self) -> None:
        new = f"{self._file}.new"
        with open(new, "wb") as roll:
            roll.write(boot_id().encode() + b"\0")
            roll.writelines(map(_line, self._living.values()))
        os.replace(new, self._file)
        self._lines = len(self._living)


def end_survivors(file: str) -> int:
    """End what is written in the roll *file* and still lives; return how many these were.

    Returns when they are gone. Nobody else may write the roll meanwhile.
    """
    ended = 0
    for entry in _recorded(file):
        try:
            pidfd = os.pidfd_open(entry.pid)
        except OSError:
            continue
        try:
            # The descriptor holds on to one process; that it is the right one is asked after it.
            if not _is(entry):
                continue
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            readable, _, _ = select.select([pidfd], [], [], _END_WITHIN_S)
            ended += 1
            name = os.path.basename(os.fsdecode(entry.program))
            log.warning(
                "process %d, a %s of an earlier sersync, had outlived it and was ended%s",
                entry.pid,
                name,
                "" if readable else f"; after {_END_WITHIN_S:.0f} s it is still there",
            )
        except OSError as error:
            log.warning("process %d cannot be ended: %s", entry.pid, error.strerror)
        finally:
            os.close(pidfd)
    return ended


def _recorded(file: str) -> list[_Entry]:
    """Return what is written in *file*; nothing of another run of the machine."""
    try:
        with open(file, "rb") as roll:
            boot, *lines = roll.read().split(b"\0")
    except OSError:
        return []
    if boot != boot_id().encode():
        return []
    found = {}
    for line in lines:
        words = line.split(b" ", 2)
        # The last line may be cut: we were killed while it was written.
        if len(words) == 3 and words[0].isdigit() and words[1].isdigit():
            entry = _Entry(pid=int(words[0]), started=int(words[1]), program=words[2])
            found[entry.pid] = entry
    return list(found.values())


@functools.cache
def _program(name: bytes) -> bytes:
    """Return the file that runs as *name*; empty where there is none."""
    found = shutil.which(os.fsdecode(name))
    return os.fsencode(os.path.realpath(found)) if found else b""


def _line(entry: _Entry) -> bytes:
    return b"%d %d %b\0" % (entry.pid, entry.started, entry.program)


def _is(entry: _Entry) -> bool:
    """Tell whether the process of that number is the recorded one."""
    try:
        program = os.readlink(b"/proc/%d/exe" % entry.pid)
    except OSError:
        return False
    return program == entry.program and _started(entry.pid) == entry.started


def _started(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[_STARTED_AT])
