"""Runs a program for each path, or once for a batch. There is no shell anywhere."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from sersync.linux.child import Child
from sersync.linux.children import Children
from sersync.linux.wake import Wake
from sersync.model.hooks import Change, HookOutcome, RunCommand
from sersync.model.path import display

_KEPT_OUTPUT_BYTES = 64 << 10
_SHOWN_BYTES = 500


class CommandHook:
    """Runs the program of *action*. One thread owns it; ``cancel`` is for any."""

    def __init__(self, action: RunCommand, *, timeout_s: float) -> None:
        self._action = action
        self._timeout_s = timeout_s
        self._wake = Wake()
        self._children = Children(self._wake)
        self._cancelled = threading.Event()

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Run it for *changes*; what it prints is the reply."""
        before = [os.fsencode(word) for word in self._action.before]
        after = [os.fsencode(word) for word in self._action.after]
        failed: list[Change] = []
        messages: list[str] = []
        replies: list[str] = []
        if self._action.per_batch:
            listed = b"".join(change.absolute + b"\0" for change in changes)
            calls = [([*before, *after], listed, list(changes))]
        else:
            calls = [([*before, change.absolute, *after], b"", [change]) for change in changes]
        for argv, stdin, told in calls:
            problem, reply = self._call(argv, stdin)
            if reply:
                replies.append(reply)
            if problem and not (self._action.ignore_errors and not self._cancelled.is_set()):
                failed += told
                messages.append(problem)
        return HookOutcome(
            failed=tuple(failed),
            message=messages[0] if messages else "",
            reply="; ".join(replies[:10]),
        )

    def cancel(self) -> None:
        """End what is running, and start nothing more."""
        self._cancelled.set()
        self._wake.set()

    def _call(self, argv: list[bytes], stdin: bytes) -> tuple[str, str]:
        """Run *argv* to its end; return what went wrong, or nothing, and what it printed."""
        if self._cancelled.is_set():
            return "it was stopped", ""
        environment = {
            name: value for name, value in os.environb.items() if not name.startswith(b"RSYNC_")
        }
        try:
            child = Child(argv, env=environment, cwd=b"/", kept_bytes=_KEPT_OUTPUT_BYTES)
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            return f"{display(argv[0])} cannot be started: {said}", ""
        self._children.add(child)
        self._children.feed(child, stdin)
        deadline = time.monotonic() + self._timeout_s
        while True:
            for _, code in self._children.wait(max(0.0, deadline - time.monotonic())):
                printed = _shown(child.stdout.text + child.stderr.text)
                how = f"code {code}" if code >= 0 else f"signal {-code}"
                if code == 0:
                    return "", printed
                return f"{display(argv[0])} ended with {how}" + (printed and f": {printed}"), ""
            if self._cancelled.is_set() or time.monotonic() >= deadline:
                self._children.kill(child)
                over = f"took longer than {self._timeout_s:g} s and was ended"
                return "it was stopped" if self._cancelled.is_set() else over, ""


def _shown(output: bytes) -> str:
    return display(output.strip()[:_SHOWN_BYTES]) if output.strip() else ""
