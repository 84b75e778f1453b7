"""Gathers what the doctor must know of a source: one walk, with a deadline."""

from __future__ import annotations

import os
import time
from typing import Final

from sersync.doctor.facts import MountFacts, SourceFacts
from sersync.doctor.look_host import kind_of
from sersync.linux.mounts import mounted
from sersync.model.path import ROOT, RelPath, display, join
from sersync.model.target import Source

_MOST_EXAMPLES: Final = 3


def look_at_source(source: Source, *, deadline_s: float) -> SourceFacts:
    """Return what can be seen of *source* within *deadline_s*; what is excluded is left out."""
    root = os.path.realpath(source.root)
    shown = display(source.root)
    if obstacle := _obstacle(root):
        return SourceFacts(name=source.name, root=shown, obstacle=obstacle)
    counted = _Counted(source, root, deadline_s)
    counted.run()
    below = root.rstrip(b"/") + b"/"
    return SourceFacts(
        name=source.name,
        root=shown,
        kind=kind_of(root),
        mounts=tuple(
            MountFacts(point=display(each.point), kind=os.fsdecode(each.kind))
            for each in mounted()
            if each.point.startswith(below)
            and not source.filters.excludes(RelPath(each.point[len(below) :]), is_dir=True)
        ),
        directories=counted.directories,
        entries=counted.entries,
        unreadable=counted.unreadable,
        unreadable_examples=tuple(counted.examples),
        is_complete=counted.is_complete,
    )


def _obstacle(root: bytes) -> str:
    try:
        with os.scandir(root):
            return ""
    except OSError as error:
        return f"cannot be read: {error.strerror}"


class _Counted:
    """One walk over a source."""

    def __init__(self, source: Source, root: bytes, deadline_s: float) -> None:
        self._filters = source.filters
        self._root = root
        self._deadline = time.monotonic() + deadline_s
        self.directories = 0
        self.entries = 0
        self.unreadable = 0
        self.examples: list[str] = []
        self.is_complete = True

    def run(self) -> None:
        waiting = [ROOT]
        while waiting:
            if time.monotonic() > self._deadline:
                self.is_complete = False
                return
            directory = waiting.pop()
            self.directories += 1
            try:
                with os.scandir(os.path.join(self._root, directory)) as entries:
                    for entry in entries:
                        self._count(directory, entry, waiting)
            except FileNotFoundError:
                continue
            except OSError:
                self._refused(directory)

    def _count(self, directory: RelPath, entry: os.DirEntry[bytes], waiting: list[RelPath]) -> None:
        path = join(directory, entry.name)
        is_dir = entry.is_dir(follow_symlinks=False)
        if self._filters and self._filters.excludes(path, is_dir=is_dir):
            return
        self.entries += 1
        if is_dir:
            waiting.append(path)
        elif entry.is_file(follow_symlinks=False) and not os.access(entry.path, os.R_OK):
            self._refused(path)

    def _refused(self, path: RelPath) -> None:
        self.unreadable += 1
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(display(path))
