"""A state file on a real disk: kept, missing, damaged, foreign, taken away, full."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sersync.errors import StateUnavailable
from sersync.model.batch import Reason
from sersync.model.checkpoint import (
    Asked,
    Bucket,
    Checkpoint,
    Held,
    Kept,
    LogChanges,
    Moment,
    Offer,
    Recovered,
    RootIdentity,
    TargetChanges,
    TargetMemory,
    UnfinishedPass,
    Waiting,
)
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.manifest import Row, pack
from sersync.model.path import ROOT, RelPath
from sersync.state import schema
from sersync.state.store import SqliteStore

HERE = RootIdentity(path=b"/srv/www", file_system="ext4", inode=2, birth_ns=17)
THEN = Moment(monotonic_s=1000.0, wall_s=time.time())


def dirty(path: bytes, sequence: int = 1, **more: Any) -> DirtyPath:
    return DirtyPath(
        path=RelPath(path),
        sequence=sequence,
        **({"scope": Scope.ENTRY, "first_seen": 990.0} | more),
    )


def target(name: str = "copy", cursor: int = 0, **more: Any) -> TargetChanges:
    given: dict[str, Any] = {
        "basis": "basis",
        "waiting": (),
        "gone": frozenset(),
        "memory": TargetMemory(),
        "is_whole": True,
    }
    return TargetChanges(name=name, cursor=cursor, **(given | more))


def checkpoint(
    *reported: DirtyPath, targets: tuple[TargetChanges, ...] = (), **more: Any
) -> Checkpoint:
    sequence = max((each.sequence for each in reported), default=0)
    given: dict[str, Any] = {
        "moment": THEN,
        "log": LogChanges(reported=reported, sequence=sequence, size=len(reported), is_whole=True),
        "targets": targets or (target(),),
    }
    return Checkpoint(**(given | more))


class File:
    """One state file, opened as often as a test likes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.boot = "first"
        self._stores: list[SqliteStore] = []

    def open(self, identity: RootIdentity = HERE) -> SqliteStore:
        store = SqliteStore(os.fspath(self.path), identity, boot=self.boot)
        self._stores.append(store)
        return store

    def started(self, now: Moment = THEN, identity: RootIdentity = HERE) -> Recovered:
        """What a start finds."""
        self.close()
        return self.open(identity).recover(now)

    def kept(self, now: Moment = THEN) -> Kept:
        found = self.started(now)
        assert found.reason is None
        assert found.kept is not None
        return found.kept

    def fill(self, *reported: DirtyPath, **more: Any) -> None:
        """Store one checkpoint and end."""
        store = self.open()
        store.recover(THEN)
        store.checkpoint(checkpoint(*reported, **more))
        store.close()

    def asides(self) -> list[Path]:
        return sorted(self.path.parent.glob("*.set-aside-*"))

    def close(self) -> None:
        for store in self._stores:
            store.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "www.sqlite")
    yield file
    file.close()


def test_a_first_start_finds_nothing_and_is_no_trouble(file: File) -> None:
    assert file.started() == Recovered()


def test_what_was_stored_is_found_again(file: File) -> None:
    waiting = dirty(b"\xff\n", 3, scope=Scope.TREE, content=True, failures=2)
    memory = TargetMemory(
        passes=(
            UnfinishedPass(subtree=ROOT),
            UnfinishedPass(subtree=RelPath(b"d"), unheard_since=900.0),
        ),
        offers=(Offer(path=RelPath(b"o"), scope=Scope.LEVEL, turn=1, at=1300.0),),
    )
    settled = Bucket(number=7, since=950.0, paths={ROOT: Scope.TREE, RelPath(b"s"): Scope.ENTRY})
    file.fill(
        dirty(b"a", 8, content=True),
        dirty(b"b", 9, scope=Scope.LEVEL),
        targets=(
            target(
                "caf\udce9",
                7,
                waiting=(Waiting(path=waiting, is_flying=True),),
                memory=memory,
                settled=(settled,),
            ),
        ),
    )
    kept = file.kept()
    [copy] = kept.targets.values()

    assert kept.log == (dirty(b"a", 8, content=True), dirty(b"b", 9, scope=Scope.LEVEL))
    assert kept.sequence == 9
    assert (copy.name, copy.basis, copy.cursor) == ("caf\udce9", "basis", 7)
    assert copy.waiting == (Waiting(path=waiting, is_flying=True),)
    assert copy.memory == memory
    assert copy.settled == (settled,)
    assert not kept.was_clean
    assert kept.same_boot


