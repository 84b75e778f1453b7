"""A library that HTTP, the page or metrics need and that is not there: told, and gone without."""

from __future__ import annotations

import logging
import os
import sys

from sersync.model.pasting import word

log = logging.getLogger("sersync.api")


class Lack:
    """Tells in the log what is missing, each once. For any thread."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def told(self, error: ImportError) -> str:
        """Return what is missing and what to do, in one line."""
        name = (error.name or "").partition(".")[0]
        what = f"the Python library {name}" if name else "a Python library"
        said = f"{what} is missing or broken: {error.msg}"
        command = install_command(name)
        if said not in self._told:
            self._told.add(said)
            log.error(
                "%s. Replication goes on, but who asks is not answered until it is there; it is"
                " tried again by itself. Install it: %s",
                said,
                command,
            )
        return f"{said}. Install it: {command}"


def install_command(name: str) -> str:
    """Return the command that installs the library called *name* for the Python that runs us."""
    python = word(os.fsencode(sys.executable or "python3"))
    if not name:
        return f"{python} -m pip check"
    return f"{python} -m pip install --force-reinstall {word(name.replace('_', '-').encode())}"
