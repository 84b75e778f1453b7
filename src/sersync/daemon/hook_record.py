"""Remembers what hooks are still to be told from one start to the next, in a small file.

It is written before each checkpoint, and only when it changed; the bound of each hook's queue is
the bound of the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sersync.config.places import source_file
from sersync.model.hooks import Untold
from sersync.model.path import RelPath
from sersync.state.json_file import JsonFile


class HookRecord:
    """The file of one source."""

    def __init__(self, state_dir: str, source: str, root: bytes) -> None:
        self._file = JsonFile(
            source_file(state_dir, "hooks", source),
            unread="so hooks go on without it",
            unwritten="so what hooks are still to be told is lost if sersync is killed",
        )
        self._root = os.fsdecode(root)
        self._stored: Mapping[str, Sequence[Untold]] = {}

    def load(self) -> dict[str, list[Untold]]:
        """Return what was stored for this root, by the hook's name."""
        nothing: dict[str, list[Untold]] = {}
        self._stored = found = self._file.load(self._parse, nothing)
        return found

    def save(self, untold: Mapping[str, Sequence[Untold]]) -> None:
        """Store *untold* in place of what was stored. For one thread at a time."""
        untold = {name: each for name, each in untold.items() if each}
        if untold == self._stored:
            return
        hooks = {name: [_words(each) for each in paths] for name, paths in untold.items()}
        if self._file.save({"root": self._root, "hooks": hooks}):
            self._stored = untold

    def _parse(self, document: Any) -> dict[str, list[Untold]]:
        if document["root"] != self._root:
            return {}
        return {
            str(name): [_untold(*each) for each in untold]
            for name, untold in document["hooks"].items()
        }


def _words(untold: Untold) -> list[str]:
    flags = {"created": untold.created, "directory": untold.was_dir, "whole": untold.whole}
    return [os.fsdecode(untold.path), *(flag for flag, is_set in flags.items() if is_set)]


def _untold(path: str, *flags: str) -> Untold:
    return Untold(
        path=RelPath(os.fsencode(path)),
        created="created" in flags,
        was_dir="directory" in flags,
        whole="whole" in flags,
    )
