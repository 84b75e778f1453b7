"""The state of one source in one SQLite file, in WAL mode (sqlite.org/wal.html).

A checkpoint is one transaction. The file is ours alone: the lock of the state directory keeps
other instances away.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from sersync.errors import StateUnavailable
from sersync.model.batch import Reason
from sersync.model.checkpoint import Checkpoint, Kept, Moment, Recovered, RootIdentity
from sersync.model.manifest import Row
from sersync.model.pasting import word
from sersync.model.path import RelPath, display
from sersync.state import manifest
from sersync.state.aside import set_aside
from sersync.state.rows import (
    read_checkpoint,
    read_identity,
    read_lost,
    write_checkpoint,
    write_identity,
)
from sersync.state.schema import NotOurs, prepare

_BUSY_S: Final = 5.0
"""How long a person who looks at the file with another program may hold it."""
_CHECKED_BYTES: Final = 64 << 20
"""A larger file is not read as a whole at a start; what is wrong with it shows when it is used."""
_CLOSED_WITHIN_S: Final = 2.0
"""How long after its last checkpoint a file is still written to, at the most, by who closes it."""
_SPARE_ROWS: Final = 10_000
_WAL_BYTES: Final = 16 << 20
_UNUSABLE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""Result codes that speak of the file, not of the disk or of the moment (sqlite.org/rescode.html);
SQLITE_ERROR is a table that is not there, or not as we make it."""
_NONSENSE: Final = (NotOurs, ValueError, TypeError, KeyError)
"""What is raised for rows that we have not written."""


