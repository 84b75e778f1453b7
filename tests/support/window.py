"""A terminal window with a command of ours in it: a real pty, and what stands on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import MODULES

_DEADLINE_S = 30.0
_STYLE = re.compile(r"\x1b\[[0-9;]*m|\x1b\[K")
_FRAME = "\x1b[H"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Window:
    """Runs ``sersync`` in a terminal of *columns* and *lines*."""

    def __init__(
        self,
        *arguments: str,
        directory: Path,
        columns: int = 80,
        lines: int = 30,
        before_all: Path | None = None,
    ) -> None:
        """*before_all*: a directory whose modules Python finds first."""
        self._ours, self._theirs = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self._theirs)
        self._received = b""
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.at_home", *arguments],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=self._environ(directory, before_all),
            cwd=directory,
            start_new_session=True,
        )

    @staticmethod
    def _environ(directory: Path, before_all: Path | None) -> Mapping[str, str]:
        first = [os.fspath(before_all)] if before_all else []
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([*first, MODULES]),
            "HOME": os.fspath(directory),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size, and tell who runs in it."""
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)
        if hasattr(self, "child"):
            self.child.send_signal(signal.SIGWINCH)

    def type(self, keys: str) -> None:
        """Press *keys*."""
        os.write(self._ours, keys.encode())

    @property
    def output(self) -> str:
        """Everything that was written so far."""
        while select.select([self._ours], [], [], 0)[0]:
            try:
                received = os.read(self._ours, 65536)
            except OSError:
                break
            if not received:
                break
            self._received += received
        return self._received.decode(errors="replace")

    @property
    def screen(self) -> str:
        """The last whole frame, without its colours."""
        frames = self.output.split(_FRAME)
        whole = [frame for frame in frames[1:] if frame.endswith("\x1b[J")]
        return _STYLE.sub("", whole[-1].removesuffix("\x1b[J")).replace("\r", "") if whole else ""

    def shows(self, *parts: str) -> str:
        """Wait until all *parts* stand on the screen; return it."""
        self.wait(lambda: all(part in self.screen for part in parts), parts)
        return self.screen

    def lacks(self, part: str) -> str:
        """Wait until *part* stands on the screen no more; return it."""
        self.wait(lambda: self.screen and part not in self.screen, part)
        return self.screen

    def wait(self, stands: Any, wanted: object) -> None:
        """Wait until *stands*; fail with the screen when the time is over."""
        deadline_s = time.monotonic() + _DEADLINE_S
        while not stands():
            if time.monotonic() > deadline_s:
                pytest.fail(f"no {wanted!r} on the screen:\n{self.screen}\n{self.output[-3000:]}")
            time.sleep(0.02)

    def ended(self) -> int:
        """Wait for the end; return the exit code."""
        self.wait(lambda: self.child.poll() is not None, "end")
        assert self.child.returncode is not None
        return self.child.returncode

    def is_as_it_was(self) -> bool:
        """Tell whether the terminal was left as it was found."""
        written = self.output
        return (
            termios.tcgetattr(self._theirs) == self.before
            and written.count(ENTER) == written.count(LEAVE)
            and written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l")
        )

    def close(self) -> None:
        """End the command, if it is still there, and close the window."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self._ours)
        os.close(self._theirs)


class Windows:
    """Opens windows, and closes them when the test is over."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: list[Window] = []

    def __call__(self, *arguments: str, **how: Any) -> Window:
        """Open one; *how* as for ``Window``."""
        window = Window(*arguments, directory=self._directory, **how)
        self._open.append(window)
        return window

    def close(self) -> None:
        for window in self._open:
            window.close()


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[Windows]:
    """Open terminal windows in the test's own directory."""
    windows = Windows(tmp_path)
    yield windows
    windows.close()
