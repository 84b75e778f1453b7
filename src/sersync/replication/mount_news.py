"""What becomes of the file systems below a source, told once each."""

from __future__ import annotations

import logging

from sersync.model.path import RelPath, display
from sersync.replication.ports import RootGuard

log = logging.getLogger("sersync.source")


class MountNews:
    """Of one source, as its *guard* sees it. ``arrived`` is for the watcher's thread alone."""

    def __init__(self, source: str, guard: RootGuard, *, poll_every_s: float) -> None:
        """*poll_every_s*: how often is looked for what nobody tells of; 0: never."""
        self._source = source
        self._guard = guard
        self._poll_every_s = poll_every_s
        self._missing: set[RelPath] = set()
        self._unheard: set[str] = set()

    def arrived(self) -> list[RelPath]:
        """Return where file systems were mounted since; tell of these, and of what is missing."""
        arrived = self._guard.mount_news()
        missing = {each.path: each for each in self._guard.missing}
        for path in missing.keys() - self._missing:
            reason = missing[path].reason
            log.error("%s: %s. %s", self._source, reason.message, reason.remedy)
        for path in self._missing - missing.keys():
            log.info("%s: %s is carried again", self._source, display(path))
        self._missing = set(missing)
        for note in self.notes():
            if note not in self._unheard:
                self._unheard.add(note)
                log.warning("%s: %s", self._source, note)
        return arrived

    def notes(self) -> tuple[str, ...]:
        """Say where changes that are made elsewhere are not told of. For any thread."""
        found = f"found within {self._poll_every_s:.0f} s or a little more"
        if not self._poll_every_s:
            found = "not looked for, since poll_every is 0; a full pass finds them"
        files = self._guard.mounted_files
        return (
            *(
                f"{display(path) if path else 'the source'} lies on a file system that tells only"
                f" of changes made on this host: those made elsewhere are {found}"
                for path in self._guard.unheard
                if path not in files
            ),
            *(
                f"{display(path)} is a file that is mounted over another one: nobody tells when it"
                f" is written to; such changes are {found}"
                for path in files
            ),
        )
