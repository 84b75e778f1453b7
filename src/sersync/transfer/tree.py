"""The source tree as the plan sees it, and what is remembered of it between plans."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from sersync.linux.followed import FollowedLinks
from sersync.linux.ignored import IgnoreFiles
from sersync.model.follow import Follow
from sersync.model.path import RelPath, join, parent
from sersync.transfer.unit import DOUBTFUL, Stamp
from sersync.transfer.view import Seen

_UNSEEN: Final = os.stat_result((0,) * 10)


class SourceTree:
    """Looks at the source. Owned by the worker's thread."""

    def __init__(
        self,
        root: bytes,
        follow: Follow | None = None,
        *,
        ignore_files: bool = False,
        one_file_system: bool = False,
    ) -> None:
        """*follow*: the symlinks in whose place stands what they lead to.

        *ignore_files*: what a ``.cvsignore`` names takes no part. *one_file_system*: nor does
        what lies on another file system than the root.
        """
        self._ignored = IgnoreFiles(root) if ignore_files else None
        self._others = OtherFileSystems(root) if one_file_system else None
        self._prefix = root.rstrip(b"/") + b"/"
        self._links = FollowedLinks(root, follow or Follow())

    def refresh(self) -> None:
        """Look anew at what is remembered: a plan begins."""
        if self._ignored is not None:
            self._ignored.refresh()
        if self._others is not None:
            self._others.refresh()

    def is_ignored(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether *path* takes no part: a file in the tree says so, or where it lies."""
        if self._others is not None and path and self._others.have(parent(path)):
            return True
        return self._ignored is not None and self._ignored.excludes(path, is_dir=is_dir)

    def is_left_empty(self, directory: RelPath) -> bool:
        """Tell whether what *directory* holds takes no part, and it itself does."""
        return self._others is not None and self._others.have(directory)

    def lstat(self, path: RelPath) -> Seen | None:
        """Return what is at *path*, None for nothing, mode 0 for what cannot be looked at."""
        try:
            return self._links.through(path, os.lstat(self._prefix + path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return _UNSEEN

    def is_directory(self, path: RelPath) -> bool:
        """Tell whether there is a directory at *path*."""
        seen = self.lstat(path)
        return seen is not None and stat.S_ISDIR(seen.st_mode)

    def entries(self, directory: RelPath) -> Sequence[tuple[bytes, Seen]]:
        """Return what *directory* holds; nothing when it cannot be read."""
        found = []
        try:
            with os.scandir(self._prefix + directory) as listing:
                for entry in listing:
                    try:
                        seen = entry.stat(follow_symlinks=False)
                        if stat.S_ISLNK(seen.st_mode):
                            seen = self._links.through(join(directory, entry.name), seen)
                        found.append((entry.name, seen))
                    except OSError:
                        continue
        except OSError:
            pass
        return found

    def holds_more_than(self, directory: RelPath, most: int) -> bool:
        """Tell whether *directory* has more than *most* entries; looks at no more than that."""
        try:
            with os.scandir(self._prefix + directory) as listing:
                return next(islice(listing, most, None), None) is not None
        except OSError:
            return False


class OtherFileSystems:
    """What lies on another file system than *root*: rsync(1), ``--one-file-system``.

    rsync leaves it out of what it lists, but not out of what it is told by name. What was found
    is kept until ``refresh``.
    """

    def __init__(self, root: bytes) -> None:
        self._prefix = root.rstrip(b"/") + b"/"
        self._known: dict[RelPath, bool] = {}

    def refresh(self) -> None:
        """Look again from now on."""
        self._known.clear()

    def have(self, directory: RelPath) -> bool:
        """Tell whether what *directory* holds lies there; of one that is gone, its own place."""
        known = self._known.get(directory)
        if known is None:
            known = self._known[directory] = self._look(directory)
        return known

    def _look(self, directory: RelPath) -> bool:
        if not directory:
            return False
        try:
            device = os.stat(self._prefix + directory).st_dev
            return device != os.stat(self._prefix).st_dev
        except OSError:
            return self.have(parent(directory))


class RecentlyCarried:
    """The stamps with which paths were last carried, for the most recent ones."""

    def __init__(self, most: int = 50_000, *, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self.complete_since_ns = wall_ns()
        """The modification times after which every file that was carried is remembered."""
        self._wall_ns = wall_ns
        self._most = most
        self._stamps: dict[RelPath, tuple[Stamp, int]] = {}
        self._doubtful: dict[RelPath, set[RelPath]] = {}
        """Those among them that are doubtful, by their directory."""
        self._era = 1

    def stamp(self, path: RelPath) -> Stamp | None:
        """Return the stamp with which *path* was last carried, if that is remembered."""
        known = self._stamps.get(path)
        return known[0] if known is not None else None

    def is_confirmed(self, path: RelPath) -> bool:
        """Tell whether the target surely has *path* with that stamp."""
        known = self._stamps.get(path)
        return known is not None and known[1] == self._era

    def remember(self, stamps: Iterable[tuple[RelPath, Stamp]], *, confirmed: bool) -> None:
        """Remember that these were carried; not *confirmed*: they may have been."""
        known = self._stamps
        era = self._era if confirmed else 0
        for path, stamp in stamps:
            self._forget(path)
            known[path] = (stamp, era)
            if stamp is DOUBTFUL:
                self._doubtful.setdefault(parent(path), set()).add(path)
        while len(known) > self._most:
            path, (stamp, _) = next(iter(known.items()))
            self._forget(path)
            self.leave_out(stamp[1] if stamp is not DOUBTFUL else self._wall_ns())

    def doubtful(self, directory: RelPath) -> Collection[RelPath]:
        """Return the files in *directory* of which it is not known in what state they went."""
        return self._doubtful.get(directory, ())

    def _forget(self, path: RelPath) -> None:
        known = self._stamps.pop(path, None)
        if known is None or known[0] is not DOUBTFUL:
            return
        beside = self._doubtful[parent(path)]
        beside.discard(path)
        if not beside:
            del self._doubtful[parent(path)]

    def leave_out(self, mtime_ns: int) -> None:
        """Take note that a file with that modification time is carried without being remembered."""
        if mtime_ns > self.complete_since_ns:
            # A time in the future says nothing of those before it.
            self.complete_since_ns = max(self.complete_since_ns, min(mtime_ns, self._wall_ns()))

    def leave_out_all(self) -> None:
        """Take note that files of any age were carried without being remembered."""
        self.leave_out(self._wall_ns())

    def outdate(self, path: RelPath, stamp: Stamp) -> None:
        """Take note that *path* is carried as *stamp* says and that this is not remembered.

        What is known of it from before is nothing that the target surely has any more.
        """
        known = self._stamps.get(path)
        if known is not None and known[0][:3] != stamp[:3]:
            self.doubt_each([path])

    def doubt_each(self, paths: Iterable[RelPath]) -> None:
        """Take what is known of *paths* for confirmed no more."""
        for path in paths:
            if path in self._stamps:
                self._stamps[path] = self._stamps[path][0], 0

    def doubt(self) -> None:
        """Take nothing that was carried until now for confirmed any more."""
        self._era += 1


def as_carried(
    stamps: Iterable[tuple[RelPath, Stamp]],
    seen: Mapping[RelPath, Seen | None],
    *,
    is_certain: bool,
) -> Iterator[tuple[RelPath, Stamp]]:
    """Yield *stamps* as they may be remembered after a run: doubtful if the file changed in it.

    *seen*: what is at each path after it. rsync looked at the file some time after the plan did,
    and may have taken either version. If it is not *is_certain* that the run did anything, all are
    doubtful.
    """
    for path, stamp in stamps:
        now = seen[path]
        is_as_planned = is_certain and (now is None or now.st_ctime_ns == stamp[2])
        yield path, stamp if is_as_planned else DOUBTFUL
