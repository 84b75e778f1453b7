"""What happened, in an SQLite file of its own: transfers, and samples that thin out with age.

It is for people to look at, so it may be lost, and nothing rests on it: a power cut may damage it
(``synchronous = OFF``, sqlite.org/pragma.html), a full disk stop it. The state is another file.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final

from sersync.errors import StateUnavailable
from sersync.model.dirty import Scope
from sersync.model.explanation import Carried
from sersync.model.history import Listed, Sample, Transfer
from sersync.model.path import ROOT, RelPath, ancestors, parent
from sersync.model.status import TargetState
from sersync.state.aside import set_aside
from sersync.state.schema import NotOurs, prepare

_APPLICATION_ID: Final = 0x73657268
"""``serh``."""
_FIRST: Final = """
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    source BLOB NOT NULL,
    target BLOB NOT NULL,
    kind TEXT NOT NULL,
    verdict TEXT NOT NULL,
    paths INTEGER NOT NULL,
    files INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    sent_bytes INTEGER NOT NULL,
    duration_s REAL NOT NULL,
    lag_s REAL NOT NULL,
    exit_code INTEGER NOT NULL,
    reason BLOB NOT NULL,
    examples BLOB NOT NULL
);
CREATE INDEX transfer_of ON transfer (source, target, id);
CREATE TABLE carried (
    path INTEGER PRIMARY KEY,
    transfer INTEGER NOT NULL
);
CREATE INDEX carried_by ON carried (transfer);
CREATE TABLE sample (
    at REAL NOT NULL,
    source BLOB NOT NULL,
    target BLOB NOT NULL,
    state TEXT NOT NULL,
    lag_s REAL NOT NULL,
    pending INTEGER NOT NULL,
    files INTEGER NOT NULL,
    sent_bytes INTEGER NOT NULL,
    quarantined INTEGER NOT NULL
);
CREATE INDEX sample_of ON sample (source, target, at);
"""
_STARTS: Final = "CREATE TABLE start (at REAL NOT NULL)"
_SCOPES: Final = """
ALTER TABLE carried ADD COLUMN scope INTEGER NOT NULL DEFAULT 0;
ALTER TABLE carried ADD COLUMN failed INTEGER NOT NULL DEFAULT 0
"""
_STEPS: Final = (_FIRST, _STARTS, _SCOPES)
_MOST_STARTS: Final = 10_000
_MOST_TRANSFERS: Final = 100_000
_MOST_PATHS: Final = 200_000
_MOST_EXAMPLES: Final = 5
_THINNED: Final = ((3600.0, 300.0), (86_400.0, 3600.0))
"""From which age on, in seconds, one sample is kept for how many seconds."""
_KEPT_S: Final = 31 * 86_400.0


class SqliteHistory:
    """The history of one instance. For any thread; a lock lets one in at a time."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def open(self, *, wall_s: float) -> str:
        """Begin; return what became of a file that cannot be used, for people, or nothing.

        Raises ``StateUnavailable`` when there can be none.
        """
        with self._translated():
            try:
                self._connection = _connect(self._file)
                return ""
            except (NotOurs, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                kept = set_aside(self._file, wall_s)
                self._connection = _connect(self._file)
                return f"{error}; it is kept as {kept}"

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def add(
        self,
        transfers: Iterable[tuple[Transfer, Sequence[Listed]]],
        samples: Iterable[tuple[str, str, Sample]],
    ) -> None:
        """Keep *transfers*, each with the paths that it was for, and *samples* of targets.

        Raises ``StateUnavailable``; nothing of it is kept then.
        """
        with self._guarded() as connection, connection:
            for transfer, paths in transfers:
                number = connection.execute(
                    "INSERT INTO transfer VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    _row(transfer),
                ).lastrowid
                names = transfer.source, transfer.target
                connection.executemany(
                    "INSERT OR REPLACE INTO carried VALUES (?, ?, ?, ?)",
                    (
                        (_key(*names, each.path), number, int(each.scope), each.failed)
                        for each in paths
                    ),
                )
            connection.executemany(
                "INSERT INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        each.at, source.encode(errors="surrogateescape"),
                        target.encode(errors="surrogateescape"), each.state.value, each.lag_s,
                        each.pending, each.files, each.sent_bytes, each.quarantined,
                    )
                    for source, target, each in samples
                ),
            )  # fmt: skip

    def begin(self, *, wall_s: float) -> int:
        """Write down that a daemon starts; return how often one did.

        Raises ``StateUnavailable``.
        """
        with self._guarded() as connection, connection:
            connection.execute("INSERT INTO start VALUES (?)", (wall_s,))
            [starts] = connection.execute("SELECT max(rowid) FROM start").fetchone()
            connection.execute("DELETE FROM start WHERE rowid <= ?", (starts - _MOST_STARTS,))
        return int(starts)

    def thin_out(self, *, wall_s: float) -> None:
        """Drop what is too old or too much. Raises ``StateUnavailable``."""
        with self._guarded() as connection, connection:
            for age_s, step_s in _THINNED:
                connection.execute(
                    "DELETE FROM sample WHERE at < :end AND rowid NOT IN (SELECT rowid FROM"
                    " (SELECT rowid, max(lag_s) FROM sample WHERE at < :end"
                    " GROUP BY source, target, CAST(at / :step AS INTEGER)))",
                    {"end": wall_s - age_s, "step": step_s},
                )
            connection.execute("DELETE FROM sample WHERE at < ?", (wall_s - _KEPT_S,))
            connection.execute(
                "DELETE FROM transfer WHERE id <= (SELECT max(id) FROM transfer) - ?",
                (_MOST_TRANSFERS,),
            )
            connection.execute(
                "DELETE FROM carried WHERE transfer < (SELECT min(id) FROM transfer)"
            )
            connection.execute(
                "DELETE FROM carried WHERE transfer <= (SELECT transfer FROM carried"
                " ORDER BY transfer DESC LIMIT 1 OFFSET ?)",
                (_MOST_PATHS,),
            )

    def samples(self, source: str, target: str, *, since: float) -> list[Sample]:
        """Return how a target stood from *since* on, by the calendar, the oldest first.

        Raises ``StateUnavailable``.
        """
        with self._guarded() as connection:
            rows = connection.execute(
                "SELECT at, state, lag_s, pending, files, sent_bytes, quarantined FROM sample"
                " WHERE source = ? AND target = ? AND at >= ? ORDER BY at",
                (*_encoded(source, target), since),
            ).fetchall()
        return [
            Sample(
                at=at,
                state=TargetState(state),
                lag_s=lag_s,
                pending=pending,
                files=files,
                sent_bytes=sent_bytes,
                quarantined=quarantined,
            )
            for at, state, lag_s, pending, files, sent_bytes, quarantined in rows
        ]

    def transfers(
        self, source: str = "", target: str = "", *, since: float = 0.0, limit: int = 100
    ) -> list[Transfer]:
        """Return runs, the newest first; an empty name is all of them.

        Raises ``StateUnavailable``.
        """
        with self._guarded() as connection:
            rows = connection.execute(
                "SELECT * FROM transfer WHERE (:source = x'' OR source = :source)"
                " AND (:target = x'' OR target = :target) AND at >= :since"
                " ORDER BY id DESC LIMIT :limit",
                {
                    "source": _encoded(source)[0],
                    "target": _encoded(target)[0],
                    "since": since,
                    "limit": limit,
                },
            ).fetchall()
        return [_transfer(row) for row in rows]

    def names(self) -> list[tuple[str, str]]:
        """Return each source and target with transfers. Raises ``StateUnavailable``."""
        with self._guarded() as connection:
            rows = connection.execute("SELECT DISTINCT source, target FROM transfer").fetchall()
        return [(_decoded(source), _decoded(target)) for source, target in rows]

    def last_carried(
        self, source: str, target: str, path: RelPath, *, changed_at: float | None = None
    ) -> Carried | None:
        """Return the last run that was for *path*, or that looked through a directory above it.

        That counts if it came through, and began after *changed_at*, by the calendar; None: it
        does not count. What is remembered of large runs are their first paths. None if forgotten.
        """
        above = {ROOT, *ancestors(path)} - {path} if changed_at is not None else set()
        places = {_key(source, target, each): each for each in (path, *above)}
        marks = ", ".join("?" * len(places))
        try:
            with self._guarded() as connection:
                rows = connection.execute(
                    "SELECT carried.path, scope, failed, transfer.* FROM carried"  # noqa: S608
                    f" JOIN transfer ON id = carried.transfer WHERE carried.path IN ({marks})"
                    " ORDER BY id DESC",
                    list(places),
                ).fetchall()
        except StateUnavailable:
            return None
        for key, scope, failed, *row in rows:
            by, found = places[key], _transfer(tuple(row))
            if by == path or (
                not failed
                and (scope == Scope.TREE or (scope == Scope.LEVEL and parent(path) == by))
                and found.at - found.duration_s >= (changed_at or 0.0)
            ):
                return _carried(found, by, failed=bool(failed))
        return None

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection, alone. Raises ``StateUnavailable``, also for what SQLite raises."""
        with self._translated():
            if self._connection is None:
                raise sqlite3.OperationalError("it could not be opened")
            yield self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                raise StateUnavailable(
                    f"the history in {self._file} cannot be kept: {error}",
                    hint="Replication goes on. Make room on that disk, or delete the file.",
                ) from error


def read_history(file: str) -> SqliteHistory:
    """Return the history in *file* for reading, while no daemon runs.

    Raises ``StateUnavailable``.
    """
    history = SqliteHistory(file)
    with history._translated():
        connection = sqlite3.connect(file, timeout=5.0, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM transfer").fetchone()
        history._connection = connection
    return history


def _connect(file: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=5.0, check_same_thread=False)
    with ExitStack() as undo:
        undo.callback(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        prepare(connection, _STEPS, application_id=_APPLICATION_ID)
        with closing(connection.execute("SELECT * FROM transfer, sample, carried LIMIT 1")):
            pass
        undo.pop_all()
    return connection


def _encoded(*names: str) -> tuple[bytes, ...]:
    return tuple(name.encode(errors="surrogateescape") for name in names)


def _key(source: str, target: str, path: RelPath) -> int:
    """Return a number for *path* as one target's: two may share one, in a billion of billions."""
    text = b"\0".join((*_encoded(source, target), path))
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


