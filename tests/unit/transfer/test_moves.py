"""When what got another name is taken over from its old one, and when it is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sersync.model.dirty import DirtyPath, Scope
from sersync.model.filters import Filter, parse_rule
from sersync.model.options import RsyncOptions
from sersync.model.path import RelPath
from sersync.model.target import Endpoint, LocalDirectory, RemoteShell, RsyncModule, Target
from sersync.transfer.batch import assemble
from sersync.transfer.command import Kind
from sersync.transfer.moves import FEWEST_BYTES, leave, possible, relocate
from sersync.transfer.unit import Plan, Unit, spell, spell_level

BOTH = frozenset({Kind.MOVED_TREE, Kind.MOVED_FILE})
MODULE = RsyncModule(host="h", module="m")


def moved(new: bytes, old: bytes, scope: Scope = Scope.TREE) -> DirtyPath:
    return DirtyPath(
        path=RelPath(new), scope=scope, sequence=2, first_seen=0.0, origin=RelPath(old)
    )


def gone(
    path: bytes,
    scope: Scope = Scope.ENTRY,
    *,
    created: bool = False,
    below: bytes = b"",
) -> Unit:
    """Return what is planned for *path*, which is gone, and a file that was *below* it."""
    here = RelPath(path)
    dirty = DirtyPath(
        path=here, scope=scope, sequence=1, first_seen=0.0, content=True, created=created
    )
    unit = Unit(Kind.ENTRIES, [here], [spell(here)], [dirty], gone=[here])
    if below:
        unit.dirties.append(replace(dirty, path=RelPath(below), scope=Scope.ENTRY))
    return unit


def tree(dirty: DirtyPath, *, size_bytes: int = FEWEST_BYTES) -> Unit:
    path = dirty.path
    return Unit(Kind.ENTRIES, [path], [spell_level(path)], [dirty], size_bytes=size_bytes)


def file(dirty: DirtyPath, *, size_bytes: int = FEWEST_BYTES) -> Unit:
    path = dirty.path
    return Unit(Kind.LARGE, [path], [spell(path)], [dirty], size_bytes=size_bytes)


def relocated(*units: Unit, kinds: frozenset[Kind] = BOTH) -> dict[RelPath, Unit]:
    plan = Plan(units={unit.locks[0]: unit for unit in units})
    relocate(plan, [each for unit in units for each in unit.dirties if each.origin], kinds)
    return plan.units


def kind_of(path: bytes, units: dict[RelPath, Unit]) -> Kind:
    return units[RelPath(path)].kind


def test_a_tree_whose_old_name_is_gone_is_linked_and_both_names_are_held() -> None:
    units = relocated(gone(b"a"), tree(moved(b"d/b", b"a")))

    assert kind_of(b"d/b", units) is Kind.MOVED_TREE
    assert units[RelPath(b"d/b")].locks == [b"d/b", b"a"]
    assert units[RelPath(b"d/b")].origin == b"a"


@pytest.mark.parametrize(
    "units",
    [
        [tree(moved(b"b", b"a"))],
        [gone(b"a", Scope.TREE), tree(moved(b"b", b"a"))],
        [gone(b"a", below=b"a/f"), tree(moved(b"b", b"a"))],
        [gone(b"a", created=True), tree(moved(b"b", b"a"))],
        [gone(b"a"), tree(moved(b"b", b"a"), size_bytes=FEWEST_BYTES - 1)],
        [gone(b"a"), tree(moved(b"d", b"x")), tree(moved(b"d/b", b"a"))],
        [gone(b"a*"), tree(moved(b"b", b"a*"))],
        [gone(b"a"), tree(moved(b"b c", b"a"))],
    ],
    ids=[
        "its old name is there again",
        "what took the place of another by the old name was not carried yet",
        "a change under the old name was not carried yet",
        "the old name never was on the target",
        "it is small",
        "the directory above is new as well",
        "the old name is not plain",
        "the new name is not plain",
    ],
)
def test_a_tree_is_sent_when(units: list[Unit]) -> None:
    assert kind_of(units[-1].locks[0], relocated(*units)) is Kind.ENTRIES


def test_a_tree_that_is_too_wide_for_one_run_is_linked_in_one() -> None:
    dirty = moved(b"b", b"a")
    plan = Plan(units={RelPath(b"a"): gone(b"a")}, too_wide=[dirty])
    relocate(plan, [dirty], BOTH)

    assert plan.too_wide == []
    assert kind_of(b"b", plan.units) is Kind.MOVED_TREE


@pytest.mark.parametrize(("new", "old"), [(b"d/b", b"d/a"), (b"e/a", b"d/a")])
def test_a_large_file_is_rebuilt_from_its_neighbour_or_namesake(new: bytes, old: bytes) -> None:
    units = relocated(gone(old), file(moved(new, old, Scope.ENTRY)))

    assert kind_of(new, units) is Kind.MOVED_FILE


def test_a_file_of_another_name_in_another_directory_is_sent() -> None:
    units = relocated(gone(b"d/a"), file(moved(b"e/b", b"d/a", Scope.ENTRY)))

    assert kind_of(b"e/b", units) is Kind.LARGE


def test_of_a_chain_each_waits_until_its_own_old_name_was_taken_over() -> None:
    logs = [file(moved(b"log.%d" % (n + 1), b"log.%d" % n, Scope.ENTRY)) for n in range(3)]
    units = relocated(*logs)
    batch = assemble(units.values(), [], {Kind.ENTRIES: 4, Kind.LARGE: 1})

    assert [run.locks[0] for run in batch.runs] == [b"log.3"]
    assert [dirty.path for dirty in batch.waiting] == [b"log.2", b"log.1"]


def test_what_is_gone_waits_while_the_move_away_from_it_has_no_lane() -> None:
    units = relocated(gone(b"a"), tree(moved(b"b", b"a")))
    batch = assemble(units.values(), [], {Kind.ENTRIES: 0, Kind.LARGE: 1})

    assert batch.runs == []
    assert {dirty.path for dirty in batch.waiting} == {b"a", b"b"}


def test_what_came_back_under_an_old_name_waits_until_the_target_has_nothing_there() -> None:
    plan = Plan(units={RelPath(b"d/a"): tree(moved(b"d/a", b"c"))})
    leave(plan, RelPath(b"d/a"), 1.0)
    batch = assemble((*plan.left, *plan.units.values()), [], {Kind.ENTRIES: 4, Kind.LARGE: 1})

    assert [(run.kind, run.names, run.gone) for run in batch.runs] == [
        (Kind.LEFT, [spell_level(RelPath(b"d"))], [b"d/a"])
    ]
    assert [dirty.path for dirty in batch.waiting] == [b"d/a"]


def test_it_waits_too_while_that_has_no_lane() -> None:
    plan = Plan(units={RelPath(b"a"): tree(moved(b"a", b"c"))})
    leave(plan, RelPath(b"a"), 1.0)
    large = Unit(Kind.LARGE, [RelPath(b"a/x")], [spell(RelPath(b"a/x"))], [])
    units = (*plan.left, *plan.units.values(), large)

    assert assemble(units, [], {Kind.ENTRIES: 0, Kind.LARGE: 1}).runs == []


def test_an_old_name_that_is_gone_is_deleted_as_ever() -> None:
    plan = Plan(units={RelPath(b"a"): gone(b"a")})
    leave(plan, RelPath(b"a"), 1.0)

    assert plan.left == []


@pytest.mark.parametrize(
    ("endpoint", "kinds"),
    [
        (MODULE, BOTH),
        (RsyncModule(host="h", module="m", path="a/b"), BOTH),
        (RsyncModule(host="h", module="m", path="a b"), frozenset()),
        (RemoteShell(host="h", path="/srv"), BOTH),
        (RemoteShell(host="h", path="srv"), frozenset()),
        (LocalDirectory(path=b"/srv"), frozenset({Kind.MOVED_TREE})),
    ],
)
def test_short_cuts_depend_on_how_the_target_is_reached(
    endpoint: Endpoint, kinds: frozenset[Kind]
) -> None:
    assert possible(Target(name="t", endpoint=endpoint)) == kinds


@pytest.mark.parametrize(
    "option", ["--inplace", "--backup", "-ab", "--compare-dest=/x", "--checksum", "--chmod=a+r"]
)
def test_options_that_could_turn_it_around_rule_it_out(option: str) -> None:
    options = RsyncOptions(passed=("--archive", option))

    assert not possible(Target(name="t", endpoint=MODULE, options=options))


def test_nothing_is_taken_over_where_nothing_is_deleted() -> None:
    assert not possible(Target(name="t", endpoint=MODULE, delete=False))


@pytest.mark.parametrize(("rule", "is_possible"), [("- *.tmp", True), ("- /a/b", False)])
def test_filters_must_mean_the_same_in_the_directory_that_moved(
    rule: str, is_possible: bool
) -> None:
    filters = Filter([parse_rule(rule.encode())])

    assert bool(possible(Target(name="t", endpoint=MODULE, filters=filters))) is is_possible
