"""What a plan is made of: units of names that travel together, and how names are spelled. Pure.

Names are spelled as rsync's lists want them: with a leading slash, since a name that begins with
``#`` or ``;`` would be taken for a comment, or with ``./`` at the root's own level, which carries
the root's attributes along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sersync.model.dirty import DirtyPath
from sersync.model.path import ROOT, RelPath
from sersync.transfer.command import Kind

ROOT_ATTRIBUTES: Final = b"./.~sersync.root~"
"""A name that exists on no side: rsync then carries nothing but the root's own attributes."""

Stamp = tuple[int, int, int, int]
"""Of a regular file: its size, its modification and change time, and when it was looked at.

All but the size are nanoseconds by the calendar clock."""

DOUBTFUL: Final[Stamp] = (-1, -1, -1, -1)
"""The stamp of a file that changed while it was carried: nobody knows what the target has."""


@dataclass(slots=True)
class Unit:
    """What one or more dirty paths come down to: names that must travel in one run."""

    kind: Kind
    locks: list[RelPath]
    names: list[bytes]
    dirties: list[DirtyPath]
    size_bytes: int = 0
    entries: int = 1
    stamps: Sequence[tuple[RelPath, Stamp]] = ()
    large: Sequence[RelPath] = ()
    """Large files in its levels: the run leaves them out, so they must be carried by name."""
    gone: list[RelPath] = field(default_factory=list)
    """Where there is nothing any more: what the target has of it is to be deleted."""
    anew: list[RelPath] = field(default_factory=list)
    """Directories in the place of what was reported as gone: their files may look like those that
    the target has, so they are compared whole after this."""
    origin: RelPath | None = None
    """The name under which the target has it, for the kinds that move."""
    left_alone: list[RelPath] = field(default_factory=list)
    """What in its levels is neither to be sent nor to be deleted: links that lead nowhere."""
    sweeps: list[bytes] = field(default_factory=list)
    """Names of what a dry run must look through on the target, before anything is deleted."""


@dataclass(slots=True)
class Plan:
    """What is to be done for a number of dirty paths; each of them is in exactly one place."""

    units: dict[RelPath, Unit] = field(default_factory=dict)
    nothing_to_do: list[DirtyPath] = field(default_factory=list)
    too_wide: list[DirtyPath] = field(default_factory=list)
    """Subtrees that are too large for one run: to be compared in slices."""
    left: list[Unit] = field(default_factory=list)
    """Old names at which the target is to have nothing before anything else is carried there."""


def spell(path: RelPath) -> bytes:
    """Return *path* as rsync's list wants it."""
    if not path:
        return ROOT_ATTRIBUTES
    return b"/" + path if path.find(b"/") > 0 else b"./" + path


def spell_level(directory: RelPath) -> bytes:
    """Return *directory* as one level in rsync's list."""
    return spell(directory) + b"/" if directory else b"./"


def unspell(name: bytes) -> RelPath:
    """Return the path that *name* stands for in rsync's list."""
    return ROOT if name == ROOT_ATTRIBUTES else RelPath(name.removeprefix(b".").strip(b"/"))
