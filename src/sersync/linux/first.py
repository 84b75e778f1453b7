"""Being the first process of a container: what dies there is ours to bury (wait(2), init(1))."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Final

_PASSED_ON: Final = (
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip


def go_second() -> None:
    """Where we are process 1, leave that to a small process that reaps and passes signals on.

    Returns in the second process, which does the work; the first ends with its exit code. It
    must be called before there are threads. Elsewhere it does nothing.
    """
    if os.getpid() != 1:
        return
    # Blocked until the first knows whom to pass them on to: none is lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    worker = os.fork()
    if worker == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        return
    for number in _PASSED_ON:
        signal.signal(number, lambda number, _frame: _pass_on(worker, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    os._exit(_reap_until(worker))


def _pass_on(worker: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, number)


def _reap_until(worker: int) -> int:
    """Bury whoever dies, until *worker* has; return its exit code, as a shell would."""
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return 70
        if pid == worker:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code
