"""Whether two directory trees are the same: names, types, content and attributes."""

from __future__ import annotations

import filecmp
import os
import stat
from dataclasses import dataclass

from sersync.model.path import ROOT, RelPath, display, join


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many entries were compared, and every difference in words."""

    entries: int
    bytes: int
    differences: tuple[str, ...]


def compare_trees(first: bytes, second: bytes) -> Comparison:
    """Compare what stands below two directories, and the directories themselves.

    Type, permissions, owner, group, modification time in nanoseconds, link target, device
    number, and every byte of regular files. Raises ``OSError`` when one cannot be read.
    """
    ours, theirs = _entries(first), _entries(second)
    differences = [f"{display(path)}: missing on the target" for path in sorted(ours - theirs)]
    differences += [f"{display(path)}: not in the source" for path in sorted(theirs - ours)]
    size = 0
    for path in sorted(ours & theirs):
        one, other = os.path.join(first, path), os.path.join(second, path)
        size += os.lstat(one).st_size if os.path.isfile(one) else 0
        if what := _difference(one, other):
            differences.append(f"{display(path)}: {what} differs")
    return Comparison(entries=len(ours | theirs), bytes=size, differences=tuple(differences))


def _entries(root: bytes) -> set[RelPath]:
    found = {ROOT}
    waiting = [ROOT]
    while waiting:
        directory = waiting.pop()
        with os.scandir(os.path.join(root, directory)) as entries:
            for entry in entries:
                path = join(directory, entry.name)
                found.add(path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
    return found


def _difference(one: bytes, other: bytes) -> str:
    ours, theirs = os.lstat(one), os.lstat(other)
    if stat.S_IFMT(ours.st_mode) != stat.S_IFMT(theirs.st_mode):
        return "type"
    for name, attribute in (
        ("mode", "st_mode"),
        ("owner", "st_uid"),
        ("group", "st_gid"),
        ("modification time", "st_mtime_ns"),
        ("device number", "st_rdev"),
    ):
        if getattr(ours, attribute) != getattr(theirs, attribute):
            return name
    if stat.S_ISLNK(ours.st_mode):
        return "" if os.readlink(one) == os.readlink(other) else "link target"
    if stat.S_ISREG(ours.st_mode) and not filecmp.cmp(one, other, shallow=False):
        return "content"
    return ""
