"""A daemon of the old kind: the parent returns when the child is ready (daemon(7), SysV)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

_READY = b"ready"


def in_background(work: Callable[[Callable[[], None]], int]) -> int:
    """Fork, and run *work* in the child; return in the parent when it is ready, or has failed.

    *work* gets a function to call once it is ready; until then it may still write to the terminal,
    from then on its three standard descriptors lead nowhere. It returns the exit code. The parent
    gets 0 for a child that is ready, else the child's exit code. Call it before there are threads.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return _await(pid, reading)
    os.close(reading)
    code = 70
    try:
        os.setsid()
        os.chdir("/")
        code = work(lambda: _leave_terminal(writing))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _await(pid: int, reading: int) -> int:
    with os.fdopen(reading, "rb") as pipe:
        if pipe.read() == _READY:
            return 0
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code > 0 else 70


def _leave_terminal(writing: int) -> None:
    """Tell the parent, and let go of what it may be waiting for: a terminal, a pipe of cron."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    os.write(writing, _READY)
    os.close(writing)
