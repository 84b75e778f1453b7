from __future__ import annotations

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.path import RelPath
from sersync.transfer.batch import MOST_NAMES, assemble, widen
from sersync.transfer.command import Kind
from sersync.transfer.locks import Occupied, hold
from sersync.transfer.unit import Unit, spell, spell_level

FREE = {Kind.ENTRIES: 2, Kind.LARGE: 1}


def dirty(path: bytes, scope: Scope = Scope.ENTRY) -> DirtyPath:
    return DirtyPath(path=RelPath(path), scope=scope, sequence=1, first_seen=0.0)


def entry(path: bytes, kind: Kind = Kind.ENTRIES) -> Unit:
    return Unit(kind, [RelPath(path)], [spell(RelPath(path))], [dirty(path)])


def level(dirties: list[DirtyPath], directory: RelPath) -> Unit:
    return Unit(Kind.ENTRIES, [directory], [spell_level(directory)], dirties, entries=9)


def units(*paths: bytes) -> dict[RelPath, Unit]:
    return {RelPath(path): entry(path) for path in paths}


def names_of(planned: dict[RelPath, Unit]) -> set[bytes]:
    return {name for unit in planned.values() for name in unit.names}


def widened(planned: dict[RelPath, Unit], *, held: bytes | None = None) -> dict[RelPath, Unit]:
    occupied = Occupied([hold([RelPath(held)])] if held is not None else [])
    widen(planned, occupied, lambda _, most: most < 10, level)
    return planned


def many(directory: bytes, count: int = 10) -> list[bytes]:
    return [b"%s/a-rather-long-name-%02d" % (directory, n) for n in range(count)]


def test_many_names_of_one_directory_become_its_level() -> None:
    planned = widened(units(*many(b"d"), b"e/x"))

    assert names_of(planned) == {b"./d/", b"/e/x"}


def test_a_level_settles_every_path_that_it_stands_for() -> None:
    planned = widened(units(*many(b"d")))

    assert sorted(each.path for each in planned[RelPath(b"d")].dirties) == sorted(many(b"d"))


def test_few_names_stay_names() -> None:
    planned = widened(units(*many(b"d", 7)))

    assert len(names_of(planned)) == 7


def test_the_root_never_becomes_a_level_for_the_sake_of_its_names() -> None:
    planned = widened(units(*(b"a-rather-long-name-%02d" % n for n in range(20))))

    assert len(names_of(planned)) == 20


def test_a_large_directory_is_not_compared_for_a_few_of_its_names() -> None:
    planned = units(*many(b"d"))
    widen(planned, Occupied([]), lambda _, __: True, level)

    assert b"./d/" not in names_of(planned)


def test_a_directory_that_a_running_transfer_holds_keeps_its_names() -> None:
    planned = widened(units(*many(b"d")), held=b"d/z")

    assert b"./d/" not in names_of(planned)


def test_a_directory_that_became_a_level_is_not_swallowed_by_its_parents_level() -> None:
    inner = many(b"d/sub")
    planned = widened({**units(b"d/sub"), **units(*inner), **units(*many(b"d"))})

    assert names_of(planned) == {b"./d/", b"/d/sub/"}


def test_a_parent_that_became_a_level_first_leaves_the_childs_level_alone() -> None:
    inner = many(b"d/sub")
    planned = widened({**units(*many(b"d")), **units(b"d/sub"), **units(*inner)})

    assert names_of(planned) == {b"./d/", b"/d/sub/"}


def test_the_level_of_an_emptied_directory_stays_a_level() -> None:
    emptied = Unit(Kind.ENTRIES, [RelPath(b"d/e")], [b"/d/e/"], [dirty(b"d/e", Scope.LEVEL)])
    planned = widened({RelPath(b"d/e"): emptied, **units(*many(b"d"))})

    assert names_of(planned) == {b"./d/", b"/d/e/"}


def test_what_a_running_transfer_holds_waits() -> None:
    batch = assemble([entry(b"d/x"), entry(b"e/y")], [hold([RelPath(b"d")])], FREE)

    assert [run.names for run in batch.runs] == [[b"/e/y"]]
    assert [each.path for each in batch.waiting] == [b"d/x"]


def test_large_files_do_not_wait_for_a_lane_of_small_ones() -> None:
    large = entry(b"big", Kind.LARGE)
    batch = assemble([large, entry(b"small")], [], {Kind.ENTRIES: 0, Kind.LARGE: 1})

    assert [run.kind for run in batch.runs] == [Kind.LARGE]
    assert [each.path for each in batch.waiting] == [b"small"]


def test_a_directory_and_a_large_file_in_it_do_not_travel_at_the_same_time() -> None:
    batch = assemble([entry(b"d"), entry(b"d/big", Kind.LARGE)], [], FREE)

    assert [run.names for run in batch.runs] == [[b"./d"]]
    assert [each.path for each in batch.waiting] == [b"d/big"]


def test_rewrites_and_entries_are_different_runs() -> None:
    batch = assemble([entry(b"a/x"), entry(b"b/y", Kind.REWRITES)], [], FREE)

    assert [run.kind for run in batch.runs] == [Kind.ENTRIES, Kind.REWRITES]


def test_what_no_run_has_room_for_waits() -> None:
    batch = assemble([entry(b"d/%d" % n) for n in range(MOST_NAMES + 5)], [], FREE)

    assert len(batch.runs[0].names) == MOST_NAMES
    assert len(batch.waiting) == 5
