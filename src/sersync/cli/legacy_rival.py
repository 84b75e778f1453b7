"""Is sersync 2.5 itself still at work on the same tree? Both at once would undo one another."""

from __future__ import annotations

import getopt
import os
import sys
from collections.abc import Iterable

from sersync.errors import AlreadyRunning, ConfigError
from sersync.linux.processes import Process, named
from sersync.model.target import Settings

_NAME = "sersync2"


def refuse_rivals(settings: Settings) -> None:
    """Raise ``AlreadyRunning`` when an old sersync2 watches a tree of *settings*, or one in it."""
    roots = [os.path.realpath(os.fsdecode(source.root)) for source in settings.sources]
    for process in named(_NAME):
        if process.pid == os.getpid() or _is_ours(process):
            continue
        config = config_of(process)
        if not os.path.isabs(config):
            continue  # It is somebody else's, and hides where it is.
        shared = _shared(roots, _watched(config))
        if shared or os.path.realpath(config) == settings.config_file:
            raise AlreadyRunning(
                f"the old sersync2 (process {process.pid}) works on"
                f" {shared or settings.config_file}",
                hint=f"kill {process.pid}    # then start this one; the file needs no change",
            )


def _is_ours(process: Process) -> bool:
    """Tell whether it is one of this program: those run by the same Python."""
    return process.program == os.path.realpath(sys.executable)


def config_of(process: Process) -> str:
    """Return the configuration of an old sersync2, from its command line."""
    config = "confxml.xml"
    try:
        options, _ = getopt.gnu_getopt(list(process.arguments[1:]), "hdro:n:m:")
    except getopt.GetoptError:
        options = []
    config = dict(options).get("-o", config)
    return os.path.join(process.directory, config)


def _watched(config: str) -> list[str]:
    """Return the trees that the old daemon watches with *config*: its first, but better all."""
    from sersync.config.confxml.load import understand
    from sersync.config.file import read_bytes

    try:
        paths = understand(read_bytes(config), config).confxml.localpaths
    except ConfigError:
        return []
    return [os.path.realpath(path.watch) for path in paths]


def _shared(roots: Iterable[str], others: Iterable[str]) -> str:
    """Return the first of *roots* that is one of *others*, or lies in it, or holds it."""
    below = list(others)
    for root in roots:
        for other in below:
            shorter, longer = sorted((root.rstrip("/") + "/", other.rstrip("/") + "/"), key=len)
            if longer.startswith(shorter):
                return root
    return ""
