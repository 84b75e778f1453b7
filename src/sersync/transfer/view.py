"""What a plan looks at: the source tree as it is now, and what is known of its hard links."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from sersync.model.path import RelPath

Seen = os.stat_result
"""What lstat(2) tells of a path."""


class View(Protocol):
    """The source tree as it is now."""

    def lstat(self, path: RelPath) -> Seen | None:
        """Return what is at *path*, or None when there is nothing.

        A path that cannot be looked at has mode 0: rsync is to find out why, and nothing that
        we merely cannot see is ever deleted. A symlink that is followed and leads nowhere is
        ``NOWHERE``, and left alone on both sides.
        """
        ...

    def is_ignored(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether *path* takes no part: a file in the tree says so, or where it lies."""
        ...

    def is_left_empty(self, directory: RelPath) -> bool:
        """Tell whether what *directory* holds takes no part, and it itself does."""
        ...

    def entries(self, directory: RelPath) -> Sequence[tuple[bytes, Seen]]:
        """Return what *directory* holds; nothing when it cannot be read."""
        ...


class Links(Protocol):
    """What is known of files with several names."""

    def note(self, path: RelPath, seen: Seen, *, is_written: bool = False) -> None:
        """Remember that *path* is one name of a file that has several.

        *is_written*: in a new directory, where single files are not reported, its bytes are young.
        """
        ...

    def others(self, path: RelPath, seen: Seen) -> list[RelPath]:
        """Return the other names of the file at *path*, which was just reported."""
        ...

    def known(self, path: RelPath, seen: Seen) -> list[RelPath]:
        """Return what is known of them, where *path* itself takes no part; none is looked for."""
        ...

    def look(self, path: RelPath, seen: Seen | None) -> None:
        """Take note that *seen* is at *path* now; another file may have been there before."""
        ...

    def look_below(self, directory: RelPath) -> None:
        """Take note that what *directory* holds now may be something else: it was moved, perhaps.

        Nothing needs to have been told of what was in it, and of what is.
        """
        ...

    def left(self) -> list[RelPath]:
        """Return, once, the names of files that were written to, perhaps, by a name they lost."""
        ...
