"""What is behind symlinks that are followed: looked through now and then, since nobody tells.

Inotify tells of what happens in the tree itself. A link that leads to something in it is told of
together with that; what lies outside shows in the times that it has.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sersync.linux.followed import FollowedLinks
from sersync.model.filters import Filter
from sersync.model.follow import NOWHERE, Follow
from sersync.model.path import ROOT, RelPath, ancestors, display, join, parent
from sersync.model.report import Desync, NewTree, Report, Suspect, Touched

_COARSEST_NS: Final = 2_000_000_000
"""What changed within this time before a look may change again and keep the times that it has."""
_MAY_CHANGE: Final = 0
"""The digest of such an entry: it is unlike every other one."""


@dataclass(slots=True)
class _Found:
    """What one look has found. *links*: each with the path that it leads to in the end.

    *behind*: whether an entry is a directory, and a digest of all that changes with it.
    """

    links: dict[RelPath, bytes] = field(default_factory=dict)
    behind: dict[RelPath, tuple[bool, int]] = field(default_factory=dict)
    nowhere: list[RelPath] = field(default_factory=list)


class LinkWatch:
    """The links of the tree at *root* that *follow* names. ``look`` is for one thread at a time."""

    def __init__(self, root: bytes, filters: Filter, follow: Follow) -> None:
        self._root = root.rstrip(b"/")
        self._filters = filters
        self._links = FollowedLinks(root, follow)
        self._known = _Found()
        self._aliases: dict[RelPath, list[RelPath]] = {}

    def look(self) -> list[Report]:
        """Return how what is behind the links differs from the last look; at first, all of it.

        Links that lead into the tree are told of by ``told`` from here on.
        """
        found = self._walk(time.time_ns() - _COARSEST_NS)
        before, self._known = self._known, found
        aliases: dict[RelPath, list[RelPath]] = {}
        for link, real in found.links.items():
            if real.startswith(self._root + b"/"):
                aliases.setdefault(RelPath(real[len(self._root) + 1 :]), []).append(link)
        # Before anything is reported: what changes from here on is told of by both names.
        self._aliases = aliases
        return list(_differences(before, found))

    def told(self, reports: Sequence[Report]) -> list[Report]:
        """Return *reports*, and what they mean for links. For any thread."""
        more: list[Report] = []
        for report in reports:
            if isinstance(report, Touched) and self._leads_to_directory(report.path):
                more.append(NewTree(report.path, replaces=True))
            for alias in self._aliases_of(report):
                match report:
                    case Touched() | NewTree() | Suspect():
                        more.append(replace(report, path=alias))
                    case Desync():
                        more.append(replace(report, subtree=alias))
        return [*reports, *more]

    def is_news(self, reports: Iterable[Report]) -> bool:
        """Tell whether links may have come, gone or been turned elsewhere. For any thread."""
        return any(
            isinstance(each, NewTree | Desync | Suspect)
            or (isinstance(each, Touched) and (each.was_directory or self._is_link(each.path)))
            for each in reports
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the links."""
        nowhere = self._known.nowhere
        if not nowhere:
            return ()
        more = f" and {len(nowhere) - 1} more" if len(nowhere) > 1 else ""
        what = f"symlinks that are followed lead nowhere: {display(nowhere[0])}{more}"
        return (f"{what}; what the targets have in their place stays",)

    def _aliases_of(self, report: Report) -> Iterator[RelPath]:
        if not isinstance(report, Touched | NewTree | Suspect | Desync):
            return
        path = report.subtree if isinstance(report, Desync) else report.path
        for above in (path, *ancestors(path)):
            for link in self._aliases.get(above, ()):
                rest = path[len(above) :].removeprefix(b"/")
                yield join(link, rest) if rest else link

    def _leads_to_directory(self, path: RelPath) -> bool:
        full = self._root + b"/" + path
        try:
            seen = os.lstat(full)
            if not stat.S_ISLNK(seen.st_mode):
                return False
            return stat.S_ISDIR(self._links.through(path, seen).st_mode)
        except OSError:
            return False

    def _is_link(self, path: RelPath) -> bool:
        return path in self._known.links or os.path.islink(self._root + b"/" + path)

    def _walk(self, young_ns: int) -> _Found:
        found = _Found()
        waiting = [(ROOT, False)]
        while waiting:
            directory, is_behind = waiting.pop()
            try:
                with os.scandir(self._root + b"/" + directory) as entries:
                    for entry in entries:
                        path = join(directory, entry.name)
                        below = self._enter(found, entry, path, is_behind, young_ns)
                        if below is not None:
                            waiting.append((path, below))
            except OSError:
                continue
        return found

    def _enter(
        self,
        found: _Found,
        entry: os.DirEntry[bytes],
        path: RelPath,
        is_behind: bool,
        young_ns: int,
    ) -> bool | None:
        """Take one entry in; for a directory that is to be entered, return if it is behind links.

        In a loop that runs once for each file of the source: what is watched is not looked at.
        """
        is_dir, is_followed = entry.is_dir(follow_symlinks=False), False
        if is_behind or entry.is_symlink():
            try:
                status = link = entry.stat(follow_symlinks=False)
                status = self._links.through(path, link)
            except OSError:
                return None
            is_followed = status is not link
            is_dir = stat.S_ISDIR(status.st_mode)
        elif not is_dir:
            return None
        if self._filters and self._filters.excludes(path, is_dir=is_dir):
            return None
        if is_followed and status is NOWHERE:
            found.nowhere.append(path)
            return None
        if is_followed:
            found.links[path] = os.path.realpath(self._root + b"/" + path)
        if is_behind or is_followed:
            found.behind[path] = (is_dir, _digest(status, young_ns))
        return is_behind or is_followed if is_dir else None


def _digest(status: os.stat_result, young_ns: int) -> int:
    if status.st_ctime_ns > young_ns:
        return _MAY_CHANGE
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return hash((status.st_dev, status.st_ino, status.st_mode, status.st_size, *times)) or 1


def _differences(before: _Found, found: _Found) -> Iterator[Report]:
    """Yield what changed; a directory that is new stands for all in it."""
    new: set[RelPath] = set()
    for path, (is_dir, digest) in found.behind.items():
        old = before.behind.get(path)
        if parent(path) in new:
            if is_dir:
                new.add(path)
            continue
        is_other = old is None or before.links.get(path) != found.links.get(path)
        if is_dir and (is_other or (old is not None and not old[0])):
            new.add(path)
            yield NewTree(path, replaces=old is not None)
        elif is_other or old != (is_dir, digest) or digest == _MAY_CHANGE:
            yield Touched(path, content=not is_dir, created=is_other, is_dir=is_dir)
    for path, (is_dir, _) in before.behind.items():
        if path not in found.behind:
            yield Touched(path, content=True, is_dir=is_dir, was_directory=is_dir)
