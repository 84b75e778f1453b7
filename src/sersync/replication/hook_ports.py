"""What hooks need from the world, as ``ports`` says what the engine needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from sersync.model.hooks import Change, HookOutcome
from sersync.model.path import RelPath


class Hook(Protocol):
    """What runs for changed paths. ``run`` is for one thread, ``cancel`` for any."""

    def run(self, changes: Sequence[Change]) -> HookOutcome:
        """Do it for *changes*, now; never raises for what a peer or a program does."""
        ...

    def cancel(self) -> None:
        """Let a running ``run`` return soon, and every later one at once."""
        ...


class ChangedTree(Protocol):
    """The source, as a hook is told of it."""

    @property
    def root(self) -> bytes:
        """The absolute path of the root."""
        ...

    def kind(self, path: RelPath) -> tuple[bool, bool] | None:
        """Return whether *path* is a directory, and whether a regular file; None for nothing."""
        ...

    def below(self, path: RelPath) -> Iterator[tuple[RelPath, bool]]:
        """Yield *path* and all below it that takes part, and whether each is a directory."""
        ...

    def is_file(self, path: RelPath) -> bool:
        """Tell whether there is a regular file at *path*."""
        ...
