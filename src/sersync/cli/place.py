"""What people mean by a path that they type: from here, or relative to a source."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def about(path: str, question: Callable[[str], Json]) -> Json:
    """Put *question* about *path*: as it stands from here if that is there, else as written.

    Raises what *question* raises for the path as it is written.
    """
    from sersync.api.client import NotDone

    if path and not os.path.isabs(path) and os.path.lexists(path):
        try:
            return question(os.path.abspath(path))
        except NotDone:
            # It lies in no source: so it is relative to one.
            pass
    return question(path)