def test_a_checkpoint_adds_to_the_one_before(file: File) -> None:
    store = file.open()
    store.recover(THEN)
    own = Waiting(path=dirty(b"own", 1))
    store.checkpoint(checkpoint(dirty(b"a", 2), targets=(target(cursor=1, waiting=(own,)),)))
    store.checkpoint(
        checkpoint(
            log=LogChanges(reported=[dirty(b"b", 3)], sequence=3, size=2),
            targets=(target(cursor=1, memory=None, gone={b"own"}, is_whole=False),),
        )
    )

    kept = file.kept()
    assert [each.path for each in kept.log] == [b"a", b"b"]
    assert kept.targets["copy"].waiting == ()


def test_what_every_target_has_passed_is_dropped(file: File) -> None:
    file.fill(
        dirty(b"a", 1), dirty(b"b", 2), dirty(b"c", 3), targets=(target("x", 1), target("y", 2))
    )

    assert [each.path for each in file.kept().log] == [b"b", b"c"]


def test_a_target_that_left_is_forgotten(file: File) -> None:
    own = Waiting(path=dirty(b"own"))
    file.fill(targets=(target("x", waiting=(own,)), target("y")))
    file.fill(targets=(target("y"),))
    file.fill(targets=(target("x"), target("y")))

    assert file.kept().targets["x"].waiting == ()


def test_ages_outlive_a_reboot(file: File) -> None:
    file.fill(dirty(b"a", first_seen=990.0))
    file.boot = "second"
    kept = file.kept(Moment(monotonic_s=5.0, wall_s=THEN.wall_s + 60.0))

    assert kept.log[0].first_seen == pytest.approx(5.0 - 70.0)
    assert not kept.same_boot


@pytest.mark.parametrize("hours", [-10_000, 10_000])
def test_a_clock_that_jumped_makes_nothing_younger_than_now_nor_waits_for_ever(
    file: File, hours: int
) -> None:
    offer = Offer(path=RelPath(b"o"), scope=Scope.ENTRY, turn=2, at=THEN.monotonic_s + 3000)
    memory = TargetMemory(offers=(offer,))
    file.fill(dirty(b"a"), targets=(target(memory=memory),))
    kept = file.kept(Moment(monotonic_s=2000.0, wall_s=THEN.wall_s + 3600 * hours))

    assert kept.log[0].first_seen <= 2000.0
    assert 2000.0 <= kept.targets["copy"].memory.offers[0].at <= 2000.0 + 3600.0


def test_rows_of_the_manifest_are_part_of_the_checkpoint(file: File) -> None:
    row = Row(
        directory=RelPath(b"d"),
        inode=1,
        changed_ns=2,
        filesystem=0,
        basis=3,
        entries=0,
        blob=pack([]),
    )
    store = file.open()
    store.recover(THEN)
    store.checkpoint(checkpoint(rows=[row]))
    assert list(store.rows(ROOT)) == [row]
    store.checkpoint(checkpoint(voided=[RelPath(b"d")]))
    assert list(store.rows(ROOT)) == []


def test_an_end_in_order_is_told_from_any_other(file: File) -> None:
    file.fill(is_clean=True)

    assert file.kept().was_clean


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def hole(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (path.stat().st_size - 4096))


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")


def other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")


