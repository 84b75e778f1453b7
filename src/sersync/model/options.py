"""The rsync options of one target, as far as the engine must know them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from sersync.model.follow import Follow

IGNORE_FILE: Final = b".cvsignore"
"""What ``-C`` reads in each directory."""
_UPDATE: Final = "--update"


@dataclass(frozen=True, slots=True, kw_only=True)
class RsyncOptions:
    """Options given by the user, already checked against rsync's own.

    *passed* goes to every run as it stands; it starts with what names the attributes that are
    kept (``-a`` by default). The other fields repeat what the engine must know about it.
    """

    passed: tuple[str, ...] = ("--archive",)
    recursive: bool = True
    """False where the user wants single levels only (no ``-r``, no ``-a``)."""
    times: bool = True
    """Modification times are kept, so they can be used to compare."""
    own_compare: bool = False
    """The user chose how files are compared (``-c``, ``-I``, ``--size-only``,
    ``--modify-window``): we add no ``--modify-window`` of ours."""
    hard_links: bool = False
    """``-H``: all names of an inode travel together."""
    one_file_system: bool = False
    """``-x``: mount points are not crossed."""
    follow: Follow = field(default_factory=Follow)
    """The symlinks in whose place stands what they lead to (``-L`` and others)."""
    ignore_files: bool = False
    """``-C``: what a ``.cvsignore`` names is left out of its directory."""
    max_size: bool = False
    """The user set ``--max-size`` or ``--min-size``: we add no size limit of ours."""

    @property
    def leaves_newer(self) -> bool:
        """``-u``: a file that is newer on the target is left as it is there, and differs."""
        return _UPDATE in self.passed

    def without_update(self) -> RsyncOptions:
        """Return these options but for ``-u``, for a look at what it hides."""
        return replace(self, passed=tuple(each for each in self.passed if each != _UPDATE))

    @property
    def keeps_backups(self) -> bool:
        """``-b``: old versions stay beside what replaced them, and in directories that are gone."""
        return "--backup" in self.passed
