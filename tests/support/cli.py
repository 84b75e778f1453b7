"""``sersync`` as people run it: a child with its own arguments, environment and output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from sersync.selftest.instance import is_stopped
from tests.support.trees import wait_until

_HOUSE = Path(__file__).parents[2]
#: PYTHONPATH of whatever runs :mod:`tests.support.at_home`, in any directory and as any user.
MODULES = os.pathsep.join([os.fspath(_HOUSE / "src"), os.fspath(_HOUSE)])
_DEADLINE_S = 90.0


@contextlib.contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Keep that process from seeing what is done in the block before that is over."""
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: is_stopped(pid))
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class RunningCli:
    """One ``sersync`` that keeps running. Its output is in files, so it never blocks."""

    def __init__(
        self,
        directory: Path,
        arguments: tuple[str, ...],
        env: Mapping[str, str],
        *,
        prefix: Sequence[str] = (),
    ) -> None:
        self._out, self._err = directory / "out", directory / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.child = subprocess.Popen(
                [*prefix, sys.executable, "-m", "tests.support.at_home", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=env,
                cwd=directory.parent,
            )

    @property
    def out(self) -> str:
        """Standard output so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Standard error so far."""
        return self._err.read_text()

    def wait_until(self, stands: Callable[[], bool]) -> None:
        """Wait until *stands*; fail when the time is over or the child has ended before."""
        deadline = time.monotonic() + _DEADLINE_S
        while not stands():
            has_ended = self.child.poll() is not None
            if (has_ended and not stands()) or time.monotonic() > deadline:
                pytest.fail(f"code {self.child.returncode}\n{self.out}\n{self.err}")
            time.sleep(0.01)

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Keep it from seeing what is done in the block before that is over."""
        with standing_still(self.child.pid):
            yield

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.child.send_signal(signal_number)
        return self.child.wait(timeout=_DEADLINE_S)

    def end(self) -> None:
        """End it, however it stands."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


class Cli:
    """Runs ``sersync`` in *directory*."""

    def __init__(self, directory: Path, *, inside: Path | None = None) -> None:
        self._directory = directory
        self._inside = inside or directory
        self._running: list[RunningCli] = []

    def inside(self, directory: Path) -> Cli:
        """Return one that runs its commands in *directory*, and is at home where this one is."""
        return Cli(self._directory, inside=directory)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "tests.support.at_home", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_S,
            env=self._environ(environ),
            cwd=self._inside,
        )

    def start(self, *arguments: str, **environ: str) -> RunningCli:
        """Start one command that keeps running."""
        own = self._directory / f"cli-{len(self._running)}"
        own.mkdir()
        running = RunningCli(own, arguments, self._environ(environ))
        self._running.append(running)
        return running

    def end(self) -> None:
        """End all that still runs."""
        for running in self._running:
            running.end()

    def _environ(self, environ: dict[str, str]) -> dict[str, str]:
        plain = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        own = {
            "PYTHONPATH": MODULES,
            "HOME": os.fspath(self._directory),
            "XDG_STATE_HOME": os.fspath(self._directory / "xdg"),
            "COLUMNS": "100",
        }
        return plain | own | environ


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    """``sersync`` in the test's own directory; ended with it."""
    cli = Cli(tmp_path)
    yield cli
    cli.end()
