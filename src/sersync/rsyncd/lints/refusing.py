"""Which options ``refuse options`` refuses, of those that mirroring needs. Pure."""

from __future__ import annotations

import fnmatch
from typing import Final

_NEEDED: Final = {
    # Options of every run, as the daemon sees them, with their letters.
    "delete": "", "delete-during": "", "delete-missing-args": "", "force": "", "max-delete": "",
    "dirs": "d", "relative": "R", "times": "t", "perms": "p", "links": "l", "owner": "o",
    "group": "g", "devices": "", "specials": "", "ignore-times": "I", "modify-window": "@",
    "timeout": "", "max-size": "",
}  # fmt: skip
_ARCHIVE: Final = frozenset(
    ("links", "perms", "times", "group", "owner", "devices", "specials", "recursive")
)
"""What refusing ``a`` or ``archive`` by name refuses with it (rsyncd.conf(5), refuse options)."""
_DELETING: Final = frozenset(("delete", "delete-during", "delete-missing-args"))


def refused_options(text: str) -> list[str]:
    """Return the options that mirroring needs and that the value *text* refuses, sorted.

    Words are taken in order, each a name, a letter or a wildcard; one with ``!`` allows again.
    """
    refused: set[str] = set()
    for word in text.split():
        allows, pattern = word.startswith("!"), word.lstrip("!").removeprefix("--")
        matched = {name for name, letter in _NEEDED.items() if _matches(pattern, name, letter)}
        if pattern in ("a", "archive"):
            matched |= _ARCHIVE & set(_NEEDED)
        if pattern == "delete" and not allows:
            matched |= _DELETING  # they imply --delete, and what is implied is refused, too
        refused = refused - matched if allows else refused | matched
    if "delete" in refused:
        refused |= _DELETING
    return sorted(refused)


def _matches(pattern: str, name: str, letter: str) -> bool:
    return pattern == letter != "" or fnmatch.fnmatchcase(name, pattern)
