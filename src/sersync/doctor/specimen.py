"""A small directory with one of everything, and what became of it on its way there and back."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from typing import Final

FILE: Final = b"file"
LINK: Final = b"link"
SECOND_NAME: Final = b"second-name"
FOREIGN: Final = b"name-\xff\xfe"
DIRECTORY: Final = b"clock"
_ODD_NS: Final = 123_456_789
_MODE: Final = 0o6751
_OWNER: Final = 12345
_XATTR: Final = b"user.sersync"


def make(directory: bytes) -> None:
    """Fill the empty *directory*."""
    file = _in(directory, FILE)
    with open(file, "wb") as content:
        content.write(b"sersync tries this target; remove me if I am still here\n")
    if os.geteuid() == 0:
        # The user namespace of a container need not have this owner.
        with suppress(OSError):
            os.chown(file, _OWNER, _OWNER)
    with suppress(OSError):
        os.setxattr(file, _XATTR, b"kept")
    os.chmod(file, _MODE)
    second = int(time.time()) - 1000
    os.utime(file, ns=(second * 10**9 + _ODD_NS,) * 2)
    os.link(file, _in(directory, SECOND_NAME))
    os.symlink(FILE, _in(directory, LINK))
    with open(_in(directory, FOREIGN), "wb"):
        pass
    os.mkdir(_in(directory, DIRECTORY))
    # Its content makes the target's own clock set the directory's time.
    with open(_in(directory, DIRECTORY + b"/tick"), "wb"):
        pass


def has_xattr(directory: bytes) -> bool | None:
    """Tell whether the attribute is there; None where our own file system keeps none."""
    try:
        return os.getxattr(_in(directory, FILE), _XATTR) == b"kept"
    except OSError:
        return None


def kept_mode(ours: bytes, theirs: bytes) -> bool:
    """Tell whether permissions came back, with the set-id bits."""
    return _status(ours).st_mode == _status(theirs).st_mode


def kept_owner(ours: bytes, theirs: bytes) -> bool | None:
    """Tell whether owner and group came back; only root can tell, who may give files away."""
    one, other = _status(ours), _status(theirs)
    if os.geteuid() != 0 or one.st_uid != _OWNER:
        return None
    return (one.st_uid, one.st_gid) == (other.st_uid, other.st_gid)


def kept_times(ours: bytes, theirs: bytes) -> bool:
    """Tell whether the modification time came back to the nanosecond."""
    return _status(ours).st_mtime_ns == _status(theirs).st_mtime_ns


def kept_symlinks(theirs: bytes) -> bool:
    """Tell whether the symlink came back as one, with its target."""
    try:
        return os.readlink(_in(theirs, LINK)) == FILE
    except OSError:
        return False


def kept_hard_links(theirs: bytes) -> bool:
    """Tell whether both names came back as names of one file."""
    try:
        second = os.stat(_in(theirs, SECOND_NAME))
    except OSError:
        return False
    return second.st_ino == _status(theirs).st_ino


def kept_names(theirs: bytes) -> bool:
    """Tell whether the name that is not UTF-8 came back."""
    return os.path.lexists(_in(theirs, FOREIGN))


def clock(theirs: bytes) -> float | None:
    """Return the time in seconds that the target's own clock gave to the directory."""
    try:
        return os.stat(_in(theirs, DIRECTORY)).st_mtime
    except OSError:
        return None


def link_storage(pulled: bytes) -> str:
    """Return how symlinks stand on the target, judged by the link pulled with ``--copy-links``.

    A plain round trip cannot tell: an rsync daemon undoes on the way back what it did on the
    way there. Followed on its side, a munged link leads nowhere, so nothing comes; one that is
    stored as a file with a note (fake super, rsyncd.conf(5)) comes as a link nevertheless.
    """
    try:
        mode = os.lstat(_in(pulled, LINK)).st_mode
    except OSError:
        return "munged"
    return "fake super" if stat.S_ISLNK(mode) else ""


def _status(directory: bytes) -> os.stat_result:
    return os.lstat(_in(directory, FILE))


def _in(directory: bytes, name: bytes) -> bytes:
    return directory + b"/" + name
