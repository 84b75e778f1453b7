"""Remembers what hooks are still to be told from one start to the next, in a small file.

It is written before each checkpoint, and only when it changed; the bound of each hook's queue is
the bound of the file.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Final

from sersync.config.places import digest
from sersync.model.hooks import Untold
from sersync.model.path import RelPath

log: Final = logging.getLogger("sersync.state")


class HookRecord:
    """The file of one source. Where it cannot be used, that is told, and it is done without."""

    def __init__(self, state_dir: str, source: str, root: bytes) -> None:
        self._file = os.path.join(state_dir, f"hooks-{digest(source)[:12]}.json")
        self._root = os.fsdecode(root)
        self._stored: Mapping[str, Sequence[Untold]] = {}
        self._is_told = False

    def load(self) -> dict[str, list[Untold]]:
        """Return what was stored for this root, by the hook's name."""
        try:
            with open(self._file, encoding="utf-8", errors="surrogateescape") as stored:
                document = json.load(stored)
            if document["root"] != self._root:
                return {}
            found = {
                str(name): [_untold(*each) for each in untold]
                for name, untold in document["hooks"].items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read, so hooks go on without it: %s", self._file, error)
            return {}
        self._stored = found
        return found

    def save(self, untold: Mapping[str, Sequence[Untold]]) -> None:
        """Store *untold* in place of what was stored. For one thread at a time."""
        untold = {name: each for name, each in untold.items() if each}
        if untold == self._stored:
            return
        document = {
            "root": self._root,
            "hooks": {name: [_words(each) for each in paths] for name, paths in untold.items()},
        }
        fresh = f"{self._file}.new"
        try:
            with open(fresh, "w", encoding="utf-8", errors="surrogateescape") as stored:
                json.dump(document, stored)
                stored.flush()
                os.fsync(stored.fileno())
            os.replace(fresh, self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            if not self._is_told:
                self._is_told = True
                log.warning(
                    "what hooks are to be told cannot be stored in %s: %s. If sersync is killed,"
                    " they are not told of it.",
                    self._file,
                    error.strerror,
                )
        else:
            self._stored, self._is_told = untold, False


def _words(untold: Untold) -> list[str]:
    flags = {"created": untold.created, "directory": untold.was_dir, "whole": untold.whole}
    return [os.fsdecode(untold.path), *(flag for flag, is_set in flags.items() if is_set)]


def _untold(path: str, *flags: str) -> Untold:
    return Untold(
        path=RelPath(os.fsencode(path)),
        created="created" in flags,
        was_dir="directory" in flags,
        whole="whole" in flags,
    )
