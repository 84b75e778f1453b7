"""Our host, as lints and the reading of configurations ask about it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Sequence

from sersync.linux.ports import holder_of
from sersync.rsyncd.lints.finding import FileFacts, SpaceFacts

_LONGEST_BYTES = 1 << 20


class ThisHost:
    """Implements the ports ``Files`` and ``Host`` by asking the system."""

    @property
    def is_root(self) -> bool:
        """We are root, so a daemon that we start is, too."""
        return os.geteuid() == 0

    def text(self, path: str) -> str:
        """Return the content of a file. Raises ``OSError``."""
        with open(path, "rb") as file:
            return os.fsdecode(file.read(_LONGEST_BYTES))

    def names(self, path: str) -> Sequence[str] | None:
        """Return the names in a directory; None for a file. Raises ``OSError``."""
        if stat.S_ISDIR(os.stat(path).st_mode):
            return os.listdir(path)
        return None

    def file(self, path: str) -> FileFacts | None:
        """Return what there is at *path*, links followed."""
        try:
            status = os.stat(path)
        except OSError:
            return None
        return FileFacts(
            mode=stat.S_IMODE(status.st_mode),
            uid=status.st_uid,
            gid=status.st_gid,
            is_directory=stat.S_ISDIR(status.st_mode),
        )

    def space(self, path: str) -> SpaceFacts | None:
        """Return what is left on the file system of *path*."""
        try:
            facts = os.statvfs(path)
        except OSError:
            return None
        return SpaceFacts(
            free_bytes=facts.f_bavail * facts.f_frsize,
            free_inodes=facts.f_favail,
            total_inodes=facts.f_files,
            is_read_only=bool(facts.f_flag & os.ST_RDONLY),
        )

    def may_write(self, path: str) -> bool:
        """Tell whether we ourselves may make files in the directory *path*."""
        return os.access(path, os.W_OK | os.X_OK)

    def lines(self, path: str) -> list[str] | None:
        """Return the lines of a small file; None when it cannot be read."""
        try:
            return self.text(path).splitlines()
        except OSError:
            return None

    def user(self, name: str) -> int | None:
        """Return the number of the user *name*, also of one that is a number."""
        if name.lstrip("+").isdecimal():
            return int(name)
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            return None

    def group(self, name: str) -> int | None:
        """Return the number of the group *name*, also of one that is a number."""
        if name.lstrip("+").isdecimal():
            return int(name)
        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            return None

    def port_holder(self, port: int) -> str:
        """Return who listens on *port*, in words; "" for nobody."""
        holder = holder_of(port)
        return "" if holder is None else str(holder)
