"""Sends a message to people: by a program, or to an address that takes JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from sersync.linux.once import run_once
from sersync.model.notification import Notification, NotifySettings, PostNotification, RunNotifier


def send(settings: NotifySettings, notification: Notification, *, omitted: int, host: str) -> str:
    """Send it; return why that failed, or nothing. Takes as long as the settings allow.

    *omitted*: so many others were not sent before, since there were too many. *host*: this one.
    """
    match settings.action:
        case RunNotifier(argv=argv):
            finished = run_once(
                argv,
                deadline_s=settings.timeout_s,
                stdin=text(notification, omitted=omitted, host=host).encode(
                    errors="backslashreplace"
                ),
                environ=_environment(notification),
            )
            if finished.code == 0:
                return ""
            said = finished.stderr.decode(errors="replace").strip()[:500]
            return f"it ended with code {finished.code}{f': {said}' if said else ''}"
        case PostNotification() as action:
            body = json.dumps(document(notification, omitted=omitted, host=host)).encode()
            return _post(action, body, settings.timeout_s)


def text(notification: Notification, *, omitted: int, host: str) -> str:
    """Return the message as a person reads it."""
    about = f"sersync on {host}: {notification.subject}: {notification.occasion.value}"
    lines = [about, "", f"{notification.message}."]
    if notification.remedy:
        lines.append(notification.remedy)
    if notification.command:
        lines += ["", f"    {notification.command}"]
    if omitted:
        lines += ["", f"{omitted} other messages were left out before: there were too many."]
    return "\n".join(lines) + "\n"


def document(notification: Notification, *, omitted: int, host: str) -> dict[str, Any]:
    """Return the message as a program reads it. ``text`` is what a chat shows."""
    return {
        "event": notification.occasion.value,
        "host": host,
        "source": notification.source,
        "target": notification.target,
        "message": notification.message,
        "remedy": notification.remedy,
        "command": notification.command,
        "lag_s": round(notification.lag_s, 3),
        "omitted": omitted,
        "text": text(notification, omitted=omitted, host=host),
    }


def _environment(notification: Notification) -> Mapping[str, str]:
    return {
        **os.environ,
        "SERSYNC_EVENT": notification.occasion.value,
        "SERSYNC_SOURCE": notification.source,
        "SERSYNC_TARGET": notification.target,
        "SERSYNC_MESSAGE": notification.message,
    }


def _post(action: PostNotification, body: bytes, timeout_s: float) -> str:
    import httpx  # Only those who use it pay for it.

    headers = {**dict(action.headers), "Content-Type": "application/json"}
    try:
        answer = httpx.post(action.url, content=body, headers=headers, timeout=timeout_s)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return str(error) or type(error).__name__
    return "" if answer.is_success else f"the peer answered {answer.status_code}"