def _row(each: Transfer) -> tuple[object, ...]:
    return (
        each.at, *_encoded(each.source, each.target), each.kind, each.verdict, each.paths,
        each.files, each.deleted, each.sent_bytes, each.duration_s, each.lag_s, each.exit_code,
        _encoded(each.reason)[0], b"\0".join(each.examples[:_MOST_EXAMPLES]),
    )  # fmt: skip


def _carried(found: Transfer, by: RelPath, *, failed: bool) -> Carried:
    return Carried(
        at=found.at,
        number=found.number,
        by=by,
        failed=failed,
        kind=found.kind,
        verdict=found.verdict,
        paths=found.paths,
        duration_s=found.duration_s,
        lag_s=found.lag_s,
        exit_code=found.exit_code,
        reason=found.reason,
    )


def _transfer(row: tuple[Any, ...]) -> Transfer:
    number, at, source, target, kind, verdict, paths, files, deleted, sent_bytes, *rest = row
    duration_s, lag_s, exit_code, reason, examples = rest
    return Transfer(
        at=at,
        source=_decoded(source),
        target=_decoded(target),
        kind=kind,
        verdict=verdict,
        paths=paths,
        files=files,
        deleted=deleted,
        sent_bytes=sent_bytes,
        duration_s=duration_s,
        lag_s=lag_s,
        exit_code=exit_code,
        reason=_decoded(reason),
        examples=tuple(map(RelPath, examples.split(b"\0"))) if examples else (),
        number=number,
    )


def _decoded(value: bytes) -> str:
    return value.decode(errors="surrogateescape")
