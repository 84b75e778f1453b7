"""Trees as values: everything that replication promises to keep, for comparing."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from sersync.model.path import display


class Entry(NamedTuple):
    """One name of a tree. Fields that are left out of a comparison are None."""

    kind: str
    mode: int
    uid: int | None
    gid: int | None
    size: int | None
    digest: str | None
    mtime_ns: int | None
    link_target: bytes | None
    rdev: int | None
    linked_to: bytes | None


def snapshot(
    root: bytes | Path,
    *,
    owner: bool = True,
    devices: bool = True,
    times: bool = True,
    hard_links: bool = False,
    exclude: Callable[[bytes], bool] = lambda _: False,
) -> dict[bytes, Entry]:
    """Return every entry of the tree at *root* by its relative path, the root itself as ``b""``.

    Without *devices*, device nodes are left out (an unprivileged daemon cannot make them).
    With *hard_links*, each file names the first of its other names. *exclude* leaves out
    paths, and what is below them.
    """
    base = os.fsencode(root)
    entries: dict[bytes, Entry] = {}
    first_names: dict[tuple[int, int], bytes] = {}
    for path in _walk(base, exclude):
        status = os.lstat(os.path.join(base, path) if path else base)
        is_device = stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)
        if is_device and not devices:
            continue
        is_link = stat.S_ISLNK(status.st_mode)
        is_file = stat.S_ISREG(status.st_mode)
        shared = hard_links and status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode)
        full = os.path.join(base, path)
        entries[path] = Entry(
            kind=stat.filemode(status.st_mode)[0],
            mode=stat.S_IMODE(status.st_mode),
            uid=status.st_uid if owner else None,
            gid=status.st_gid if owner else None,
            size=status.st_size if is_file else None,
            digest=_digest(full) if is_file else None,
            mtime_ns=status.st_mtime_ns if times else None,
            link_target=os.readlink(full) if is_link else None,
            rdev=status.st_rdev if is_device else None,
            linked_to=first_names.setdefault((status.st_dev, status.st_ino), path)
            if shared
            else None,
        )
    return entries


def differences(
    expected: dict[bytes, Entry], actual: dict[bytes, Entry], *, ignore_root: bool = False
) -> list[str]:
    """Return one readable line per path that differs; *ignore_root* skips the root's attributes."""
    lines = []
    for path in sorted(expected.keys() | actual.keys()):
        if path == b"" and ignore_root:
            continue
        theirs, ours = expected.get(path), actual.get(path)
        if theirs is None:
            lines.append(f"{display(path)}: should not be there")
        elif ours is None:
            lines.append(f"{display(path)}: is missing ({theirs.kind})")
        elif theirs != ours:
            fields = [
                f"{field} {before!r} != {after!r}"
                for field, before, after in zip(Entry._fields, theirs, ours, strict=True)
                if before != after
            ]
            lines.append(f"{display(path)}: {', '.join(fields)}")
    return lines


def _walk(base: bytes, exclude: Callable[[bytes], bool]) -> Iterator[bytes]:
    waiting = [b""]
    while waiting:
        path = waiting.pop()
        yield path
        full = os.path.join(base, path) if path else base
        if not stat.S_ISDIR(os.lstat(full).st_mode):
            continue
        children = (path + b"/" + name if path else name for name in sorted(os.listdir(full)))
        waiting += [child for child in children if not exclude(child)][::-1]


def _digest(path: bytes) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
