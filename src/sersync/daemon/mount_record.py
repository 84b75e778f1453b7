"""Remembers the file systems below a source from one start to the next."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from sersync.config.places import source_file
from sersync.model.mount import Mount
from sersync.model.path import RelPath
from sersync.state.json_file import JsonFile


class MountRecord:
    """The file of one source."""

    def __init__(self, state_dir: str, source: str, root: bytes) -> None:
        self._file = JsonFile(
            source_file(state_dir, "mounts", source),
            unread="so nothing is known of mounts",
            unwritten="so mounts are not remembered",
        )
        self._root = os.fsdecode(root)

    def load(self) -> list[Mount]:
        """Return what was stored for this root; nothing when there is nothing of use."""
        return self._file.load(self._parse, [])

    def save(self, mounts: Iterable[Mount]) -> None:
        """Store *mounts* in place of what was stored."""
        stored = [
            {
                "path": os.fsdecode(mount.path),
                "file_system": mount.file_system,
                "inode": mount.inode,
                "birth_ns": mount.birth_ns,
            }
            for mount in mounts
        ]
        if stored or self._file.exists:
            self._file.save({"root": self._root, "mounts": stored})

    def _parse(self, document: Any) -> list[Mount]:
        if document["root"] != self._root:
            return []
        return [
            Mount(
                path=RelPath(os.fsencode(each["path"])),
                file_system=str(each["file_system"]),
                inode=int(each["inode"]),
                birth_ns=int(each["birth_ns"]),
            )
            for each in document["mounts"]
        ]
