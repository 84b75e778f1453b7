"""The tables of a state file, and how an older file becomes one of today.

``PRAGMA user_version`` holds the version; a file of a newer one is not for us. Names and paths
are blobs: they may hold any byte.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

APPLICATION_ID: Final = 0x73657273
"""``sers``: tells our files from others (sqlite.org/pragma.html#pragma_application_id)."""

_FIRST: Final = """
CREATE TABLE source (
    key TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;
CREATE TABLE log (
    sequence INTEGER PRIMARY KEY,
    path BLOB NOT NULL,
    scope INTEGER NOT NULL,
    first_seen REAL NOT NULL,
    content INTEGER NOT NULL
);
CREATE TABLE target (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE,
    basis TEXT NOT NULL,
    cursor INTEGER NOT NULL
);
CREATE TABLE waiting (
    target INTEGER NOT NULL,
    path BLOB NOT NULL,
    scope INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    first_seen REAL NOT NULL,
    content INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    flying INTEGER NOT NULL,
    PRIMARY KEY (target, path)
) WITHOUT ROWID;
CREATE TABLE unfinished_pass (
    target INTEGER NOT NULL,
    path BLOB NOT NULL,
    PRIMARY KEY (target, path)
) WITHOUT ROWID;
CREATE TABLE offer (
    target INTEGER NOT NULL,
    path BLOB NOT NULL,
    scope INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    due REAL NOT NULL,
    PRIMARY KEY (target, path)
) WITHOUT ROWID;
CREATE TABLE settled (
    target INTEGER NOT NULL,
    number INTEGER NOT NULL,
    since REAL NOT NULL,
    paths BLOB NOT NULL,
    PRIMARY KEY (target, number)
) WITHOUT ROWID;
"""

_HELD: Final = "ALTER TABLE target ADD COLUMN held TEXT NOT NULL DEFAULT ''"

_UNHEARD: Final = "ALTER TABLE unfinished_pass ADD COLUMN unheard_since REAL"

STEPS: Final[tuple[str, ...]] = (_FIRST, _HELD, _UNHEARD)
"""The script at place *n* leads from version *n* to the next one. Scripts are never changed."""


class NotOurs(Exception):
    """A file that must not be used, and why: a sentence for people."""


def prepare(
    connection: sqlite3.Connection,
    steps: Sequence[str] = STEPS,
    *,
    application_id: int = APPLICATION_ID,
) -> None:
    """Bring the file of *connection* to the version of today, within one transaction.

    Raises ``NotOurs`` for a file of another program or of a newer sersync.
    """
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [tables] = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if tables and application != application_id:
        raise NotOurs("another program has made it")
    if version > len(steps):
        raise NotOurs(f"a newer sersync has made it (version {version}, not {len(steps)})")
    if version == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    for step in steps[version:]:
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {application_id}")
    connection.execute(f"PRAGMA user_version = {len(steps)}")
    connection.execute("COMMIT")
