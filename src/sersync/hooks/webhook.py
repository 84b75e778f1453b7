"""Posts a JSON document for each batch of changes."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from sersync.model.hooks import Change, HookOutcome, PostJson


class WebHook:
    """Posts to the address of *action*. One thread owns it; ``cancel`` is for any."""

    def __init__(self, action: PostJson, *, source: str, timeout_s: float) -> None:
        import httpx  # Only those who use it pay for it.

        self._action = action
        self._source = source
        self._errors = (httpx.HTTPError, httpx.InvalidURL)
        self._client = httpx.Client(timeout=timeout_s, headers=dict(action.headers))
        self._is_cancelled = False

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Post *changes* in one document; any status of 2xx is success."""
        told = tuple(changes)
        if self._is_cancelled:
            return HookOutcome(failed=told, message="it was stopped")
        body = json.dumps(document(self._source, told)).encode()
        try:
            answer = self._client.post(
                self._action.url, content=body, headers={"Content-Type": "application/json"}
            )
        except self._errors as error:
            return HookOutcome(failed=told, message=str(error) or type(error).__name__)
        if answer.is_success:
            return HookOutcome()
        return HookOutcome(failed=told, message=f"the peer answered {answer.status_code}")

    def cancel(self) -> None:
        """Post nothing more."""
        self._is_cancelled = True


def document(source: str, changes: Sequence[Change]) -> dict[str, Any]:
    """Return what is posted. A path that is not UTF-8 is exact in ``path_base64`` only."""
    return {
        "source": source,
        "changes": [
            {
                "path": change.absolute.decode(errors="replace"),
                "path_base64": base64.b64encode(change.absolute).decode(),
                "kind": change.kind.value,
                "directory": change.is_dir,
            }
            for change in changes
        ],
    }
