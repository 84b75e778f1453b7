"""One long-running program beside us: started, watched, ended, and never left behind.

Runs that end by themselves, such as transfers, are not started here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path


class Service:
    """A child in a process group of its own that does not outlive this process.

    A keeper thread starts the child and waits for it until it has ended. That thread must be
    the one that forks: the kernel sends PR_SET_PDEATHSIG when the *thread* that forked ends
    (prctl(2)), and the caller's thread may be short-lived. The signal is armed by setpriv(1)
    of util-linux; without it the child is ended by ``stop`` only.

    ``start`` and ``stop`` are for one thread; the properties are for any.
    """

    def __init__(
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,
        output: Path | int | None = None,
    ) -> None:
        """Prepare to run *argv*.

        *env* replaces the environment; None inherits it. *output* takes what the child says
        on stdout and stderr: a file that is appended to, an open descriptor (the write end of
        a pipe, which stays the caller's to close), or None for nowhere.
        """
        self._argv = (*_tied_to_parent(), *argv)
        self._env = None if env is None else dict(env)
        self._output = output
        self._child: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None
        self._exit_code: int | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, also its process group; None before ``start``, after ``stop``."""
        return None if self._child is None else self._child.pid

    @property
    def is_running(self) -> bool:
        """The child was started and has not ended."""
        return self._keeper is not None and self._keeper.is_alive()

    @property
    def exit_code(self) -> int | None:
        """The child's exit code, negative for a signal; None while it runs and before."""
        return self._exit_code

    def end_of(self, name: str) -> str:
        """Say how the child, called *name*, ended; "" while it runs, before, and after ``stop``."""
        if self._child is None or self._exit_code is None:
            return ""
        return f"{name} (process {self._child.pid}) {_how(self._exit_code)}"

    def start(self) -> None:
        """Start the child and return when it runs. Raises ``OSError`` when it cannot start."""
        if self.is_running:
            raise RuntimeError("this service runs already")
        self.stop()
        self._exit_code = None
        started: Future[subprocess.Popen[bytes]] = Future()
        self._keeper = threading.Thread(
            target=self._keep, args=(started,), name="service-keeper", daemon=True
        )
        self._keeper.start()
        self._child = started.result()

    def stop(self, *, grace_s: float = 5.0) -> int | None:
        """End the child and all of its group: SIGTERM, *grace_s* seconds, SIGKILL.

        Returns the exit code, None when it never ran. May be called again.
        """
        if self._child is None or self._keeper is None:
            return self._exit_code
        _signal_group(self._child.pid, signal.SIGTERM)
        self._keeper.join(grace_s)
        _signal_group(self._child.pid, signal.SIGKILL)
        self._keeper.join()
        self._child.wait()
        self._child = None
        return self._exit_code

    def _keep(self, started: Future[subprocess.Popen[bytes]]) -> None:
        try:
            child = self._spawn()
        except OSError as failure:
            started.set_exception(failure)
            return
        started.set_result(child)
        # Seen but not reaped: as long as the leader is a zombie, its id is nobody else's, and
        # what is left of its group can be signalled safely (rsync forks for each connection).
        end = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        if end is not None:
            exited = end.si_code == os.CLD_EXITED
            self._exit_code = end.si_status if exited else -end.si_status

    def _spawn(self) -> subprocess.Popen[bytes]:
        if isinstance(self._output, Path):
            with self._output.open("ab") as sink:
                return self._popen(sink.fileno())
        return self._popen(subprocess.DEVNULL if self._output is None else self._output)

    def _popen(self, sink: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._argv,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            process_group=0,
        )


def _how(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with code {exit_code}"
    known = {each.value: each.name for each in signal.Signals}
    return f"was killed by {known.get(-exit_code, f'signal {-exit_code}')}"


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _tied_to_parent() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
