"""Parts of a full pass."""

from __future__ import annotations

from dataclasses import dataclass

from sersync.model.path import RelPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Directories whose levels are compared in one run, and how much that is."""

    levels: tuple[RelPath, ...]
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much a tree holds."""

    entries: int
    bytes: int
