"""Starts the rsyncs of one source and one target: the right options, the right environment."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sersync.linux.child import KEPT_BYTES, Child, quiet_environment
from sersync.linux.children import Children
from sersync.model.batch import Reason
from sersync.model.capabilities import Capabilities
from sersync.model.path import RelPath
from sersync.model.rule import literal_pattern
from sersync.model.target import Target
from sersync.transfer.batch import LONGEST_WARM_LIST_BYTES, MOST_LIST_BYTES, Run
from sersync.transfer.command import (
    Deletes,
    Kind,
    Recipe,
    census_command,
    command,
    command_with_names,
    moving,
    name_list,
)

READS_ALL_BYTES: Final = 64 << 20


class Launcher:
    """Knows how to start an rsync. Raises ``OSError`` when the system cannot."""

    def __init__(
        self, target: Target, root: bytes, *, rsh: str, scratch: str = "", niceness: int = 0
    ) -> None:
        """*scratch*: where directories stand that are there for a moment; else the system's.

        *niceness*: how much its rsyncs let others go first (nice(1)).
        """
        self._before = [b"nice", b"-n", b"%d" % niceness] if niceness else []
        self.target = target
        """As it was given, but for the filters: those that hold now."""
        self.protected: frozenset[RelPath] = frozenset()
        self._filters = target.filters
        self.root = root
        self.rsh = rsh
        self._scratch = scratch or None
        secret = {b"RSYNC_PASSWORD": os.fsencode(target.password)} if target.password else None
        self.environment = quiet_environment(secret)

    def scratch(self, purpose: str) -> bytes:
        """Make a directory for a moment, whoever asked removes it. Raises ``OSError``.

        Where the disk of the state is full or read-only, the system's place must do.
        """
        prefix = f"sersync-{purpose}-"
        if self._scratch is not None:
            with contextlib.suppress(OSError):
                directory = tempfile.mkdtemp(prefix=prefix, dir=self._scratch)
                if _has_room(directory):
                    return os.fsencode(directory)
                os.rmdir(directory)
        return os.fsencode(tempfile.mkdtemp(prefix=prefix))

    def protect(self, subtrees: frozenset[RelPath]) -> None:
        """From now on let every rsync leave *subtrees* alone, on both sides."""
        if subtrees != self.protected:
            self.protected = subtrees
            filters = self._filters.with_excluded(sorted(subtrees))
            self.target = replace(self.target, filters=filters)

    def recipe(
        self,
        kind: Kind,
        capabilities: Capabilities,
        *,
        max_delete: int | None,
        scheduled: bool = False,
    ) -> Recipe:
        """Return what the options of a run of *kind* depend on.

        With a filter that rsync cannot apply, nothing is deleted before a dry run has told what.
        """
        is_exact = self.target.filters.is_exact
        limit = self.target.bandwidth_kib_s
        return Recipe(
            kind=kind,
            capabilities=capabilities,
            max_delete=max_delete,
            protected=self.protected,
            trash=today() if self.target.trash_s else b"",
            # One half for large files, one for all else: rsync cannot change a limit later.
            bandwidth_kib_s=max(1, limit // 2) if limit else 0,
            scheduled=scheduled,
            deletes=Deletes.LISTED if is_exact else Deletes.NOTHING,
        )

    def run(
        self, run: Run, recipe: Recipe, extra: Sequence[bytes], *, reads_all: bool = False
    ) -> tuple[Child, bytes]:
        """Start *run* cold; return its child, and the list that it still has to be fed.

        *reads_all*: what it prints matters to the last line.
        """
        target, root, rsh = self.target, self.root, self.rsh
        if run.origin is not None:
            new = run.locks[0]
            argv = moving(target, recipe, new=new, old=run.origin, rsh=rsh, extra=extra)
            return self._start(argv), name_list(run.names) if b"--from0" in argv else b""
        if run.left_alone:
            patterns = tuple(b"/" + literal_pattern(path) for path in run.left_alone)
            recipe = replace(recipe, left_alone=patterns)
        if run.kind is Kind.LEFT:
            recipe = replace(recipe, left=b"/" + literal_pattern(run.locks[0]))
        kept_bytes = READS_ALL_BYTES if reads_all else KEPT_BYTES
        # A level that is listed name by name can be longer than a command line may be.
        if is_short(run) or run.list_bytes > MOST_LIST_BYTES:
            argv = command(target, recipe, root, rsh=rsh, extra=extra)
            return self._start(argv, kept_bytes), name_list(run.names)
        argv = command_with_names(target, recipe, run.names, rsh=rsh, extra=extra)
        return self._start(argv, kept_bytes), b""

    def spares(self, children: Children) -> Callable[[Recipe], Child | None]:
        """Return what starts an rsync that waits for its list, one of *children*, if it can."""

        def start(recipe: Recipe) -> Child | None:
            argv = command(self.target, recipe, self.root, rsh=self.rsh, extra=[b"--stats"])
            try:
                child = self._start(argv)
            except OSError:
                return None
            children.add(child)
            return child

        return start

    def census(self) -> Child:
        """Start an rsync that counts what the target holds, and changes nothing."""
        kept_bytes = KEPT_BYTES if self.target.filters.is_exact else READS_ALL_BYTES
        return self._start(census_command(self.target, self.root, rsh=self.rsh), kept_bytes)

    def expiry(self, command_for: Callable[[Target, str], list[bytes]]) -> Child:
        """Start the rsync that *command_for* names, for this target and its remote shell."""
        return self._start(command_for(self.target, self.rsh))

    def place(self) -> tuple[int, int] | None:
        """Return the identity of the root directory; None when it is not there."""
        try:
            root = os.stat(self.root)
        except OSError:
            return None
        return root.st_dev, root.st_ino

    def _start(self, argv: Sequence[bytes], kept_bytes: int = KEPT_BYTES) -> Child:
        argv = [*self._before, *argv]
        return Child(argv, env=self.environment, cwd=self.root, kept_bytes=kept_bytes)


def _has_room(directory: str) -> bool:
    """Tell whether a small file can be written in *directory*."""
    file = os.path.join(directory, "room")
    try:
        with open(file, "wb") as room:
            room.write(bytes(4096))
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            os.unlink(file)
    return True


def is_short(run: Run) -> bool:
    """Tell whether the names of *run* may travel as a list; a longer list is read too slowly."""
    return run.list_bytes <= LONGEST_WARM_LIST_BYTES


def is_plain(run: Run) -> bool:
    """Tell whether *run* needs nothing of an rsync but that it takes a short list."""
    return is_short(run) and not run.left_alone


def not_started(error: OSError) -> Reason:
    """Return why a run did not even start."""
    return Reason(
        message=f"rsync cannot be started: {error.strerror}",
        remedy="Check that rsync is installed, and how many processes and files are open.",
        command="rsync --version; ulimit -a",
    )


def today() -> bytes:
    """Return the name of the day in whose trash the target puts what it gives up."""
    return datetime.now().astimezone().date().isoformat().encode()
