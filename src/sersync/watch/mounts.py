"""The file systems below a root: which are there, and which should be.

An unmounted file system leaves an empty directory behind, and everything on it would look
deleted. So each is remembered, also from one start to the next; where one is missing, or is
another, nothing at that place or below is planned until it is back or a person accepts the loss.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sersync.linux.identity import birth_ns
from sersync.linux.mounts import MountTable, mount_points, mounted
from sersync.model.batch import Reason
from sersync.model.mount import MissingMount, Mount, tells_of_all
from sersync.model.pasting import word
from sersync.model.path import RelPath, display

Survey = Callable[[bytes], Mapping[RelPath, Mount]]
Record = Callable[[Iterable[Mount]], None]

CONFIRM: Final = "sersync resume --confirm"
"""Where nothing is known of who may have to be asked."""


def survey(root: bytes) -> dict[RelPath, Mount]:
    """Return the file systems that are mounted below *root* now; of two at one place the upper."""
    prefix = root.rstrip(b"/") + b"/"
    found: dict[RelPath, Mount] = {}
    for each in mounted():
        if not each.point.startswith(prefix) or each.point == prefix:
            continue
        path = RelPath(each.point[len(prefix) :])
        found.pop(path, None)
        try:
            seen = os.stat(each.point)
            with os.scandir(each.point) as entries:
                is_empty = next(entries, None) is None
        except OSError:
            continue
        found[path] = Mount(
            path=path,
            file_system=each.kind.decode(errors="replace"),
            inode=seen.st_ino,
            birth_ns=birth_ns(each.point),
            device=seen.st_dev,
            is_empty=is_empty,
        )
    return found


def mounted_files(root: bytes) -> tuple[RelPath, ...]:
    """Return the files below *root* over which another one is mounted (mount(8), ``--bind``).

    What is written to those is told where they come from, and not here.
    """
    points = mount_points(root)
    start = len(root.rstrip(b"/")) + 1
    return tuple(RelPath(point[start:]) for point in points if os.path.isfile(point))


class MountWatch:
    """Knows the file systems below *root*. For any thread.

    *remembered* are those of an earlier start, *record* is called when they are others.
    *is_excluded* tells of places that do not take part. *confirm*: the command by which people
    say that what is missing is gone for good.
    """

    def __init__(
        self,
        root: bytes,
        *,
        remembered: Iterable[Mount] = (),
        record: Record = lambda _: None,
        is_excluded: Callable[[RelPath], bool] = lambda _: False,
        look: Survey = survey,
        confirm: str = CONFIRM,
    ) -> None:
        self._root = root
        self._record = record
        self._is_excluded = is_excluded
        self._survey = look
        self._confirm = confirm
        self._lock = threading.Lock()
        self._table = MountTable()
        self._known = {mount.path: mount for mount in remembered if not is_excluded(mount.path)}
        self._recorded = dict(self._known)
        self._missing: dict[RelPath, MissingMount] = {}
        self.files: tuple[RelPath, ...] = ()
        """The files that are mounted below the root, whose changes nobody tells."""
        self._news: list[RelPath] = []
        self._compare()
        self._news.clear()

    def protected(self) -> frozenset[RelPath]:
        """Look, and return the places at and below which nothing may be planned."""
        with self._lock:
            if self._table.has_changed():
                self._compare()
            return frozenset(self._missing)

    @property
    def missing(self) -> tuple[MissingMount, ...]:
        """The file systems that are not there, or are others, with the reasons."""
        return tuple(self._missing.values())

    @property
    def unheard(self) -> tuple[RelPath, ...]:
        """The file systems that are there and do not tell of every change."""
        known = self._known
        return tuple(
            path
            for path, mount in sorted(known.items())
            if path not in self._missing and not tells_of_all(mount.file_system)
        )

    def news(self) -> list[RelPath]:
        """Look, and return the places where something was mounted, or a loss was accepted.

        What stands there is to be watched and compared anew. Each is returned once.
        """
        self.protected()
        with self._lock:
            news, self._news = self._news, []
            return news

    def accept(self) -> list[RelPath]:
        """Take what is there for right, and what is missing for gone; return those places."""
        with self._lock:
            accepted = list(self._missing)
            here = self._survey(self._root)
            for path in accepted:
                self._known.pop(path, None)
                if path in here:
                    self._known[path] = here[path]
            self._missing = {}
            self._news += accepted
            self._keep()
            return accepted

    def _compare(self) -> None:
        here = {
            path: mount
            for path, mount in self._survey(self._root).items()
            if not self._is_excluded(path)
        }
        files = mounted_files(self._root)
        self.files = tuple(path for path in files if not self._is_excluded(path))
        missing: dict[RelPath, MissingMount] = {}
        for path in sorted(here.keys() | self._known.keys()):
            mount, known = here.get(path), self._known.get(path)
            if mount is not None and (known is None or known.is_again(mount)):
                if known is None or path in self._missing or known.device != mount.device:
                    self._news.append(path)
                self._known[path] = mount
            elif known is not None:
                reason = _reason(self._place(path), mount, self._confirm)
                missing[path] = MissingMount(path=path, reason=reason)
        self._missing = missing
        self._keep()

    def _keep(self) -> None:
        if self._known != self._recorded:
            self._recorded = dict(self._known)
            self._record(self._known.values())

    def _place(self, path: RelPath) -> bytes:
        return self._root.rstrip(b"/") + b"/" + path


def _reason(point: bytes, found: Mount | None, confirm: str) -> Reason:
    what = "is not mounted" if found is None else "is another one than before"
    return Reason(
        message=f"the file system at {display(point)} {what}",
        remedy="What the targets have of it stays as it is, and nothing there is carried; all else"
        " goes on. Mount it again and it goes on by itself; if it is gone for good, which deletes"
        f" it on the targets: {confirm}",
        command=f"findmnt -T {word(point)}",
        needs_confirm=True,
    )
