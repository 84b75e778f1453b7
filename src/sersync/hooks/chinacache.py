"""Asks ChinaCache to fetch changed pages anew, with the request that sersync 2 sent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import quote_from_bytes

from sersync.hooks.exchange import exchange
from sersync.model.hooks import Change, HookOutcome, RefreshChinaCache


class ChinaCacheHook:
    """Sends one request for each path. One thread owns it; ``cancel`` is for any.

    *below*: the directory that ``base`` stands for; empty is the source's root.
    """

    def __init__(self, action: RefreshChinaCache, *, below: bytes, timeout_s: float) -> None:
        self._action = action
        self._below = below
        self._timeout_s = timeout_s
        self._is_cancelled = False

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Ask for each of *changes*; success is a header ``whatsup`` that begins with succeed."""
        failed: list[Change] = []
        message = reply = ""
        for change in changes:
            request = request_for(self._action, change, self._below)
            if request is None:
                continue
            problem, said = ("it was stopped", "") if self._is_cancelled else self._ask(request)
            reply = reply or said
            if problem:
                failed.append(change)
                message = message or problem
        return HookOutcome(failed=tuple(failed), message=message, reply=reply)

    def cancel(self) -> None:
        """Ask no more."""
        self._is_cancelled = True

    def _ask(self, request: bytes) -> tuple[str, str]:
        host, port = self._action.host, self._action.port
        try:
            answer = exchange(host, port, request, method="HEAD", timeout_s=self._timeout_s)
        except OSError as error:
            return f"{host}:{port}: {error.strerror or error}", ""
        said = answer.headers.get("whatsup", "")
        if said.startswith("succeed"):
            return "", f"whatsup: {said[:200]}"
        return f"{host}:{port} answered {answer.status}, whatsup: {said[:200] or 'missing'}", ""


def request_for(action: RefreshChinaCache, change: Change, below: bytes) -> bytes | None:
    """Return the request for *change*; None where the expression does not match."""
    url = _url(action, change, below)
    if url is None:
        return None
    if change.is_dir:
        which = b"dirs=" + _quoted(url.rstrip(b"/")) + b"/"
    else:
        which = b"urls=" + _quoted(url)
    return (b"HEAD /index.jsp?user=%b&pswd=%b&ok=ok&%b HTTP/1.0\r\nHost: %b\r\n\r\n") % (
        _quoted(os.fsencode(action.user)),
        _quoted(os.fsencode(action.password)),
        which,
        os.fsencode(action.host),
    )


def _url(action: RefreshChinaCache, change: Change, below: bytes) -> bytes | None:
    base = os.fsencode(action.base)
    path = change.absolute
    if action.match is not None:
        found = action.match.search(path)
        if found is None:
            return None
        part = found[1] if found.re.groups else found[0]
        return base + (part or b"") + path[found.end() :]
    top = (below or change.root).rstrip(b"/")
    return base.rstrip(b"/") + b"/" + path[len(top) :].lstrip(b"/")


def _quoted(text: bytes) -> bytes:
    """Return *text* with all but unreserved characters, ``/`` and ``:`` percent-encoded."""
    return quote_from_bytes(text, safe="/:").encode()
