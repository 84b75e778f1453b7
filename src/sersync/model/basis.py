"""What a target's stored state rests on: another basis, and it says nothing any more."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from sersync.model.target import RemoteShell, Target

_VERSION = b"1"
"""Of what is carried and how: raised when a new sersync must compare everything again."""


def basis_of(target: Target) -> str:
    """Return a digest of all that decides what stands on *target* after everything was carried.

    Its endpoint, the options of its runs, its filters, and whether it deletes. How fast it goes
    and who logs in with which key is no part of it.
    """
    endpoint = target.endpoint
    if isinstance(endpoint, RemoteShell):
        endpoint = replace(endpoint, identity="")
    parts = [
        _VERSION,
        repr(endpoint).encode(errors="surrogateescape"),
        repr(target.options).encode(errors="surrogateescape"),
        b"delete" if target.delete else b"keep",
        target.rsync_path.encode(errors="surrogateescape"),
        *(bytes(rule) for rule in target.filters.rules),
        *(each.text for each in target.filters.expressions),
    ]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()
