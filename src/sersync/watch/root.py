"""Is the source root still the one that we began with? Asked before anything that deletes."""

from __future__ import annotations

import os
from typing import Final

from sersync.linux.identity import file_system_of
from sersync.model.batch import Reason
from sersync.model.mount import MissingMount, tells_of_all
from sersync.model.pasting import word
from sersync.model.path import ROOT, RelPath, display
from sersync.watch.familiar import Familiar
from sersync.watch.mounts import CONFIRM, MountWatch

_NOBODY: Final = (-1, -1)
"""What no directory is identified by."""


class AbsentRoot:
    """Stands for a root that was not there when its source was to be started; nothing is carried.

    For any thread. Once the root is there, the source is started anew, under a ``RootWatch``.
    """

    had_entries = False
    missing: tuple[MissingMount, ...] = ()
    unheard: tuple[RelPath, ...] = ()
    mounted_files: tuple[RelPath, ...] = ()

    def __init__(self, root: bytes) -> None:
        where, pasted = display(root), word(root)
        self._reason = Reason(
            message=f"the source root {where} does not exist",
            remedy="Nothing of it is carried, and nothing was deleted on its targets. Make the"
            " directory, or mount its file system: replication then begins by itself.",
            command=f"ls -ld {pasted}; findmnt -T {pasted}",
        )

    def check(self) -> Reason | None:
        """Return why nothing may be carried."""
        return self._reason

    def accept(self) -> Reason | None:
        """Return why nobody can take it for the right one."""
        return self._reason

    def accept_empty(self) -> None:
        """What is not there is not empty."""

    def distrust(self) -> None:
        """Nothing is trusted here."""

    def protected(self) -> frozenset[RelPath]:
        """Return no subtrees: nothing is planned at all."""
        return frozenset()

    def mount_news(self) -> list[RelPath]:
        """Return nothing."""
        return []

    def accept_mounts(self) -> list[RelPath]:
        """Return nothing."""
        return []


class RootWatch:
    """Vouches for a root that was there, and held something, when this object was made.

    Used by several threads; what changes are single values. An unmounted file system shows as
    another device, a replaced directory as another inode, a wiped one as an empty listing.
    Whichever it is, everything on the targets would look deleted. *mounts* does the same for each
    file system below the root.
    """

    def __init__(
        self,
        root: bytes,
        given: bytes | None = None,
        *,
        mounts: MountWatch | None = None,
        confirm: str = CONFIRM,
    ) -> None:
        """*confirm*: the command by which people say that what became of the root is meant."""
        self._root = root
        self._given = given or root
        self._confirm = confirm
        status = os.stat(root)
        self._identity = (status.st_dev, status.st_ino)
        self._tells = tells_of_all(file_system_of(root))
        self._witness = b""
        self._may_be_empty = False
        self._had_entries = not self._is_empty()
        self._familiar = Familiar(root)
        self._was_emptied = False
        self.mounts = mounts or MountWatch(root, confirm=confirm)

    @property
    def had_entries(self) -> bool:
        """The root held something at least once; before, nothing may be deleted for its sake."""
        return self._had_entries

    def distrust(self) -> None:
        """Take the root for another one than before, until ``accept``."""
        self._identity = _NOBODY

    def protected(self) -> frozenset[RelPath]:
        """Return the subtrees whose file system is missing now: nothing is planned in them."""
        return self.mounts.protected()

    @property
    def missing(self) -> tuple[MissingMount, ...]:
        """The file systems below the root that are not there, with the reasons."""
        return self.mounts.missing

    @property
    def unheard(self) -> tuple[RelPath, ...]:
        """The subtrees where others change what the kernel does not tell of."""
        return (*self.mounts.unheard, *self.mounts.files) if self._tells else (ROOT,)

    @property
    def mounted_files(self) -> tuple[RelPath, ...]:
        """The files over which another one is mounted, whose changes the kernel does not tell."""
        return self.mounts.files

    def mount_news(self) -> list[RelPath]:
        """Return where something was mounted since the last call, or a loss was accepted."""
        return self.mounts.news()

    def accept_mounts(self) -> list[RelPath]:
        """Take file systems that are missing for gone; return where they were."""
        return self.mounts.accept()

    def accept(self) -> Reason | None:
        """Take the root as it is now for the right one; return why that cannot be."""
        try:
            status = os.stat(self._root)
        except OSError:
            return self.check()
        self._identity = (status.st_dev, status.st_ino)
        self._tells = tells_of_all(file_system_of(self._root))
        self.mounts.accept()
        self.accept_empty()
        self._was_emptied = False
        self._familiar.begin_anew()
        self._had_entries = True
        return self.check()

    def accept_empty(self) -> None:
        """If the root is empty now, take that for meant; what it holds later is guarded again."""
        if self._is_empty():
            self._may_be_empty = True
            self._had_entries = True

    def check(self) -> Reason | None:
        """Return None while the root is what it was; else why nothing may be carried."""
        where, pasted = display(self._root), word(self._root)
        try:
            status = os.stat(self._root)
            is_followed = self._given == self._root or os.path.realpath(self._given) == self._root
        except OSError as error:
            return Reason(
                message=f"the source root {where} is gone ({error.strerror})",
                remedy="Nothing was deleted on the targets. Bring the directory back, or mount its"
                " file system: replication then goes on by itself.",
                command=f"ls -ld {pasted}; findmnt -T {pasted}",
            )
        if not is_followed:
            return Reason(
                message=f"the symlink {display(self._given)} no longer leads to {where}",
                remedy="Nothing was deleted on the targets. If the new place is meant, restart"
                ' sersync; everything is then compared. With root_symlink = "follow" it goes on'
                " there by itself.",
                command=f"ls -l {word(self._given)}",
            )
        if (status.st_dev, status.st_ino) != self._identity:
            return Reason(
                message=f"the source root {where} is another directory than before: it was"
                " replaced, or a file system was mounted or unmounted there",
                remedy="Nothing was deleted on the targets. Mount the file system again and"
                " replication goes on by itself; if the new directory is meant:"
                f" {self._confirm}",
                command=f"findmnt -T {pasted}; ls -la {pasted}",
                needs_confirm=True,
            )
        if self._is_empty():
            self._was_emptied = self._had_entries and not self._may_be_empty
            if self._was_emptied:
                return self._emptied("was emptied", "if the targets are to be emptied too")
        elif self._was_emptied and not self._familiar.is_back():
            what = "was emptied, and holds other files now than before"
            return self._emptied(what, "if they are to take the place of those")
        else:
            self._was_emptied = False
            self._familiar.look()
            self._had_entries = True
            self._may_be_empty = False
        return None

    def _emptied(self, what: str, meant: str) -> Reason:
        return Reason(
            message=f"the source root {display(self._root)} {what}",
            remedy="Nothing more was deleted on the targets. When at least half of what was there"
            f" is back, replication goes on by itself; {meant}: {self._confirm}",
            command=f"ls -la {word(self._root)}",
            needs_confirm=True,
        )

    def _is_empty(self) -> bool:
        # A listing of a large directory is not free; one entry that is still there is enough.
        if self._witness and os.path.lexists(self._witness):
            return False
        try:
            with os.scandir(self._root) as entries:
                first = next(entries, None)
        except OSError:
            return True
        self._witness = first.path if first is not None else b""
        return first is None