class SqliteStore:
    """The file at *file* for the root *identity*, on a machine whose present run is *boot*.

    *given*: the root as the configuration names it. Any thread may call; one at a time gets
    through.
    """

    def __init__(
        self, file: str, identity: RootIdentity, *, boot: str, given: bytes | None = None
    ) -> None:
        self.file = file
        self._identity = identity
        self._trusted = identity
        """The root that was last known to be the right one."""
        self._own_paths = (identity.path, given)
        self._boot = boot
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._read_connection: sqlite3.Connection | None = None
        self._read_place: tuple[int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        self._place: tuple[int, int] | None = None
        self._needs_whole = True
        self._root_was_lost = False
        self._log_rows = 0
        self._log_size = 0

    def recover(self, moment: Moment) -> Recovered:
        """Return what was stored; what cannot be used is set aside, and told why."""
        with self._lock:
            try:
                return Recovered(kept=self._read(moment))
            except (sqlite3.Error, *_NONSENSE, OSError) as error:
                if _is_unusable(error):
                    return self._begin_anew(_sentence(error), moment)
                self._close()
                return Recovered(reason=_unreadable(self.file, error))

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store all of *checkpoint* or nothing of it; raises ``StateUnavailable``."""
        with self._lock, self._told(checkpoint.moment):
            connection = self._opened()
            if self._needs_whole and not checkpoint.log.is_whole:
                raise StateUnavailable(f"the state file {self.file} was taken away")
            connection.execute("BEGIN IMMEDIATE")
            # While another root is not known to be meant, the file stays that of the right one.
            if not checkpoint.root_is_lost:
                self._trusted = self._identity
            write_identity(connection, self._trusted)
            grown = write_checkpoint(connection, checkpoint, self._boot)
            manifest.void(connection, checkpoint.voided)
            manifest.store(connection, checkpoint.rows)
            connection.execute("COMMIT")
            self._needs_whole = False
            self._log_rows += grown
            self._log_size = checkpoint.log.size

    def void(self, subtrees: Sequence[RelPath], moment: Moment) -> None:
        """Delete the manifest's rows of *subtrees* at once; raises ``StateUnavailable``.

        It outlives the end of this process, but not always that of the machine: after that, and
        no clean end, no row counts.
        """
        if not self._holds(subtrees):
            return
        with self._lock, self._told(moment):
            connection = self._opened()
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            manifest.void(connection, subtrees)
            connection.execute("COMMIT")
            connection.execute("PRAGMA synchronous = FULL")

    def count(self) -> tuple[int, int]:
        """Return how many rows there are, and how many entries they hold together.

        Raises ``StateUnavailable``.
        """
        with self._reading, self._told_reading():
            return manifest.count(self._reader())

    def rows(self, subtree: RelPath) -> Generator[Row]:
        """Yield the manifest's rows of *subtree* in the order of a walk.

        By a connection of its own, so that checkpoints go on meanwhile. Raises
        ``StateUnavailable``, also between two rows.
        """
        try:
            with contextlib.closing(connect(self.file, create=False)) as connection:
                yield from manifest.rows(connection, subtree)
        except (sqlite3.Error, *_NONSENSE) as error:
            raise StateUnavailable(**_unstored(self.file, error)) from error

    @property
    def wants_whole(self) -> bool:
        """The next checkpoint should be whole: there is no file, or much of it is outdated."""
        # A report leaves the row of an older one of the same path; that is found out in bulk.
        return self._needs_whole or self._log_rows > 2 * self._log_size + _SPARE_ROWS

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._close()
        with self._reading:
            self._close_reader()

    def _holds(self, subtrees: Sequence[RelPath]) -> bool:
        """Tell whether there is any row in *subtrees*, without waiting for a checkpoint."""
        with self._reading, self._told_reading():
            reader = self._reader()
            return any(manifest.has_rows(reader, subtree) for subtree in subtrees)

    def _reader(self) -> sqlite3.Connection:
        """Return the connection that only reads, of the file that is there now."""
        place = _place(self.file)
        if self._read_connection is not None and self._read_place != place:
            self._close_reader()
        if self._read_connection is None:
            self._read_connection = connect(self.file, create=False)
            self._read_place = place
        return self._read_connection

    @contextlib.contextmanager
    def _told_reading(self) -> Iterator[None]:
        """Raise ``StateUnavailable`` for whatever goes wrong."""
        try:
            yield
        except (sqlite3.Error, *_NONSENSE, OSError) as error:
            self._close_reader()
            raise StateUnavailable(**_unstored(self.file, error)) from error

    def _close_reader(self) -> None:
        connection, self._read_connection = self._read_connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    # Within the lock.

    def _read(self, moment: Moment) -> Kept | None:
        changed_at = _changed_at(self.file, moment)
        connection = self._opened()
        if os.path.getsize(self.file) <= _CHECKED_BYTES:
            [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise NotOurs(f"it is damaged ({found})")
        kept = read_checkpoint(connection, moment, self._boot)
        self._log_rows = len(kept.log) if kept is not None else 0
        if kept is not None and changed_at > kept.stored_at + _CLOSED_WITHIN_S:
            # Put back from a copy, perhaps: a later daemon may have carried what it does not know.
            kept = replace(kept, was_clean=False)
        return kept

    def _begin_anew(self, why: str, moment: Moment) -> Recovered:
        self._close()
        try:
            name = set_aside(self.file, moment.wall_s)
        except OSError as error:
            return Recovered(reason=_unreadable(self.file, error))
        return Recovered(
            reason=Reason(
                message=f"the state in {self.file} cannot be used: {why}",
                remedy=f"It was set aside as {os.path.basename(name)}, and everything is compared"
                " again. sersync needs that file no more; delete it when you like.",
            ),
            root_was_lost=self._root_was_lost,
        )

    def _opened(self) -> sqlite3.Connection:
        """Return the connection, opened anew if the file is not the one we know (any more)."""
        if self._connection is not None and self._place != _place(self.file):
            self._close()
        if self._connection is None:
            self._needs_whole = True
            connection = connect(self.file)
            with contextlib.ExitStack() as undo:
                undo.callback(connection.close)
                prepare(connection)
                manifest.create(connection)
                known = read_identity(connection)
                undo.pop_all()
            self._connection, self._place = connection, _place(self.file)
            if known is not None and known not in (self._identity, self._trusted):
                self._root_was_lost = known.path in self._own_paths and read_lost(connection)
                if self._root_was_lost:
                    self._trusted = known
                raise NotOurs(_other_root(known, self._identity))
        return self._connection

    @contextlib.contextmanager
    def _told(self, moment: Moment) -> Iterator[None]:
        """Undo what was begun, and raise ``StateUnavailable`` for whatever goes wrong."""
        try:
            yield
        except (sqlite3.Error, *_NONSENSE, OSError) as error:
            self._close()
            if _is_unusable(error):
                with contextlib.suppress(OSError):
                    set_aside(self.file, moment.wall_s)
            raise StateUnavailable(**_unstored(self.file, error)) from error

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def connect(file: str, *, create: bool = True) -> sqlite3.Connection:
    """Return a connection to *file*, each statement its own transaction unless one is begun."""
    if create:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(file))}?mode=rw",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        undo.pop_all()
    return connection


def _place(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _changed_at(file: str, moment: Moment) -> float:
    """Return when *file* was last changed or put in its place, which no program can set back."""
    try:
        return moment.past(os.stat(file).st_ctime)
    except FileNotFoundError:
        return moment.monotonic_s


def _is_unusable(error: Exception) -> bool:
    """Tell whether the file itself is at fault, so that it will never do."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE
    return isinstance(error, _NONSENSE)


def _sentence(error: Exception) -> str:
    if isinstance(error, NotOurs):
        return str(error)
    if isinstance(error, sqlite3.Error):
        return f"it is damaged ({error})"
    return f"it holds what sersync does not write ({error})"


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return _sentence(error) if _is_unusable(error) else str(error)


def _unreadable(file: str, error: Exception) -> Reason:
    return Reason(
        message=f"the state in {file} cannot be read: {_cause(error)}",
        remedy="Everything is compared again. Replication goes on, and sersync tries to store"
        " its state anew.",
        command=f"ls -l {word(file)}; df -h {word(os.path.dirname(file))}",
    )


def _unstored(file: str, error: Exception) -> dict[str, str]:
    return {
        "message": f"the state cannot be stored in {file}: {_cause(error)}",
        "hint": f"df -h {word(os.path.dirname(file))}; ls -l {word(file)}",
    }


def _other_root(known: RootIdentity, now: RootIdentity) -> str:
    if known.path != now.path:
        return f"it belongs to {display(known.path)}, not to {display(now.path)}"
    return (
        f"{display(now.path)} is another directory than the one it belongs to: it was made anew,"
        " or another file system is mounted there"
    )
