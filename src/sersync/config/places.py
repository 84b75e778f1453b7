"""Where an instance keeps its own files, and what it is called."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping


def default_state_dir(instance: str, environ: Mapping[str, str]) -> str:
    """Return the state directory of *instance*: root's below ``/var/lib``, else the user's own."""
    return os.path.join(state_base(environ), instance)


def state_base(environ: Mapping[str, str]) -> str:
    """Return the directory below which instances keep their state directories.

    The XDG Base Directory Specification names the place for users.
    """
    if os.geteuid() == 0:
        return "/var/lib/sersync"
    home = environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "sersync")


def digest(*words: str | bytes) -> str:
    """Return a short name for *words*, the same ones always giving the same name."""
    joined = b"\0".join(os.fsencode(word) for word in words)
    return hashlib.sha256(joined).hexdigest()[:12]
