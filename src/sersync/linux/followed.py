"""What stands at a path when symlinks are followed as rsync follows them."""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from sersync.model.follow import NOWHERE, Follow
from sersync.model.path import RelPath, ancestors

_LEADS_NOWHERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class FollowedLinks:
    """Looks through the symlinks of the tree at *root* that *follow* names. For any thread."""

    def __init__(self, root: bytes, follow: Follow) -> None:
        self._prefix = root.rstrip(b"/") + b"/"
        self._follow = follow

    def through(self, path: RelPath, link: os.stat_result) -> os.stat_result:
        """Return what the *link* at *path* leads to, or *link* itself where it is not followed.

        ``NOWHERE`` for one that leads nowhere. One that leads to a directory above itself is not
        followed: there would be no end to it. Raises ``OSError`` for what cannot be looked at.
        """
        if not self._follow or not stat.S_ISLNK(link.st_mode):
            return link
        full = self._prefix + path
        try:
            there = os.stat(full)
        except OSError as error:
            if error.errno not in _LEADS_NOWHERE:
                raise
            return NOWHERE if self._is_followed(path, full, to_directory=False) else link
        is_dir = stat.S_ISDIR(there.st_mode)
        if not self._is_followed(path, full, to_directory=is_dir):
            return link
        return link if is_dir and self._is_above(there, path) else there

    def _is_followed(self, path: RelPath, full: bytes, *, to_directory: bool) -> bool:
        try:
            text = os.readlink(full)
        except OSError:
            # It is no link any more; whoever made something else of it is heard.
            return False
        return self._follow.follows(path, text, to_directory=to_directory)

    def _is_above(self, there: os.stat_result, path: RelPath) -> bool:
        for directory in ancestors(path):
            try:
                above = os.stat(self._prefix + directory)
            except OSError:
                continue
            if (above.st_dev, above.st_ino) == (there.st_dev, there.st_ino):
                return True
        return False
