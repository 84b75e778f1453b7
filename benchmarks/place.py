"""Where one row is measured: directories, and real rsync daemons with default socket options."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from benchmarks.trees import plant
from sersync.rsyncd.conf import Module
from sersync.rsyncd.serve import EmbeddedDaemon


class Place:
    """One row's directory, and everything that has to end when the row ends."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self.stack = stack
        self._made = 0

    def fresh(self, name: str) -> Path:
        """Return a new, empty directory."""
        self._made += 1
        directory = self.home / f"{self._made:02}-{name}"
        directory.mkdir()
        return directory

    def daemon(self, root: Path) -> EmbeddedDaemon:
        """Start an rsync daemon that serves *root* as its module ``copy``."""
        as_root = "0" if os.geteuid() == 0 else ""
        module = Module(name="copy", path=os.fsencode(root), uid=as_root, gid=as_root)
        return self.stack.enter_context(EmbeddedDaemon(self.fresh("daemon"), (module,)))

    def replica(self, *, directories: int = 1, files: int = 0, size_bytes: int = 1024) -> Replica:
        """Make a source of its own with a target that already has what it has."""
        source, target = self.fresh("source"), self.fresh("target")
        places = plant(source, directories=directories, files=files, size_bytes=size_bytes)
        target.rmdir()
        shutil.copytree(source, target, symlinks=True)
        return Replica(source, target, self.daemon(target), [d.name for d in places])


class Replica:
    """A source, its target, and the daemon that serves the target."""

    def __init__(
        self, source: Path, target: Path, daemon: EmbeddedDaemon, directories: list[str]
    ) -> None:
        self.source = source
        self.target = target
        self.daemon = daemon
        self.directories = directories

    @property
    def url(self) -> str:
        """The target's address."""
        return self.daemon.url("copy")
