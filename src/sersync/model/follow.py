"""Which symlinks are followed: what they lead to is carried in their place (rsync(1)). Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from sersync.model.path import RelPath

NOWHERE: Final = os.stat_result((1,) + (0,) * 9)
"""What is seen of a link that is to be followed and leads nowhere.

rsync calls that an error, and deletes nothing then; so what a target has of it stays.
"""

_UPS: Final = re.compile(rb"\A(?:\.\./+)*")
_LONGEST_UP: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Which symlinks are followed; false where none is."""

    every: bool = False
    """``--copy-links``"""
    outside: bool = False
    """``--copy-unsafe-links``: those that lead out of the tree."""
    directories: bool = False
    """``--copy-dirlinks``: those that lead to directories."""

    def __bool__(self) -> bool:
        return self.every or self.outside or self.directories

    def __or__(self, other: Follow) -> Follow:
        """Return what follows the links that either of both follows."""
        return Follow(
            every=self.every or other.every,
            outside=self.outside or other.outside,
            directories=self.directories or other.directories,
        )

    def follows(self, path: RelPath, text: bytes, *, to_directory: bool) -> bool:
        """Tell whether the link at *path*, whose target is written as *text*, is followed."""
        if self.every or (self.directories and to_directory):
            return True
        return self.outside and leads_outside(path, text)


def leads_outside(path: RelPath, text: bytes) -> bool:
    """Tell whether *text*, as the target of a link at *path*, may lead out of the tree.

    As rsync decides it, by the words alone (util1.c, ``unsafe_symlink``). What goes up anywhere but
    at its very beginning, or at its end, is not trusted (since 3.2.7).
    """
    if not text or text.startswith(b"/"):
        return True
    below = _UPS.sub(b"", text)
    if b"/../" in below or (len(text) > _LONGEST_UP and text.endswith(b"/..")):
        return True
    ups = text[: len(text) - len(below)].count(b"..") + (below == b"..")
    return ups > path.count(b"/")
