"""The manifest as a table of SQLite: its rows in the order of a walk.

Functions over a connection, for use inside whatever transaction its owner has begun. A key is
the directory's path with NUL for the slash: SQLite compares blobs by memcmp(3)
(sqlite.org/datatype3.html, section 4), and so directories come before what is below them, and
what is below them before their next sibling.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from sersync.model.manifest import Row
from sersync.model.path import RelPath

_MOST_ROWS: Final = 500
_PAGE_BYTES: Final = 1 << 20
_WHOLE: Final = 1 << 64
"""Inodes are unsigned numbers of 64 bits, SQLite's integers are signed."""
_LONGEST_PATH: Final = 4096
"""PATH_MAX, the NUL at the end included (linux/limits.h)."""


def create(connection: sqlite3.Connection) -> None:
    """Make the table unless it is there."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS manifest ("
        " key BLOB NOT NULL PRIMARY KEY, inode INTEGER NOT NULL, changed_ns INTEGER NOT NULL,"
        " filesystem INTEGER NOT NULL, basis INTEGER NOT NULL, entries INTEGER NOT NULL,"
        " blob BLOB NOT NULL)"
    )


def rows(connection: sqlite3.Connection, subtree: RelPath) -> Iterator[Row]:
    """Yield the rows of *subtree* and all below it, in the order of a walk.

    Lazily, a page at a time: rows stored or voided meanwhile may or may not be seen, and no
    read transaction stays open while the caller looks at what it got.
    """
    first, end = _range(subtree)
    while page := _page(connection, first, end):
        yield from page
        first = key_of(page[-1].directory) + b"\0"


def _page(connection: sqlite3.Connection, first: bytes, end: bytes) -> list[Row]:
    """Return the rows from the key *first* on, as many as fit into a page, at least one."""
    found = connection.execute(
        "SELECT key, inode, changed_ns, filesystem, basis, entries, blob FROM manifest"
        " WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
        (first, end, _MOST_ROWS),
    )
    page: list[Row] = []
    size = 0
    for key, inode, changed_ns, filesystem, basis, entries, blob in found:
        page.append(
            Row(
                directory=RelPath(key.replace(b"\0", b"/")),
                inode=inode + _WHOLE if inode < 0 else inode,
                changed_ns=changed_ns,
                filesystem=filesystem,
                basis=basis,
                entries=entries,
                blob=blob,
            )
        )
        size += len(blob)
        if size >= _PAGE_BYTES:
            break
    found.close()
    return page


def store(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Put *rows* in the place of those of the same directories."""
    connection.executemany(
        "INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                key_of(row.directory),
                row.inode - _WHOLE if row.inode >= _WHOLE >> 1 else row.inode,
                row.changed_ns,
                row.filesystem,
                row.basis,
                row.entries,
                row.blob,
            )
            for row in rows
        ),
    )


def void(connection: sqlite3.Connection, subtrees: Iterable[RelPath]) -> None:
    """Delete the rows of *subtrees* and of all below them: nothing is vouched for there."""
    connection.executemany(
        "DELETE FROM manifest WHERE key >= ? AND key < ?", (_range(each) for each in subtrees)
    )


def has_rows(connection: sqlite3.Connection, subtree: RelPath) -> bool:
    """Tell whether there is a row for *subtree* or anything below it."""
    query = "SELECT 1 FROM manifest WHERE key >= ? AND key < ? LIMIT 1"
    return connection.execute(query, _range(subtree)).fetchone() is not None


def count(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many rows there are, and how many entries they hold together."""
    found = connection.execute("SELECT count(*), ifnull(sum(entries), 0) FROM manifest").fetchone()
    return int(found[0]), int(found[1])


def key_of(directory: RelPath) -> bytes:
    """Return the key under which the row of *directory* is kept."""
    return directory.replace(b"/", b"\0")


def _range(subtree: RelPath) -> tuple[bytes, bytes]:
    """Return the first key of *subtree*, and the least that is beyond all of its keys.

    Below the key of a directory there is NUL and a name, and no name holds a byte below 1.
    """
    key = key_of(subtree)
    return (key, key + b"\1") if key else (b"", b"\xff" * _LONGEST_PATH)
