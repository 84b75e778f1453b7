"""Files with several names: what is known of them, so that all their names travel.

The kernel reports a change under the name by which the file was opened and no other. Names
outside the tree cannot be known; a name inside may be unknown until a full pass has met it.
"""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable
from typing import Final

from sersync.model.path import RelPath, ancestors, is_within
from sersync.transfer.view import Seen

Key = tuple[int, int]
"""Device and inode."""

Count = tuple[int, int]
"""How many names a file has, and how many of them are known."""

State = tuple[int, int]
"""When a file changed last (``st_ctime_ns``), and how many names it had."""

_MOST_NAMES_OF_ONE_FILE: Final = 1_000


class LinkedNames:
    """The names of files with more than one, as far as they were met. Owned by the worker."""

    def __init__(self, lstat: Callable[[RelPath], Seen | None], *, most: int = 200_000) -> None:
        self._lstat = lstat
        self._most = most
        self._names: dict[Key, set[RelPath]] = {}
        self._file_of: dict[RelPath, Key] = {}
        self._states: dict[Key, State] = {}
        self._above: Counter[RelPath] = Counter()
        """How many of the names lie below each directory."""
        self._unknown: dict[Key, Count] = {}
        self._searched: dict[Key, Count] = {}
        self._left: dict[RelPath, None] = {}

    def note(self, path: RelPath, seen: Seen, *, is_written: bool = False) -> None:
        """Remember that *path* is one name of a file that has several.

        *is_written*: by it bytes were written just now, perhaps, and nobody reports the others.
        """
        if is_written:
            self._left.update(dict.fromkeys(self.others(path, seen)))
            return
        key = (seen.st_dev, seen.st_ino)
        self.look(path, seen)
        if key in self._states and self._has_changed(key, seen):
            # By a name of which nothing was heard, as in a directory that had just been moved.
            self._left.update(dict.fromkeys(self._still(key, path)))
            self._left[path] = None
        if path in self._file_of or len(self._file_of) >= self._most:
            return
        self._file_of[path] = key
        self._above.update(ancestors(path))
        self._names.setdefault(key, set()).add(path)
        self._states[key] = seen.st_ctime_ns, seen.st_nlink
        if key in self._unknown or key in self._searched:
            # It may have been written to by another name, when nobody knew of this one.
            self._left[path] = None
        self._searched.pop(key, None)

    def look(self, path: RelPath, seen: Seen | None) -> None:
        """Take note that *seen* is at *path* now; another file may have been there before.

        That one may have been written to by this name before it lost it: ``left`` tells the
        names that it still has.
        """
        known = self._file_of.get(path)
        if known is None or _is(seen, known):
            return
        self._left.update(dict.fromkeys(self._still(known, path)))
        self._forget(path)

    def look_below(self, directory: RelPath) -> None:
        """Take note that what *directory* holds now may be something else: it was moved, perhaps.

        Where it is now, files may have been written to before anybody listened there.
        """
        if not self._above[directory]:
            return
        for path in [each for each in self._file_of if is_within(each, directory)]:
            key = self._file_of.get(path)
            now = self._lstat(path)
            # It may be forgotten by now, as another name of a file that was looked at before.
            if key is None or _is(now, key):
                continue
            before_ns, _ = self._states[key]
            for other in self._still(key, path):
                there = self._lstat(other)
                if there is not None and there.st_ctime_ns != before_ns:
                    self._left[other] = None
            self._forget(path)

    def left(self) -> list[RelPath]:
        """Return, once, the names of files that were written to, perhaps, by another name."""
        names = list(self._left)
        self._left.clear()
        return names

    def others(self, path: RelPath, seen: Seen) -> list[RelPath]:
        """Return the other names of the file at *path*, which was just reported."""
        if seen.st_nlink < 2:
            return []
        key = (seen.st_dev, seen.st_ino)
        if key in self._states:
            # All of its names are told of now.
            self._states[key] = seen.st_ctime_ns, seen.st_nlink
        self.note(path, seen)
        names = self._still(key, path)
        count = (seen.st_nlink, len(names) + 1)
        if count[1] < count[0] and self._searched.get(key) != count:
            self._unknown[key] = count
        return names

    def known(self, path: RelPath, seen: Seen) -> list[RelPath]:
        """Return what is known of them, where *path* itself takes no part; none is looked for."""
        key = (seen.st_dev, seen.st_ino)
        if seen.st_nlink < 2 or key not in self._states:
            return []
        self._states[key] = seen.st_ctime_ns, seen.st_nlink
        return self._still(key, path)

    @property
    def has_unknown(self) -> bool:
        """A file was reported that has more names than are known: somewhere, perhaps inside."""
        return bool(self._unknown)

    def search(self) -> None:
        """Take note that a full pass begins: what it does not meet lies outside of the tree."""
        if len(self._searched) > self._most:
            self._searched.clear()
        self._searched.update(self._unknown)
        self._unknown.clear()

    def one_of_each(self) -> list[RelPath]:
        """Return one name of each file that is known to have several."""
        return [min(names) for names in self._names.values() if len(names) > 1]

    def _still(self, key: Key, path: RelPath) -> list[RelPath]:
        """Return the names of *key* but *path*, those that still are; forget the others."""
        still = []
        for name in sorted(self._names.get(key, ()))[:_MOST_NAMES_OF_ONE_FILE]:
            if name == path:
                continue
            now = self._lstat(name)
            if _is(now, key):
                still.append(name)
            else:
                self._forget(name)
        return still

    def _has_changed(self, key: Key, seen: Seen) -> bool:
        """Tell whether the file was changed since it was seen, but not by a link to it."""
        before_ns, names = self._states[key]
        self._states[key] = seen.st_ctime_ns, seen.st_nlink
        return seen.st_ctime_ns != before_ns and seen.st_nlink == names

    def _forget(self, path: RelPath) -> None:
        key = self._file_of.pop(path)
        for directory in ancestors(path):
            self._above[directory] -= 1
            if not self._above[directory]:
                del self._above[directory]
        # A name that moved is to be found again under its new one.
        self._searched.pop(key, None)
        names = self._names[key]
        names.discard(path)
        if not names:
            del self._names[key], self._states[key]


def _is(seen: Seen | None, key: Key) -> bool:
    """Tell whether *seen* is the file *key*; a directory may have got the inode of one."""
    if seen is None or stat.S_ISDIR(seen.st_mode):
        return False
    return (seen.st_dev, seen.st_ino) == key
