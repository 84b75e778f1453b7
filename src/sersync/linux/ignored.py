"""What ``.cvsignore`` files keep out: rsync(1), ``--cvs-exclude``.

rsync reads them for the levels of its list, but not for names in it; so whoever names something
has to ask here.
"""

from __future__ import annotations

from typing import Final

from sersync.model.filters import Filter
from sersync.model.options import IGNORE_FILE
from sersync.model.path import ROOT, RelPath, ancestors, join, name, parent
from sersync.model.rule import Rule, ignored

_MOST_BYTES: Final = 1 << 20
_MOST_KEPT: Final = 10_000


class IgnoreFiles:
    """The ``.cvsignore`` files of the tree at *root*. Each holds for the entries beside it.

    What was read is kept until ``refresh``. For one thread at a time.
    """

    def __init__(self, root: bytes) -> None:
        self._prefix = root.rstrip(b"/") + b"/"
        self._known: dict[RelPath, Filter] = {}

    def refresh(self) -> None:
        """Read the files again from now on."""
        self._known.clear()

    def excludes(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether *path* or a directory above it is kept out."""
        if not path:
            return False
        above = [each for each in ancestors(path) if each != ROOT]
        return self.excludes_entry(path, is_dir=is_dir) or any(
            self.excludes_entry(each, is_dir=True) for each in above
        )

    def excludes_entry(self, path: RelPath, *, is_dir: bool) -> bool:
        """Tell whether *path* itself is kept out, those above it being in."""
        return self._filter(parent(path)).excludes_entry(RelPath(name(path)), is_dir=is_dir)

    def _filter(self, directory: RelPath) -> Filter:
        known = self._known.get(directory)
        if known is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            known = self._known[directory] = Filter(self._rules(directory))
        return known

    def _rules(self, directory: RelPath) -> list[Rule]:
        try:
            with open(self._prefix + join(directory, IGNORE_FILE), "rb") as file:
                words = file.read(_MOST_BYTES).split()
        except OSError:
            return []
        return ignored(words)
