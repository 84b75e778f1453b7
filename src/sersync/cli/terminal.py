"""The terminal as a screen of our own: drawn as a whole, and left as it was found."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections import deque
from types import FrameType, TracebackType
from typing import Any, Final, Self

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_TOP_LEFT: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_REST_OF_SCREEN: Final = "\x1b[J"
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
_KEYS: Final = {
    b"\x1b[A": "up", b"\x1bOA": "up", b"\x1b[B": "down", b"\x1bOB": "down",
    b"\x1b[H": "home", b"\x1b[1~": "home", b"\x1b[F": "end", b"\x1b[4~": "end",
    b"\x1b[5~": "page-up", b"\x1b[6~": "page-down", b"\x1b": "escape", b"\r": "enter",
    b"\n": "enter",
}  # fmt: skip
"""What terminals send (console_codes(4), and xterm's in application mode)."""


class Terminal:
    """The alternate screen on standard output; with *keys*, standard input key by key, unechoed.

    What was there is put back at the end, also after an exception, a signal that ends us, and
    for as long as Ctrl-Z stops us. For the main thread.
    """

    def __init__(self, *, keys: bool) -> None:
        self._keyboard = sys.stdin.fileno() if keys else None
        self._before: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._typed: deque[str] = deque()
        self._wake_from, self._wake_to = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        if self._keyboard is not None:
            self._before = termios.tcgetattr(self._keyboard)
        signal.set_wakeup_fd(self._wake_to, warn_on_full_buffer=False)
        self._handle(signal.SIGWINCH, lambda *_: None)
        self._handle(signal.SIGTSTP, self._stand_aside)
        for number in _ENDING:
            self._handle(number, _end)
        with contextlib.ExitStack() as undo:
            undo.callback(self._give_back)
            self._take()
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._give_back()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._wake_from)
        os.close(self._wake_to)

    def draw(self, lines: list[str]) -> None:
        """Show *lines* and nothing else; there must be no more of them than the screen has."""
        body = "\r\n".join(f"{line}{_REST_OF_LINE}" for line in lines)
        sys.stdout.write(f"{_TOP_LEFT}{body}{_REST_OF_SCREEN}")
        sys.stdout.flush()

    def size(self) -> tuple[int, int]:
        """Return how many columns and lines there are now."""
        try:
            columns, lines = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return 80, 24
        return columns or 80, lines or 24

    def key(self, timeout_s: float) -> str:
        """Return the next key, such as ``"q"`` or ``"up"``; "" when there is none in time.

        ``wake`` and signals end the waiting too. A terminal that is gone counts as ``"q"``.
        """
        if not self._typed:
            watched = [self._wake_from, *([] if self._keyboard is None else [self._keyboard])]
            ready, _, _ = select.select(watched, [], [], max(0.0, timeout_s))
            if self._wake_from in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_from, 4096)
            if self._keyboard is not None and self._keyboard in ready:
                self._typed += _decoded(self._keyboard)
        return self._typed.popleft() if self._typed else ""

    def wake(self) -> None:
        """Let ``key`` return. For any thread."""
        with contextlib.suppress(OSError):
            os.write(self._wake_to, b"\0")

    def _handle(self, number: int, handler: Any) -> None:
        self._handlers[number] = signal.signal(number, handler)

    def _take(self) -> None:
        if self._keyboard is not None:
            tty.setcbreak(self._keyboard, termios.TCSADRAIN)
        sys.stdout.write(_ENTER)
        sys.stdout.flush()

    def _give_back(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()
        if self._keyboard is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._before)

    def _stand_aside(self, _number: int, _frame: FrameType | None) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _decoded(keyboard: int) -> list[str]:
    try:
        typed = os.read(keyboard, 256)
    except OSError:
        typed = b""
    if not typed:
        return ["q"]
    keys: list[str] = []
    while typed:
        sequence = next((each for each in _KEYS if typed.startswith(each)), b"")
        if sequence == b"\x1b" and typed[1:2] in (b"[", b"O"):
            return keys  # a key that we do not know, and whatever came with it
        if sequence:
            keys.append(_KEYS[sequence])
        else:
            sequence = typed[:1]
            keys.append(sequence.decode("ascii", "replace"))
        typed = typed[len(sequence) :]
    return keys