def nonsense(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE log SET scope = 99")


def no_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE waiting")


@pytest.mark.parametrize(
    "harm", [garbage, cut, hole, newer, other_program, nonsense, no_table], ids=lambda f: f.__name__
)
def test_a_file_that_cannot_be_used_is_set_aside_and_the_reason_is_said(
    file: File, harm: Any
) -> None:
    file.fill(*(dirty(b"%d" % number, number) for number in range(1, 300)))
    harm(file.path)
    found = file.started()

    assert found.kept is None
    assert found.reason is not None
    assert os.fspath(file.path) in found.reason.message
    [aside] = [each for each in file.asides() if not each.name.endswith(("-wal", "-shm"))]
    assert aside.name in found.reason.remedy
    file.fill(dirty(b"a"))
    assert [each.path for each in file.kept().log] == [b"a"], "a new one was made"


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, path=b"/srv/other"),
        replace(HERE, inode=3),
        replace(HERE, file_system="xfs"),
        replace(HERE, birth_ns=18),
    ],
)
def test_the_state_of_another_root_is_set_aside(file: File, other: RootIdentity) -> None:
    file.fill(dirty(b"a"))
    found = file.started(identity=other)

    assert found.kept is None
    assert found.reason is not None
    assert "belongs to" in found.reason.message
    assert len(file.asides()) == 1


def test_only_a_few_files_are_kept_aside(file: File) -> None:
    for seconds in range(6):
        garbage(file.path)
        file.started(replace(THEN, wall_s=THEN.wall_s + seconds))

    assert len(file.asides()) == 3


def test_a_file_that_was_put_back_from_a_copy_does_not_count_as_the_last_word(file: File) -> None:
    long_ago = Moment(monotonic_s=10.0, wall_s=time.time() - 60.0)
    file.fill(dirty(b"a"), moment=long_ago, is_clean=True)

    assert not file.kept(Moment(monotonic_s=100.0, wall_s=time.time())).was_clean


def test_what_holds_a_target_up_is_found_again_and_stays_when_it_is_not_told_anew(
    file: File,
) -> None:
    reason = Reason(message="9 are to be deleted", remedy="confirm", needs_confirm=True)
    held = Held(
        is_paused=True,
        asked=Asked(reason=reason, entries=9, deleted=4, follows=True),
        recent=(ROOT, RelPath(b"d/\xff\n\xe4")),
        deleted=17,
    )
    file.fill(targets=(target(held=held), target("other")))
    assert file.kept().targets["copy"].held == held
    assert file.kept().targets["other"].held == Held()
    file.fill(targets=(target(cursor=3), target("other")))

    assert file.kept().targets["copy"].held == held


def test_a_file_of_the_first_version_holds_nothing_up(file: File) -> None:
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        schema.prepare(connection, schema.STEPS[:1])
        connection.execute("INSERT INTO target VALUES (1, x'63', 'basis', 0)")
        connection.execute("INSERT INTO source VALUES ('sequence', 1), ('clean', 1)")
        connection.execute("INSERT INTO source VALUES ('boot', x'61')")

    assert file.kept().targets["c"].held == Held()


def test_a_pass_of_an_older_file_doubts_nothing(file: File) -> None:
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        schema.prepare(connection, schema.STEPS[:2])
        connection.execute("INSERT INTO target VALUES (1, x'63', 'basis', 0, '')")
        connection.execute("INSERT INTO unfinished_pass VALUES (1, x'64')")
        connection.execute("INSERT INTO source VALUES ('sequence', 1), ('clean', 1)")
        connection.execute("INSERT INTO source VALUES ('boot', x'61')")

    [kept] = file.kept().targets["c"].memory.passes
    assert kept == UnfinishedPass(subtree=RelPath(b"d"))


