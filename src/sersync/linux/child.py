"""One child process with one owner: the thread that starts it, which alone signals and reaps it.

The child gets a process group of its own, and dies when that thread dies
(PR_SET_PDEATHSIG by setpriv(1), prctl(2)). Nothing here blocks: its descriptors are made to be
watched by a selector.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

_READ_BYTES: Final = 64 * 1024
KEPT_BYTES: Final = 1 << 20


class Output:
    """What a child wrote to one pipe: the first and the last half of *limit* bytes of it."""

    __slots__ = ("_head", "_limit", "_tail", "fd", "total")

    def __init__(self, fd: int, limit: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.total = 0
        self._limit = limit // 2
        self._head = b""
        self._tail = b""

    def drain(self) -> bool:
        """Read what is there. False once the pipe has ended."""
        while True:
            try:
                chunk = os.read(self.fd, _READ_BYTES)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self.total += len(chunk)
            room = self._limit - len(self._head)
            if room > 0:
                self._head += chunk[:room]
                chunk = chunk[room:]
            if chunk:
                self._tail = (self._tail + chunk)[-self._limit :]

    @property
    def has_gap(self) -> bool:
        """Something in the middle was not kept."""
        return self.total > len(self._head) + len(self._tail)

    @property
    def last(self) -> bytes:
        """The most recent bytes."""
        return (self._tail or self._head)[-4096:]

    @property
    def text(self) -> bytes:
        """Everything that was kept; a gap is marked by a line of its own."""
        if self.has_gap:
            return self._head + b"\n[...]\n" + self._tail
        return self._head + self._tail


class Child:
    """A running program. Raises ``OSError`` when it cannot be started."""

    def __init__(
        self,
        argv: Sequence[bytes],
        *,
        env: Mapping[bytes, bytes],
        cwd: bytes | None = None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self.argv = tuple(argv)
        self._popen = subprocess.Popen(
            [*_dies_with_us(), *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
            process_group=0,
            bufsize=0,
        )
        popen = self._popen
        if popen.stdin is None or popen.stdout is None or popen.stderr is None:
            raise AssertionError("all three are pipes")
        self.pid: Final = popen.pid
        self.pidfd: Final = os.pidfd_open(popen.pid)
        """Becomes readable when the child has ended (pidfd_open(2))."""
        self.stdin_fd: Final = popen.stdin.fileno()
        os.set_blocking(self.stdin_fd, False)
        self.stdout = Output(popen.stdout.fileno(), kept_bytes)
        self.stderr = Output(popen.stderr.fileno(), kept_bytes)
        self._unfed = b""
        self._closed = False
        self._open = {self.stdout.fd: self.stdout, self.stderr.fd: self.stderr}

    def feed(self, content: bytes) -> None:
        """Give *content* as the whole of standard input; what the pipe cannot take waits."""
        self._unfed = content
        self.flush()

    def flush(self) -> bool:
        """Go on feeding. True when everything was given and the input is closed."""
        stdin = self._popen.stdin
        if stdin is None or stdin.closed:
            return True
        # A child that is gone is no failure of the feeding: its exit code tells.
        with contextlib.suppress(BrokenPipeError):
            while self._unfed:
                try:
                    written = os.write(self.stdin_fd, self._unfed)
                except BlockingIOError:
                    return False
                self._unfed = self._unfed[written:]
        stdin.close()
        return True

    @property
    def output_fds(self) -> tuple[int, ...]:
        """The descriptors to watch for reading, while they are open."""
        return tuple(self._open)

    def drain(self, fd: int) -> bool:
        """Read from *fd*. False once it has ended: it must not be watched any more."""
        output = self._open.get(fd)
        if output is None:
            return False
        if output.drain():
            return True
        del self._open[fd]
        return False

    def ended(self) -> int | None:
        """Return the exit code, negative for a signal, once the child is gone and read to its end.

        A grandchild (an ssh master, a daemonised rsync) may hold the pipes for longer than the
        child lives; it is not waited for.
        """
        code = self._popen.poll()
        if code is None:
            return None
        for output in self._open.values():
            output.drain()
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send *number* to the child's whole process group, if it still lives."""
        if self._popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end. rsync removes its temporary files then."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it now, wait for it, and give its descriptors back."""
        self.signal(signal.SIGKILL)
        self._popen.wait()
        self.close()

    def close(self) -> None:
        """Give the descriptors back. The child must have ended."""
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._open.clear()
        if not self._closed:
            os.close(self.pidfd)
            self._closed = True

    def waits_for_fifo(self) -> bool:
        """Tell whether it is about to open a FIFO that nobody opens at the other end (fifo(7))."""
        try:
            with open(f"/proc/{self.pid}/wchan", "rb") as where:
                return where.read() == b"wait_for_partner"
        except OSError:
            return False

    def io_bytes(self) -> int:
        """Bytes the child has read and written so far (proc(5), /proc/pid/io); 0 if unknown."""
        try:
            with open(f"/proc/{self.pid}/io", "rb") as counters:
                lines = counters.read().split(b"\n")
        except OSError:
            return 0
        return int(lines[0].split()[1]) + int(lines[1].split()[1])


@functools.cache
def _dies_with_us() -> tuple[bytes, ...]:
    """Return the start of a command line that ties the child to the thread that starts it."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    probe = subprocess.run(
        [setpriv, "--pdeathsig", "KILL", "--", "true"], capture_output=True, check=False
    )
    return (os.fsencode(setpriv), b"--pdeathsig", b"KILL", b"--") if probe.returncode == 0 else ()


def quiet_environment(extra: Mapping[bytes, bytes] | None = None) -> dict[bytes, bytes]:
    """Return our environment for a child: messages in English, no rsync settings but our own."""
    kept = (b"RSYNC_PROXY", b"RSYNC_CONNECT_PROG")
    env = {
        name: value
        for name, value in os.environb.items()
        if name in kept or not name.startswith((b"RSYNC_", b"LC_", b"LANG"))
    }
    return {**env, b"LC_ALL": b"C", **(extra or {})}
