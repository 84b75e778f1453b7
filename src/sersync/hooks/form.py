"""Posts a form for each path, with the fields of the ``http`` plugin of sersync 2."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from sersync.hooks.exchange import exchange
from sersync.model.hooks import Change, ChangeKind, HookOutcome, PostForm

_MASKS: Final = {ChangeKind.WRITTEN: 8, ChangeKind.CREATED: 256, ChangeKind.DELETED: 512}
"""IN_CLOSE_WRITE, IN_CREATE and IN_DELETE: inotify(7)."""
_DIRECTORY: Final = 0x40000000
"""IN_ISDIR."""


class FormHook:
    """Sends one request for each path. One thread owns it; ``cancel`` is for any."""

    def __init__(self, action: PostForm, *, below: bytes, timeout_s: float) -> None:
        self._action = action
        self._below = below
        self._timeout_s = timeout_s
        self._is_cancelled = False

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Post each of *changes*; any status of 2xx is success."""
        failed: list[Change] = []
        message = ""
        for change in changes:
            problem = "it was stopped" if self._is_cancelled else self._post(change)
            if problem:
                failed.append(change)
                message = message or problem
        return HookOutcome(failed=tuple(failed), message=message)

    def cancel(self) -> None:
        """Post nothing more."""
        self._is_cancelled = True

    def _post(self, change: Change) -> str:
        host, port = self._action.host, self._action.port
        request = request_for(self._action, change, self._below)
        try:
            answer = exchange(host, port, request, method="POST", timeout_s=self._timeout_s)
        except OSError as error:
            return f"{host}:{port}: {error.strerror or error}"
        return "" if 200 <= answer.status < 300 else f"{host}:{port} answered {answer.status}"


def request_for(action: PostForm, change: Change, below: bytes) -> bytes:
    """Return the request that tells of *change*."""
    mask = _MASKS[change.kind] + (_DIRECTORY if change.is_dir else 0)
    fields: dict[str, bytes | int] = {
        "watchroot": below or change.root,
        "isdir": int(change.is_dir),
        "inotifyPath": change.absolute,
        "mask": mask,
    }
    body = urlencode(fields).encode()
    return (
        b"POST %b HTTP/1.0\r\n"
        b"Host: %b\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n"
        b"\r\n%b"
    ) % (os.fsencode(action.path), os.fsencode(action.host), len(body), body)