def test_an_older_file_is_brought_up_to_date(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    file.fill(dirty(b"a"))
    steps = (*schema.STEPS, "CREATE TABLE later (x); INSERT INTO later VALUES (1);")
    monkeypatch.setattr(schema.prepare, "__defaults__", (steps,))

    assert [each.path for each in file.kept().log] == [b"a"]
    with closing(sqlite3.connect(file.path)) as connection:
        assert connection.execute("SELECT x FROM later").fetchall() == [(1,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (len(steps),)


def test_a_file_that_was_taken_away_is_made_anew_by_a_whole_checkpoint(file: File) -> None:
    store = file.open()
    store.recover(THEN)
    store.checkpoint(checkpoint(dirty(b"a")))
    file.path.unlink()
    part = checkpoint(log=LogChanges(reported=[dirty(b"b", 2)], sequence=2, size=2))

    with pytest.raises(StateUnavailable):
        store.checkpoint(part)
    assert store.wants_whole
    store.checkpoint(checkpoint(dirty(b"a"), dirty(b"b", 2)))
    assert [each.path for each in file.kept().log] == [b"a", b"b"]


def test_a_file_that_is_damaged_while_we_run_is_set_aside(file: File) -> None:
    store = file.open()
    store.recover(THEN)
    store.checkpoint(checkpoint(*(dirty(b"%d" % number, number) for number in range(1, 300))))
    store.close()
    garbage(file.path)

    with pytest.raises(StateUnavailable):
        store.checkpoint(checkpoint(dirty(b"a")))
    assert len(file.asides()) == 1
    store.checkpoint(checkpoint(dirty(b"a")))
    assert [each.path for each in file.kept().log] == [b"a"]


def test_a_full_disk_is_told_and_costs_no_more_than_the_checkpoint(
    file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = file.open()
    store.recover(THEN)
    store.checkpoint(checkpoint(dirty(b"a")))
    assert store._connection is not None
    [pages] = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = checkpoint(*(dirty(b"%0200d" % number, number) for number in range(1, 5000)))

    with pytest.raises(StateUnavailable, match="full"):
        store.checkpoint(many)
    assert [each.path for each in file.kept().log] == [b"a"]
    store.checkpoint(many)
    assert len(file.kept().log) == 4999


def test_a_file_that_somebody_holds_is_left_alone_and_used_later(
    file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.state.store._BUSY_S", 0.05)
    file.fill(dirty(b"a"))
    store = file.open()
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailable, match="locked"):
            store.checkpoint(checkpoint(dirty(b"b")))
        assert file.asides() == []
        other.execute("ROLLBACK")
    store.checkpoint(checkpoint(dirty(b"b")))
    assert [each.path for each in file.kept().log] == [b"b"]


def test_a_directory_that_cannot_be_written_is_told(file: File, tmp_path: Path) -> None:
    store = SqliteStore(os.fspath(tmp_path / "no" / "such" / "x.sqlite"), HERE, boot="")
    found = store.recover(THEN)

    assert found.kept is None
    assert found.reason is not None
    assert "cannot be read" in found.reason.message
    with pytest.raises(StateUnavailable, match="No such file or directory"):
        store.checkpoint(checkpoint())


def test_rows_that_newer_reports_made_superfluous_are_cleared_up_in_bulk(file: File) -> None:
    store = file.open()
    store.recover(THEN)
    store.checkpoint(checkpoint(dirty(b"a")))
    for turn in range(3):
        numbers = range(2 + 5000 * turn, 2 + 5000 * (turn + 1))
        again = [dirty(b"%d" % (number % 5000), number) for number in numbers]
        log = LogChanges(reported=again, sequence=numbers[-1], size=5001)
        store.checkpoint(checkpoint(log=log))
        assert not store.wants_whole
    for turn in range(3, 5):
        numbers = range(2 + 5000 * turn, 2 + 5000 * (turn + 1))
        again = [dirty(b"%d" % (number % 5000), number) for number in numbers]
        store.checkpoint(
            checkpoint(log=LogChanges(reported=again, sequence=numbers[-1], size=5001))
        )

    assert store.wants_whole
