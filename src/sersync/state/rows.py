"""From a checkpoint to rows and back: what a state file holds of the log and of the targets.

Every function works on an open connection, within the caller's transaction. What does not make
sense when it is read raises ``ValueError`` or ``TypeError``: the file is not what we wrote.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sersync.model.checkpoint import (
    Bucket,
    Checkpoint,
    Kept,
    KeptTarget,
    Moment,
    Offer,
    RootIdentity,
    TargetChanges,
    TargetMemory,
    UnfinishedPass,
    Waiting,
)
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.state.held import pack, unpack

_PER_TARGET: Final = ("waiting", "unfinished_pass", "offer", "settled")
_LONGEST_WAIT_S: Final = 3600.0
"""No offer lies further ahead than this, whatever the calendar says."""


def write_identity(connection: sqlite3.Connection, identity: RootIdentity) -> None:
    """Note which directory the file belongs to."""
    _put(
        connection,
        {
            "root": identity.path,
            "file_system": identity.file_system.encode(),
            "inode": identity.inode,
            "birth_ns": identity.birth_ns,
        },
    )


def read_identity(connection: sqlite3.Connection) -> RootIdentity | None:
    """Return which directory the file belongs to; None for a new file."""
    known = _facts(connection)
    if "root" not in known:
        return None
    return RootIdentity(
        path=bytes(known["root"]),
        file_system=bytes(known["file_system"]).decode(),
        inode=int(known["inode"]),
        birth_ns=int(known["birth_ns"]),
    )


def read_lost(connection: sqlite3.Connection) -> bool:
    """Tell whether the root had been replaced when the file was last written."""
    return bool(_facts(connection).get("lost", 0))


def write_checkpoint(connection: sqlite3.Connection, checkpoint: Checkpoint, boot: str) -> int:
    """Store what changed since the last checkpoint; return by how many rows the log has grown."""
    _put(
        connection,
        {
            "sequence": checkpoint.log.sequence,
            "clean": int(checkpoint.is_clean),
            "boot": boot.encode(),
            "stored_at": checkpoint.moment.wall_s,
            "lost": int(checkpoint.root_is_lost),
        },
    )
    grown = _write_log(connection, checkpoint)
    names = {target.name for target in checkpoint.targets}
    ids = {}
    for number, name in connection.execute("SELECT id, name FROM target").fetchall():
        ids[_name(name)] = number
        if _name(name) not in names:
            _forget(connection, number)
            connection.execute("DELETE FROM target WHERE id = ?", (number,))
    for target in checkpoint.targets:
        _write_target(connection, target, ids.get(target.name), checkpoint.moment)
    return grown


def read_checkpoint(connection: sqlite3.Connection, moment: Moment, boot: str) -> Kept | None:
    """Return what the checkpoints have stored, its times as seen at *moment*; None: nothing."""
    known = _facts(connection)
    if "sequence" not in known:
        return None
    log = tuple(
        _dirty(path, scope, sequence, moment.past(first_seen), content)
        for sequence, path, scope, first_seen, content in connection.execute(
            "SELECT sequence, path, scope, first_seen, content FROM log ORDER BY sequence"
        )
    )
    targets = {}
    for number, name, basis, cursor, held in connection.execute(
        "SELECT id, name, basis, cursor, held FROM target"
    ).fetchall():
        targets[_name(name)] = KeptTarget(
            name=_name(name),
            basis=str(basis),
            cursor=int(cursor),
            waiting=tuple(_waiting(connection, number, moment)),
            memory=_memory(connection, number, moment),
            settled=tuple(_settled(connection, number, moment)),
            held=unpack(str(held)),
        )
    return Kept(
        log=log,
        sequence=int(known["sequence"]),
        targets=targets,
        was_clean=bool(known["clean"]),
        same_boot=bytes(known["boot"]).decode() == boot,
        stored_at=moment.past(known.get("stored_at", moment.wall_s)),
    )


# Writing.


def _put(connection: sqlite3.Connection, facts: Mapping[str, bytes | int | float]) -> None:
    connection.executemany("INSERT OR REPLACE INTO source VALUES (?, ?)", facts.items())


def _write_log(connection: sqlite3.Connection, checkpoint: Checkpoint) -> int:
    log = checkpoint.log
    slowest = min((target.cursor for target in checkpoint.targets), default=log.sequence)
    last = log.sequence if log.is_whole else slowest
    outdated = connection.execute("DELETE FROM log WHERE sequence <= ?", (last,))
    wall_offset_s = checkpoint.moment.wall(0.0)
    rows = [
        (each.sequence, each.path, each.scope, each.first_seen + wall_offset_s, each.content)
        for each in log.reported
        if each.sequence > slowest
    ]
    connection.executemany("INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?, ?)", rows)
    return len(rows) - outdated.rowcount


def _write_target(
    connection: sqlite3.Connection, target: TargetChanges, number: int | None, moment: Moment
) -> None:
    number = _write_cursor(connection, target, number)
    if target.is_whole:
        _forget(connection, number)
    if target.held is not None:
        connection.execute("UPDATE target SET held = ? WHERE id = ?", (pack(target.held), number))
    connection.executemany(
        "DELETE FROM waiting WHERE target = ? AND path = ?",
        ((number, path) for path in target.gone),
    )
    wall_offset_s = moment.wall(0.0)
    connection.executemany(
        "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                number,
                each.path.path,
                each.path.scope,
                each.path.sequence,
                each.path.first_seen + wall_offset_s,
                each.path.content,
                each.path.failures,
                each.is_flying,
            )
            for each in target.waiting
        ),
    )
    connection.execute(
        "DELETE FROM settled WHERE target = ? AND number < ?", (number, target.settled_from)
    )
    connection.executemany(
        "INSERT OR REPLACE INTO settled VALUES (?, ?, ?, ?)",
        (
            (number, each.number, moment.wall(each.since), _packed(each.paths))
            for each in target.settled
        ),
    )
    if target.memory is not None:
        _write_memory(connection, number, target.memory, moment)


def _write_cursor(connection: sqlite3.Connection, target: TargetChanges, number: int | None) -> int:
    """Store how far *target* has come; return the number of its row, which None stands for."""
    values = (target.name.encode(errors="surrogateescape"), target.basis, target.cursor)
    if number is not None:
        connection.execute(
            "UPDATE target SET basis = ?, cursor = ? WHERE id = ?", (*values[1:], number)
        )
        return number
    added = connection.execute("INSERT INTO target (name, basis, cursor) VALUES (?, ?, ?)", values)
    if added.lastrowid is None:
        raise AssertionError("an inserted row has a number")
    return added.lastrowid


def _write_memory(
    connection: sqlite3.Connection, number: int, memory: TargetMemory, moment: Moment
) -> None:
    for table in ("unfinished_pass", "offer"):
        connection.execute(f"DELETE FROM {table} WHERE target = ?", (number,))  # noqa: S608
    connection.executemany(
        "INSERT OR REPLACE INTO unfinished_pass (target, path, unheard_since) VALUES (?, ?, ?)",
        (
            (
                number,
                each.subtree,
                None if each.unheard_since is None else moment.wall(each.unheard_since),
            )
            for each in memory.passes
        ),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO offer VALUES (?, ?, ?, ?, ?)",
        (
            (number, each.path, each.scope, each.turn, moment.wall(each.at))
            for each in memory.offers
        ),
    )


def _forget(connection: sqlite3.Connection, number: int) -> None:
    for table in _PER_TARGET:
        connection.execute(f"DELETE FROM {table} WHERE target = ?", (number,))  # noqa: S608


def _packed(paths: Mapping[RelPath, Scope]) -> bytes:
    """Return *paths* in one piece: no path holds a NUL byte."""
    return b"\0".join(b"%d%b" % (scope, path) for path, scope in paths.items())


# Reading.


def _facts(connection: sqlite3.Connection) -> dict[str, Any]:
    return dict(connection.execute("SELECT key, value FROM source").fetchall())


def _name(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")


def _dirty(
    path: bytes, scope: int, sequence: int, first_seen: float, content: int, failures: int = 0
) -> DirtyPath:
    if not isinstance(path, bytes):
        raise TypeError("a path is bytes")
    return DirtyPath(
        path=RelPath(path),
        scope=Scope(scope),
        sequence=int(sequence),
        first_seen=float(first_seen),
        content=bool(content),
        failures=int(failures),
    )


def _waiting(connection: sqlite3.Connection, number: int, moment: Moment) -> Iterator[Waiting]:
    rows = connection.execute(
        "SELECT path, scope, sequence, first_seen, content, failures, flying FROM waiting"
        " WHERE target = ?",
        (number,),
    )
    for path, scope, sequence, first_seen, content, failures, flying in rows:
        dirty = _dirty(path, scope, sequence, moment.past(first_seen), content, failures)
        yield Waiting(path=dirty, is_flying=bool(flying))


def _memory(connection: sqlite3.Connection, number: int, moment: Moment) -> TargetMemory:
    passes = connection.execute(
        "SELECT path, unheard_since FROM unfinished_pass WHERE target = ?", (number,)
    )
    offers = connection.execute(
        "SELECT path, scope, turn, due FROM offer WHERE target = ?", (number,)
    )
    return TargetMemory(
        passes=tuple(
            UnfinishedPass(
                subtree=RelPath(bytes(path)),
                unheard_since=None if since is None else moment.past(since),
            )
            for path, since in passes
        ),
        offers=tuple(
            Offer(
                path=RelPath(bytes(path)),
                scope=Scope(scope),
                turn=int(turn),
                at=moment.coming(due, at_most_s=_LONGEST_WAIT_S),
            )
            for path, scope, turn, due in offers
        ),
    )


def _settled(connection: sqlite3.Connection, target: int, moment: Moment) -> Iterator[Bucket]:
    rows = connection.execute(
        "SELECT number, since, paths FROM settled WHERE target = ? ORDER BY number", (target,)
    )
    for number, since, paths in rows:
        yield Bucket(number=number, since=moment.past(since), paths=dict(_unpacked(paths)))


def _unpacked(packed: bytes) -> Iterable[tuple[RelPath, Scope]]:
    if packed:
        for each in packed.split(b"\0"):
            yield RelPath(each[1:]), Scope(int(each[:1]))
