"""Rows in a table: kept as given, in the order of a walk, and void with all that is below."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sersync.model.manifest import Row
from sersync.model.path import ROOT, RelPath, is_within
from sersync.state.manifest import count, create, has_rows, rows, store, void

name = st.sampled_from([b"a", b"b", b"a.b", b"a b", b"\x01", b"\xff\xff", b"z" * 255])
path = st.lists(name, max_size=4).map(lambda names: RelPath(b"/".join(names)))


def row(directory: bytes, inode: int = 7, blob: bytes = b"") -> Row:
    return Row(
        directory=RelPath(directory),
        inode=inode,
        changed_ns=-3,
        filesystem=(1 << 63) - 1,
        basis=1,
        entries=2,
        blob=blob,
    )


def opened() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    create(connection)
    return connection


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    connection = opened()
    yield connection
    connection.close()


def directories(table: sqlite3.Connection, subtree: RelPath = ROOT) -> list[bytes]:
    return [each.directory for each in rows(table, subtree)]


@pytest.mark.parametrize("inode", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_row_comes_back_as_it_was_stored(table: sqlite3.Connection, inode: int) -> None:
    kept = row(b"a/\xfe\n", inode, b"\0\xff")
    store(table, [kept])
    assert list(rows(table, ROOT)) == [kept]


def test_a_row_replaces_that_of_the_same_directory(table: sqlite3.Connection) -> None:
    store(table, [row(b"a", 1)])
    store(table, [row(b"a", 2)])
    assert [each.inode for each in rows(table, ROOT)] == [2]
    assert count(table) == (1, 2)


def walk_order(paths: set[RelPath]) -> list[RelPath]:
    return sorted(paths, key=lambda each: each.split(b"/") if each else [])


@settings(deadline=None)
@given(st.sets(path, max_size=30), path, path)
def test_rows_come_in_the_order_of_a_walk_and_are_voided_by_the_subtree(
    paths: set[RelPath], subtree: RelPath, gone: RelPath
) -> None:
    table = opened()
    store(table, map(row, paths))
    inside = {each for each in paths if is_within(each, subtree)}
    assert directories(table) == walk_order(paths)
    assert directories(table, subtree) == walk_order(inside)
    assert has_rows(table, subtree) == bool(inside)
    void(table, [gone])
    assert set(directories(table)) == {each for each in paths if not is_within(each, gone)}
    table.close()


def test_more_rows_than_a_page_are_all_read(table: sqlite3.Connection) -> None:
    expected = [b"%05d" % number for number in range(1250)]
    store(table, map(row, expected))
    assert directories(table) == expected


def test_rows_may_be_stored_and_voided_while_they_are_read(table: sqlite3.Connection) -> None:
    store(table, map(row, (b"%05d" % number for number in range(1200))))
    seen = []
    for each in rows(table, ROOT):
        seen.append(each.directory)
        store(table, [row(each.directory, 9)])
        void(table, [RelPath(b"01199")])
    assert seen == sorted(set(seen))
    assert len(seen) >= 1199
