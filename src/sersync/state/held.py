"""What holds a target up, as one text in its row, and back. Pure.

What does not make sense when it is read raises ``ValueError``, ``TypeError`` or ``KeyError``.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from sersync.model.batch import Reason
from sersync.model.checkpoint import Asked, Held
from sersync.model.path import RelPath


def pack(held: Held) -> str:
    """Return *held* as a text in ASCII."""
    asked = held.asked
    return json.dumps(
        {
            "paused": held.is_paused,
            "asked": None if asked is None else asdict(asked),
            "recent": [each.decode(errors="surrogateescape") for each in held.recent],
            "deleted": held.deleted,
        }
    )


def unpack(text: str) -> Held:
    """Return what ``pack`` was given; nothing for an empty text."""
    if not text:
        return Held()
    told = json.loads(text)
    asked = told["asked"]
    return Held(
        is_paused=bool(told["paused"]),
        asked=None if asked is None else Asked(**{**asked, "reason": Reason(**asked["reason"])}),
        recent=tuple(RelPath(each.encode(errors="surrogateescape")) for each in told["recent"]),
        deleted=int(told.get("deleted", 0)),
    )
