"""The processes of this host that have a certain name (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process. *program* and *directory* are empty where they cannot be seen."""

    pid: int
    arguments: tuple[str, ...]
    program: str
    """The file that it runs: for a script, its interpreter."""
    directory: str


def named(name: str) -> Iterator[Process]:
    """Yield the processes that are called *name*; what ends meanwhile is left out."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/comm", "rb") as comm:
                if comm.read().rstrip(b"\n") != os.fsencode(name)[:15]:
                    continue
            with open(f"/proc/{entry}/cmdline", "rb") as cmdline:
                words = cmdline.read().rstrip(b"\0").split(b"\0")
        except OSError:
            continue
        if words == [b""]:  # It has ended, and waits for its parent to hear of it.
            continue
        yield Process(
            pid=int(entry),
            arguments=tuple(map(os.fsdecode, words)),
            program=_link(entry, "exe"),
            directory=_link(entry, "cwd"),
        )


def _link(pid: str, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""
