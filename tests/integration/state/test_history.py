"""The history on a real disk: what is kept, for how long, and what a bad file costs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sersync.errors import StateUnavailable
from sersync.model.dirty import Scope
from sersync.model.history import Listed, Sample, Transfer
from sersync.model.path import RelPath
from sersync.model.status import TargetState
from sersync.state.history import SqliteHistory, read_history

NOW = 1_800_000_000.0


def transfer(**known: Any) -> Transfer:
    given: dict[str, Any] = {
        "at": NOW, "source": "www", "target": "web1", "kind": "entries", "verdict": "done",
    }  # fmt: skip
    return Transfer(**(given | known))


def listed(path: bytes, scope: Scope = Scope.ENTRY, *, failed: bool = False) -> Listed:
    return Listed(path=RelPath(path), scope=scope, failed=failed)


def sample(at: float, lag_s: float = 0.0) -> tuple[str, str, Sample]:
    return "www", "web1", Sample(at=at, state=TargetState.IN_SYNC, lag_s=lag_s)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@pytest.fixture
def history(file: Path) -> Iterator[SqliteHistory]:
    history = SqliteHistory(os.fspath(file))
    assert history.open(wall_s=NOW) == ""
    yield history
    history.close()


def test_what_was_added_is_there_after_a_restart_newest_first(
    file: Path, history: SqliteHistory
) -> None:
    odd = transfer(
        source="odd\udcff", verdict="partial", paths=3, files=2, deleted=1, sent_bytes=2**40,
        duration_s=0.5, lag_s=1.5, exit_code=23, reason="some \udcfe", examples=(b"a\xff\n", b"b"),
    )  # fmt: skip
    history.add([(transfer(), []), (odd, [])], [sample(NOW, 0.25)])
    history.close()
    again = SqliteHistory(os.fspath(file))
    assert again.open(wall_s=NOW) == ""

    assert again.transfers() == [odd, transfer()]
    assert again.transfers("www", "web1") == [transfer()]
    assert again.transfers(since=NOW + 1) == []
    assert [each.lag_s for each in again.samples("www", "web1", since=NOW - 1)] == [0.25]
    again.close()


def test_it_can_be_read_without_a_daemon(file: Path, history: SqliteHistory) -> None:
    history.add([(transfer(), [])], [])
    reader = read_history(os.fspath(file))

    assert reader.transfers() == [transfer()]
    with pytest.raises(StateUnavailable):
        reader.add([(transfer(), [])], [])
    reader.close()


def test_a_path_remembers_its_last_transfer_also_by_a_directory_above(
    history: SqliteHistory,
) -> None:
    first, second, third = (transfer(at=NOW + at, paths=1) for at in (1, 2, 3))
    history.add([(first, [listed(b"d", Scope.TREE)]), (second, [listed(b"d/a")]), (third, [])], [])

    def at(path: bytes, target: str = "web1") -> float | None:
        last = history.last_carried("www", target, RelPath(path), changed_at=NOW)
        return None if last is None else last.at

    assert at(b"d/a") == NOW + 2
    assert at(b"d/b") == NOW + 1
    assert at(b"e") is None
    assert at(b"d/a", "web2") is None


@pytest.mark.parametrize(
    ("scope", "failed", "path", "counts"),
    [
        (Scope.TREE, False, b"d/e/f", True),
        (Scope.LEVEL, False, b"d/f", True),
        (Scope.LEVEL, False, b"d/e/f", False),
        (Scope.ENTRY, False, b"d/f", False),
        (Scope.TREE, True, b"d/e/f", False),
    ],
)
def test_a_directory_above_counts_if_the_path_was_looked_at_after_it_last_changed(
    history: SqliteHistory, scope: Scope, failed: bool, path: bytes, counts: bool
) -> None:
    run = transfer(at=NOW + 10, duration_s=2.0)
    history.add([(run, [listed(b"d", scope, failed=failed)])], [])

    def is_found(changed_at: float | None) -> bool:
        last = history.last_carried("www", "web1", RelPath(path), changed_at=changed_at)
        return last is not None and (last.by, last.number) == (b"d", 1)

    assert is_found(NOW + 7) is counts
    assert not is_found(NOW + 9)
    assert not is_found(None)


def test_a_path_that_failed_is_not_said_to_have_been_carried(history: SqliteHistory) -> None:
    history.add([(transfer(verdict="partial"), [listed(b"a", failed=True), listed(b"b")])], [])
    found = [history.last_carried("www", "web1", RelPath(each)) for each in (b"a", b"b")]

    assert [each and each.failed for each in found] == [True, False]


def test_samples_thin_out_with_age_and_the_highest_lag_stays(history: SqliteHistory) -> None:
    fine = [sample(NOW - age) for age in range(0, 3600, 10)]
    day = [
        sample(NOW - age, lag_s=7.0 if age == 40_010 else 0.0) for age in range(3610, 86_400, 10)
    ]
    month = [sample(NOW - age) for age in range(90_000, 40 * 86_400, 3000)]
    history.add([], [*fine, *day, *month])
    history.thin_out(wall_s=NOW)
    left = history.samples("www", "web1", since=0.0)

    assert sum(each.at > NOW - 3600 for each in left) == len(fine)
    assert 275 <= sum(NOW - 86_400 < each.at <= NOW - 3600 for each in left) <= 280
    assert max(each.lag_s for each in left) == 7.0
    assert len(left) < 360 + 280 + 31 * 24 + 2
    assert min(each.at for each in left) > NOW - 32 * 86_400


def test_it_never_grows_without_end(
    history: SqliteHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sersync.state.history._MOST_TRANSFERS", 10)
    monkeypatch.setattr("sersync.state.history._MOST_PATHS", 5)
    for number in range(50):
        history.add([(transfer(at=NOW + number), [listed(b"%d" % number)])], [])
    history.thin_out(wall_s=NOW)

    assert [each.at for each in history.transfers()] == [NOW + each for each in range(49, 39, -1)]
    remembered = [
        number for number in range(50)
        if history.last_carried("www", "web1", RelPath(b"%d" % number))
    ]  # fmt: skip
    assert remembered == [45, 46, 47, 48, 49]


@pytest.mark.parametrize("damage", ["garbage", "foreign", "newer"])
def test_a_file_that_cannot_be_used_is_set_aside_and_said_so(file: Path, damage: str) -> None:
    if damage == "garbage":
        file.write_bytes(b"this is no database, " * 100)
    else:
        other = sqlite3.connect(file)
        other.execute("CREATE TABLE theirs (a)")
        if damage == "newer":
            other.execute(f"PRAGMA application_id = {0x73657268}")
            other.execute("PRAGMA user_version = 99")
        other.commit()
        other.close()
    history = SqliteHistory(os.fspath(file))
    said = history.open(wall_s=NOW)
    history.add([(transfer(), [])], [])

    assert "it is kept as" in said
    assert len(history.transfers()) == 1
    assert list(file.parent.glob("history.sqlite3.set-aside-*"))
    history.close()


def test_without_a_place_it_says_why_and_harms_nothing(tmp_path: Path) -> None:
    history = SqliteHistory(os.fspath(tmp_path / "none" / "history.sqlite3"))
    with pytest.raises(StateUnavailable, match="cannot be kept"):
        history.open(wall_s=NOW)
    with pytest.raises(StateUnavailable):
        history.add([(transfer(), [])], [])

    assert history.last_carried("www", "web1", RelPath(b"a")) is None
    history.close()
