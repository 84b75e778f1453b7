"""A file system that is mounted below a source's root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sersync.model.batch import Reason
from sersync.model.path import RelPath

_VOLATILE: Final = frozenset({"tmpfs", "ramfs"})
"""They begin anew with every boot, so that only the place can be recognised."""


NETWORK_KINDS: Final = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "ncpfs", "lustre")
)
"""File systems that others can change without this kernel's knowledge."""


def tells_of_all(file_system: str) -> bool:
    """Tell whether the kernel reports every change on a file system of this type.

    Of a network's, and of one that a program makes (FUSE), it reports those of this host only
    (inotify(7), "Limitations and caveats"). A FUSE on a block device, as for NTFS, has nobody else.
    """
    if file_system == "fuseblk":
        return True
    return file_system not in NETWORK_KINDS and file_system.partition(".")[0] != "fuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Which file system stands at *path*, relative to the root.

    *birth_ns*: when its own root was made, 0 where nobody knows. *device*: its number, which
    counts only within one run of the machine; 0 for a mount that is remembered from an earlier one.
    """

    path: RelPath
    file_system: str
    inode: int
    birth_ns: int = 0
    device: int = 0
    is_empty: bool = False

    def is_again(self, other: Mount) -> bool:
        """Tell whether *other*, found at the same place later, is this same file system."""
        if self.file_system != other.file_system:
            return False
        if not self.device and self.file_system in _VOLATILE:
            return True
        if (self.inode, self.birth_ns) != (other.inode, other.birth_ns):
            return False
        # Without a birth time an empty one may be any; with it there is no doubt.
        return bool(self.birth_ns) or self.device == other.device or not other.is_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingMount:
    """A file system that is not there: nothing at *path* or below is carried or deleted."""

    path: RelPath
    reason: Reason
