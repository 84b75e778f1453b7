"""Trees to replicate, and the question whether two of them are the same by now."""

from __future__ import annotations

import os
import shutil
import stat
import sysconfig
import time
from pathlib import Path

_POLL_S = 0.005

Fingerprint = dict[str, tuple[object, ...]]


def plant(root: Path, *, directories: int, files: int, size_bytes: int) -> list[Path]:
    """Make *files* files, evenly spread over *directories* new directories; return those."""
    content = os.urandom(size_bytes)
    places = [root / f"directory-{number:04}" for number in range(directories)]
    for place in places:
        place.mkdir(parents=True)
        for number in range(files // directories):
            (place / f"file-{number:04}.dat").write_bytes(content)
    return places


def copy_standard_library(place: Path) -> Path:
    """Copy Python's standard library; return the copy.

    Left out is what not every installation has: its tests, a static library, and packages.
    """
    copy = place / "standard-library"
    ignored = shutil.ignore_patterns("site-packages", "dist-packages", "test", "config-*")
    shutil.copytree(sysconfig.get_path("stdlib"), copy, ignore=ignored, symlinks=True)
    return copy


def fingerprint(root: Path, *, strict: bool) -> Fingerprint:
    """Return each entry's kind and size; if *strict*, also mode, owner and mtime_ns."""
    found: Fingerprint = {}
    waiting = [os.fspath(root)]
    start = len(waiting[0])
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                is_directory = stat.S_ISDIR(status.st_mode)
                if is_directory:
                    waiting.append(entry.path)
                size = 0 if is_directory else status.st_size
                attributes = (
                    (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns)
                    if strict
                    else (stat.S_IFMT(status.st_mode),)
                )
                found[entry.path[start:]] = (size, *attributes)
    return found


def wait_until_same(
    source: Path, *targets: Path, strict: bool, last: str = "", timeout_s: float = 120.0
) -> float:
    """Return the monotonic time at which all *targets* were seen to be like *source*.

    *last* names a directory that is likely to be complete last: only that one is looked at until
    it is complete, so that looking costs little of what is being measured.
    """
    deadline_s = time.monotonic() + timeout_s
    expected = fingerprint(source, strict=strict)
    wanted = sum(1 for _ in os.scandir(source / last)) if last else 0
    for target in targets:
        while _count(target / last) < wanted or not _is_like(expected, target, strict=strict):
            if time.monotonic() > deadline_s:
                differing = expected.items() ^ fingerprint(target, strict=strict).items()
                shown = "\n".join(map(str, sorted(differing, key=str)[:10]))
                raise TimeoutError(f"{target} differs after {timeout_s:g} s:\n{shown}")
            time.sleep(_POLL_S)
    return time.monotonic()


def same_content(source: Path, target: Path) -> bool:
    """Tell whether every regular file holds the same bytes on both sides."""
    return all(
        (target / path.relative_to(source)).read_bytes() == path.read_bytes()
        for path in source.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def _is_like(expected: Fingerprint, target: Path, *, strict: bool) -> bool:
    try:
        return fingerprint(target, strict=strict) == expected
    except FileNotFoundError:
        return False


def _count(directory: Path) -> int:
    try:
        with os.scandir(directory) as entries:
            return sum(1 for entry in entries if not entry.name.startswith("."))
    except FileNotFoundError:
        return -1
