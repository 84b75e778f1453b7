"""Remembers the file systems below a source from one start to the next, in a small file."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterable
from typing import Final

from sersync.config.places import digest
from sersync.model.mount import Mount
from sersync.model.path import RelPath

log: Final = logging.getLogger("sersync.state")


class MountRecord:
    """The file of one source. Where it cannot be used, that is told, and it is done without."""

    def __init__(self, state_dir: str, source: str, root: bytes) -> None:
        self._file = os.path.join(state_dir, f"mounts-{digest(source)[:12]}.json")
        self._root = os.fsdecode(root)
        self._is_told = False

    def load(self) -> list[Mount]:
        """Return what was stored for this root; nothing when there is nothing of use."""
        try:
            with open(self._file, encoding="utf-8", errors="surrogateescape") as stored:
                document = json.load(stored)
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
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read, so nothing is known of mounts: %s", self._file, error)
            return []

    def save(self, mounts: Iterable[Mount]) -> None:
        """Store *mounts* in place of what was stored."""
        document = {
            "root": self._root,
            "mounts": [
                {
                    "path": os.fsdecode(mount.path),
                    "file_system": mount.file_system,
                    "inode": mount.inode,
                    "birth_ns": mount.birth_ns,
                }
                for mount in mounts
            ],
        }
        if not document["mounts"] and not os.path.exists(self._file):
            return
        fresh = f"{self._file}.new"
        try:
            with open(fresh, "w", encoding="utf-8") as stored:
                json.dump(document, stored)
                stored.flush()
                os.fsync(stored.fileno())
            os.replace(fresh, self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            if not self._is_told:
                self._is_told = True
                log.warning("mounts cannot be remembered in %s: %s", self._file, error.strerror)
