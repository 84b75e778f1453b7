"""A small file of the state directory, for what is no row of a database."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

log: Final = logging.getLogger("sersync.state")

T = TypeVar("T")


class JsonFile:
    """The file at *path*, replaced whole. Text may hold any byte, as ``os.fsdecode`` gives it.

    Where it cannot be used, that is told, and it is done without. *unread* and *unwritten* say in
    the log what that means, such as "so the audit begins anew". For one thread at a time.
    """

    def __init__(self, path: str, *, unread: str, unwritten: str) -> None:
        self._path = path
        self._unread = unread
        self._unwritten = unwritten
        self._is_told = False

    @property
    def exists(self) -> bool:
        """Tell whether something was stored."""
        return os.path.exists(self._path)

    def load(self, parse: Callable[[Any], T], nothing: T) -> T:
        """Return what *parse* makes of the document, or *nothing* where there is none of use.

        *parse* may raise ``ValueError``, ``KeyError``, ``TypeError`` or ``AttributeError`` for a
        document that is not of ours.
        """
        try:
            with open(self._path, encoding="utf-8", errors="surrogateescape") as stored:
                return parse(json.load(stored))
        except FileNotFoundError:
            return nothing
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read, %s: %s", self._path, self._unread, error)
            return nothing

    def save(self, document: object) -> bool:
        """Put *document* in place of what was stored; tell whether it will be there after a crash.

        What cannot be is told once, until it can be again.
        """
        fresh = f"{self._path}.new"
        try:
            with open(fresh, "w", encoding="utf-8", errors="surrogateescape") as stored:
                json.dump(document, stored)
                stored.flush()
                os.fsync(stored.fileno())
            os.replace(fresh, self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            if not self._is_told:
                self._is_told = True
                log.warning(
                    "%s cannot be written, %s: %s", self._path, self._unwritten, error.strerror
                )
            return False
        self._is_told = False
        return True
