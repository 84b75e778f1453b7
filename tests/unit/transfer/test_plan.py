"""What dirty paths come down to, by what is there now."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

import pytest

from sersync.model.capabilities import Capabilities
from sersync.model.dirty import DirtyPath, Scope
from sersync.model.expression import Expression
from sersync.model.filters import Filter, parse_rule
from sersync.model.path import ROOT, RelPath, parent
from sersync.transfer.alike import COARSE_TICK_NS, Terms
from sersync.transfer.command import Kind
from sersync.transfer.links import LinkedNames
from sersync.transfer.plan import Planner
from sersync.transfer.unit import (
    DOUBTFUL,
    ROOT_ATTRIBUTES,
    Plan,
    Stamp,
    Unit,
    spell,
    spell_level,
    unspell,
)
from sersync.transfer.view import Seen

NOW = 1000.0
WALL_NS = 1_800_000_000_123_456_789
LONG_AGO_NS = WALL_NS - 3600 * 10**9
FILE, DIRECTORY, LINK, FIFO = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO


def seen(
    kind: int = FILE,
    *,
    size: int = 10,
    mtime_ns: int = WALL_NS,
    ctime_ns: int | None = None,
    inode: int = 1,
    links: int = 1,
) -> Seen:
    numbers = (kind | 0o644, inode, 1, links, 0, 0, size, 0, mtime_ns // 10**9, 0)
    changed_ns = mtime_ns if ctime_ns is None else ctime_ns
    return os.stat_result(numbers, {"st_mtime_ns": mtime_ns, "st_ctime_ns": changed_ns})


class Tree:
    """A source in memory: what is not named is not there."""

    def __init__(self, **entries: Seen) -> None:
        self.entries_by_path: dict[bytes, Seen] = {b"": seen(DIRECTORY)}
        self.left_empty: set[bytes] = set()
        for name, entry in entries.items():
            self.add(name.encode().replace(b"__", b"/"), entry)

    def add(self, path: bytes, entry: Seen) -> Tree:
        self.entries_by_path[path] = entry
        return self

    def lstat(self, path: RelPath) -> Seen | None:
        return self.entries_by_path.get(path)

    def is_ignored(self, path: RelPath, *, is_dir: bool) -> bool:
        return parent(path) in self.left_empty

    def is_left_empty(self, directory: RelPath) -> bool:
        return directory in self.left_empty

    def entries(self, directory: RelPath) -> Sequence[tuple[bytes, Seen]]:
        return [
            (path.rsplit(b"/", 1)[-1], entry)
            for path, entry in self.entries_by_path.items()
            if path and parent(RelPath(path)) == directory
        ]


class Memory:
    def __init__(
        self, *confirmed: bytes, complete_since_ns: int = WALL_NS, **stamps: Stamp
    ) -> None:
        self.confirmed = confirmed
        self.complete_since_ns = complete_since_ns
        self._stamps = {name.encode().replace(b"__", b"/"): each for name, each in stamps.items()}

    def stamp(self, path: RelPath) -> Stamp | None:
        return self._stamps.get(path)

    def is_confirmed(self, path: RelPath) -> bool:
        return path in self.confirmed

    def doubtful(self, directory: RelPath) -> list[RelPath]:
        doubtful = (RelPath(each) for each, stamp in self._stamps.items() if stamp is DOUBTFUL)
        return [each for each in doubtful if parent(each) == directory]

    def outdate(self, path: RelPath, stamp: Stamp) -> None:
        if path in self._stamps and self._stamps[path][:3] != stamp[:3]:
            self.confirmed = tuple(each for each in self.confirmed if each != path)

    def leave_out(self, mtime_ns: int) -> None:
        self.complete_since_ns = max(self.complete_since_ns, mtime_ns)


def dirty(
    path: bytes,
    scope: Scope = Scope.ENTRY,
    *,
    content: bool = False,
    created: bool = False,
    first_seen: float = NOW,
) -> DirtyPath:
    return DirtyPath(
        path=RelPath(path),
        scope=scope,
        sequence=1,
        first_seen=first_seen,
        content=content,
        created=created,
    )


def names_of(plan: Plan) -> list[bytes]:
    return sorted(name for unit in plan.units.values() for name in unit.names)


def planned(
    tree: Tree,
    *dirties: DirtyPath,
    memory: Memory | None = None,
    filters: Filter | None = None,
    capabilities: Capabilities | None = None,
    delete: bool = True,
    tree_entries: int = 5000,
    large_file_bytes: int = 1000,
    coarse_tick_ns: int = COARSE_TICK_NS,
    links: LinkedNames | None = None,
) -> Plan:
    terms = Terms(
        filters=filters or Filter(),
        capabilities=capabilities or Capabilities(),
        delete=delete,
        compares_times=True,
        large_file_bytes=large_file_bytes,
        now=NOW,
        wall_ns=WALL_NS,
        tree_entries=tree_entries,
        coarse_tick_ns=coarse_tick_ns,
    )
    links = links or LinkedNames(tree.lstat)
    return Planner(tree, terms, memory or Memory(), links).plan(dirties)


def only(plan: Plan) -> Unit:
    [unit] = plan.units.values()
    return unit


def test_names_are_spelled_so_that_none_is_taken_for_a_comment() -> None:
    assert spell(RelPath(b"#a")) == b"./#a"
    assert spell(RelPath(b"d/#a")) == b"/d/#a"
    assert spell_level(RelPath(b"d")) == b"./d/"
    assert spell_level(ROOT) == b"./"


def test_spelling_can_be_undone() -> None:
    for path in (b"", b"a", b"a/b", b".hidden", b"..a", b" a ", b".../b"):
        assert unspell(spell(RelPath(path))) == path
        assert unspell(spell_level(RelPath(path))) == path


def test_a_file_that_is_there_is_carried_by_its_name() -> None:
    unit = only(planned(Tree(a=seen()), dirty(b"a", content=True)))

    assert (unit.kind, unit.names) == (Kind.ENTRIES, [b"./a"])


def test_a_name_that_is_gone_is_listed_to_be_deleted() -> None:
    unit = only(planned(Tree(), dirty(b"a")))

    assert unit.names == [b"./a"]


def test_of_a_removed_subtree_only_the_topmost_name_is_listed() -> None:
    tree = Tree(d=seen(DIRECTORY))
    plan = planned(tree, dirty(b"d/e/f/g"), dirty(b"d/e/f"), dirty(b"d/e"))

    unit = only(plan)
    assert unit.names == [b"/d/e"]
    assert len(unit.dirties) == 3


def test_of_a_child_of_what_became_a_symlink_the_link_is_carried() -> None:
    unit = only(planned(Tree(d=seen(LINK)), dirty(b"d/e/f", content=True)))

    assert (unit.locks, unit.names) == ([b"d"], [b"./d"])


def test_of_a_child_of_what_became_a_file_the_file_is_carried() -> None:
    assert only(planned(Tree(d=seen()), dirty(b"d/e", Scope.TREE))).names == [b"./d"]


def test_a_directory_as_an_entry_is_its_attributes_alone() -> None:
    tree = Tree(d=seen(DIRECTORY), d__a=seen())

    assert only(planned(tree, dirty(b"d"))).names == [b"./d"]


def test_the_root_as_an_entry_is_its_attributes_alone() -> None:
    assert only(planned(Tree(a=seen()), dirty(b""))).names == [ROOT_ATTRIBUTES]


def test_a_tree_is_the_levels_of_all_its_directories() -> None:
    tree = Tree(d=seen(DIRECTORY), d__e=seen(DIRECTORY), d__e__f=seen(), d__l=seen(LINK))
    unit = only(planned(tree, dirty(b"d", Scope.TREE)))

    assert sorted(unit.names) == [b"./d/", b"/d/e/"]
    assert unit.locks == [b"d"]


def test_a_tree_that_is_no_directory_any_more_is_an_entry() -> None:
    assert only(planned(Tree(d=seen()), dirty(b"d", Scope.TREE))).names == [b"./d"]


def test_a_tree_that_is_too_large_for_one_run_is_given_back() -> None:
    tree = Tree(d=seen(DIRECTORY), d__a=seen(), d__b=seen(), d__c=seen())
    wide = dirty(b"d", Scope.TREE)
    plan = planned(tree, wide, tree_entries=2)

    assert (plan.too_wide, plan.units) == ([wide], {})


def test_excluded_directories_of_a_tree_are_not_listed() -> None:
    tree = Tree(d=seen(DIRECTORY), d__cache=seen(DIRECTORY), d__e=seen(DIRECTORY))
    unit = only(planned(tree, dirty(b"d", Scope.TREE), filters=Filter([parse_rule(b"- cache/")])))

    assert sorted(unit.names) == [b"./d/", b"/d/e/"]


def test_what_is_excluded_is_neither_carried_nor_deleted() -> None:
    filters = Filter([parse_rule(b"- *.tmp"), parse_rule(b"- cache/")])
    plan = planned(Tree(), dirty(b"a.tmp"), dirty(b"cache"), dirty(b"cache/x"), filters=filters)

    assert (len(plan.nothing_to_do), plan.units) == (3, {})


def test_without_deletion_a_name_that_is_gone_is_nothing_to_do() -> None:
    plan = planned(Tree(), dirty(b"a"), delete=False)

    assert (len(plan.nothing_to_do), plan.units) == (1, {})


def test_a_target_that_cannot_delete_by_name_compares_the_level_instead() -> None:
    tree = Tree(d=seen(DIRECTORY))
    old = Capabilities(missing_args=False)

    assert only(planned(tree, dirty(b"d/a"), capabilities=old)).names == [b"./d/"]
    assert only(planned(tree, dirty(b"a"), capabilities=old)).names == [b"./"]


def test_two_dirty_paths_that_come_down_to_one_are_one_unit() -> None:
    tree = Tree(d=seen(DIRECTORY), d__a=seen())
    plan = planned(tree, dirty(b"d"), dirty(b"d", Scope.LEVEL))

    unit = only(plan)
    assert unit.names == [b"./d", b"./d/"]
    assert len(unit.dirties) == 2


def test_a_large_file_has_a_lane_of_its_own() -> None:
    assert only(planned(Tree(a=seen(size=1001)), dirty(b"a"))).kind is Kind.LARGE


def test_large_files_of_a_level_are_to_be_carried_by_name() -> None:
    tree = Tree(d=seen(DIRECTORY), d__a=seen(size=1001), d__b=seen(size=1000))

    assert only(planned(tree, dirty(b"d", Scope.LEVEL))).large == [b"d/a"]


def test_bytes_that_changed_behind_the_same_size_and_time_are_sent_without_comparing() -> None:
    tree = Tree(a=seen(size=7, mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS))
    memory = Memory(a=(7, LONG_AGO_NS, LONG_AGO_NS, LONG_AGO_NS + 10**9))

    assert only(planned(tree, dirty(b"a", content=True), memory=memory)).kind is Kind.REWRITES


def test_a_file_with_a_time_from_before_our_memory_may_look_like_the_one_on_the_target() -> None:
    tree = Tree(a=seen(mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS))
    came = dirty(b"a", content=True)
    assert only(planned(tree, came, memory=Memory(complete_since_ns=LONG_AGO_NS))).kind is (
        Kind.REWRITES
    )
    young = Tree(a=seen(mtime_ns=WALL_NS - 10**9, ctime_ns=WALL_NS))
    remembering = Memory(complete_since_ns=LONG_AGO_NS)

    assert only(planned(young, came, memory=remembering)).kind is Kind.ENTRIES
    assert only(planned(young, came, memory=Memory(complete_since_ns=WALL_NS))).kind is (
        Kind.REWRITES
    )


def test_a_file_that_differs_from_what_the_target_surely_has_needs_no_doubt() -> None:
    tree = Tree(a=seen(size=8, mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS))
    stamp = (7, LONG_AGO_NS + 1, LONG_AGO_NS + 1, LONG_AGO_NS + 2)
    came = dirty(b"a", content=True)

    assert only(planned(tree, came, memory=Memory(b"a", a=stamp))).kind is Kind.ENTRIES
    assert only(planned(tree, came, memory=Memory(a=stamp))).kind is Kind.REWRITES


def test_what_a_level_brings_and_is_not_remembered_ends_the_memory_of_its_time() -> None:
    memory = Memory(complete_since_ns=0)
    tree = Tree(d=seen(DIRECTORY), d__a=seen(mtime_ns=LONG_AGO_NS))
    planned(tree, dirty(b"d", Scope.LEVEL), memory=memory)

    assert memory.complete_since_ns == LONG_AGO_NS


def test_what_a_level_brings_in_place_of_a_remembered_file_is_not_taken_for_that_one() -> None:
    memory = Memory(b"d/a", d__a=(7, WALL_NS, WALL_NS, WALL_NS))
    there = Tree(d=seen(DIRECTORY), d__a=seen(size=8, mtime_ns=LONG_AGO_NS))
    planned(there, dirty(b"d", Scope.LEVEL), memory=memory)
    rewritten = Tree(
        d=seen(DIRECTORY), d__a=seen(size=8, mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS + 1)
    )

    assert only(planned(rewritten, dirty(b"d/a", content=True), memory=memory)).kind is (
        Kind.REWRITES
    )


def test_a_second_write_within_a_tick_of_the_clock_is_sent_without_comparing() -> None:
    tree = Tree(a=seen(size=7, mtime_ns=WALL_NS))
    memory = Memory(a=(7, WALL_NS, WALL_NS, WALL_NS + 10**6))

    assert only(planned(tree, dirty(b"a", content=True), memory=memory)).kind is Kind.REWRITES


def test_a_file_that_was_opened_for_writing_but_not_written_is_compared_as_usual() -> None:
    tree = Tree(a=seen(size=7, mtime_ns=LONG_AGO_NS))
    memory = Memory(a=(7, LONG_AGO_NS, LONG_AGO_NS, LONG_AGO_NS + 10**9))

    assert only(planned(tree, dirty(b"a", content=True), memory=memory)).kind is Kind.ENTRIES
    assert only(planned(tree, dirty(b"a", content=True))).kind is Kind.ENTRIES


def test_a_file_that_was_carried_with_its_directory_is_not_carried_again() -> None:
    tree = Tree(a=seen(size=7)).add(b"", seen(DIRECTORY, mtime_ns=LONG_AGO_NS))
    memory = Memory(b"a", a=(7, WALL_NS, WALL_NS, WALL_NS))
    plan = planned(tree, dirty(b"a", content=True), memory=memory, coarse_tick_ns=0)

    assert (len(plan.nothing_to_do), plan.units) == (1, {})


def test_the_time_of_a_directory_that_changed_after_the_look_is_carried_with_its_file() -> None:
    tree = Tree(d=seen(DIRECTORY, mtime_ns=WALL_NS + 1), d__a=seen(size=7))
    memory = Memory(b"d/a", d__a=(7, WALL_NS, WALL_NS, WALL_NS))
    plan = planned(tree, dirty(b"d/a", content=True), memory=memory, coarse_tick_ns=0)

    assert plan.nothing_to_do == []
    assert only(plan).names == [spell(RelPath(b"d"))]


def test_what_may_have_been_carried_is_compared_again() -> None:
    tree = Tree(a=seen(size=7))
    memory = Memory(a=(7, WALL_NS, WALL_NS, WALL_NS))
    plan = planned(tree, dirty(b"a", content=True), memory=memory, coarse_tick_ns=0)

    assert only(plan).kind is Kind.ENTRIES


def test_where_times_are_coarse_nothing_is_taken_for_carried() -> None:
    tree = Tree(a=seen(size=7))
    memory = Memory(b"a", a=(7, WALL_NS, WALL_NS, WALL_NS + 10**9))

    assert only(planned(tree, dirty(b"a", content=True), memory=memory)).kind is Kind.ENTRIES


def test_a_change_of_attributes_after_the_run_is_carried() -> None:
    tree = Tree(a=seen(size=7, ctime_ns=WALL_NS + 1))
    memory = Memory(b"a", a=(7, WALL_NS, WALL_NS, WALL_NS))
    plan = planned(tree, dirty(b"a"), memory=memory, coarse_tick_ns=0)

    assert only(plan).names == [b"./a"]


def test_a_file_with_a_new_time_is_compared_as_usual() -> None:
    tree = Tree(a=seen(size=7, mtime_ns=WALL_NS))
    memory = Memory(a=(7, LONG_AGO_NS, LONG_AGO_NS, LONG_AGO_NS))

    assert only(planned(tree, dirty(b"a", content=True), memory=memory)).kind is Kind.ENTRIES


def test_a_file_written_just_now_with_an_old_time_is_sent_without_comparing() -> None:
    tree = Tree(a=seen(mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS))

    assert only(planned(tree, dirty(b"a", content=True))).kind is Kind.REWRITES
    assert only(planned(tree, dirty(b"a", content=True, created=True))).kind is Kind.ENTRIES


def test_a_time_put_back_to_one_that_we_do_not_remember_is_not_trusted() -> None:
    tree = Tree(a=seen(size=7, mtime_ns=LONG_AGO_NS + 1, ctime_ns=WALL_NS))
    memory = Memory(a=(7, LONG_AGO_NS, LONG_AGO_NS, LONG_AGO_NS))

    assert only(planned(tree, dirty(b"a", content=True), memory=memory)).kind is Kind.REWRITES


@pytest.mark.parametrize("scope", [Scope.LEVEL, Scope.TREE])
def test_a_level_in_place_of_names_does_not_hide_a_rewrite_that_looks_the_same(
    scope: Scope,
) -> None:
    tree = Tree(
        d=seen(DIRECTORY),
        d__back=seen(mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS),
        d__old=seen(mtime_ns=LONG_AGO_NS, ctime_ns=LONG_AGO_NS + 5),
        d__plain=seen(mtime_ns=WALL_NS, ctime_ns=WALL_NS),
    )
    wide = planned(tree, dirty(b"d", scope, content=True, first_seen=NOW - 10))
    slice_of_a_pass = planned(tree, dirty(b"d", scope, first_seen=NOW - 10))

    assert {path: unit.kind for path, unit in wide.units.items()} == {
        b"d": Kind.ENTRIES,
        b"d/back": Kind.REWRITES,
    }
    assert list(slice_of_a_pass.units) == [b"d"]


def test_where_a_file_system_keeps_whole_seconds_only_a_second_write_within_one_is_sent() -> None:
    second_ns = WALL_NS // 10**9 * 10**9
    tree = Tree(a=seen(size=7, mtime_ns=second_ns))
    known = (7, second_ns, second_ns, WALL_NS - 100_000_000)
    fine = planned(tree, dirty(b"a", content=True), memory=Memory(b"a", a=known), coarse_tick_ns=0)
    later = (7, second_ns, second_ns, second_ns + 3 * 10**9)
    old = planned(tree, dirty(b"a", content=True), memory=Memory(b"a", a=later))
    unknown = planned(tree, dirty(b"a", content=True), coarse_tick_ns=0)

    assert only(fine).kind is Kind.REWRITES
    assert only(old).kind is Kind.ENTRIES
    assert only(unknown).kind is Kind.REWRITES


def test_a_file_that_changed_while_it_was_carried_is_sent_without_comparing() -> None:
    # The run may have met the file when an old time was back already.
    tree = Tree(a=seen(size=7, mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS))

    assert only(planned(tree, dirty(b"a"), memory=Memory(a=DOUBTFUL))).kind is Kind.REWRITES


def test_a_change_of_attributes_alone_is_compared_as_usual() -> None:
    tree = Tree(a=seen(size=7, mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS))
    memory = Memory(a=(7, LONG_AGO_NS, LONG_AGO_NS, LONG_AGO_NS))

    assert only(planned(tree, dirty(b"a"), memory=memory)).kind is Kind.ENTRIES


def test_young_files_of_a_level_are_remembered_and_old_ones_are_not() -> None:
    tree = Tree(d=seen(DIRECTORY), d__a=seen(), d__b=seen(mtime_ns=LONG_AGO_NS))
    unit = only(planned(tree, dirty(b"d", Scope.LEVEL)))

    assert unit.stamps == [(b"d/a", (10, WALL_NS, WALL_NS, WALL_NS))]


def test_large_files_of_a_level_are_not_remembered_since_its_run_leaves_them_out() -> None:
    tree = Tree(d=seen(DIRECTORY), d__a=seen(size=1001))

    assert not only(planned(tree, dirty(b"d", Scope.LEVEL))).stamps


def test_on_a_target_of_whole_seconds_recent_files_are_sent_without_comparing() -> None:
    old = Capabilities(nanoseconds=False)
    tree = Tree(a=seen(mtime_ns=WALL_NS - 10**9), b=seen(mtime_ns=LONG_AGO_NS))

    assert only(planned(tree, dirty(b"a", content=True), capabilities=old)).kind is Kind.REWRITES
    assert only(planned(tree, dirty(b"b", content=True), capabilities=old)).kind is Kind.ENTRIES


def test_all_known_names_of_a_file_travel_together() -> None:
    for kind in (FILE, FIFO):
        one = seen(kind, inode=5, links=2)
        tree = Tree(a=one, d=seen(DIRECTORY), d__b=one)
        links = LinkedNames(tree.lstat)
        planned(tree, dirty(b"d/b"), links=links)
        unit = only(planned(tree, dirty(b"a"), links=links))

        assert unit.names == [b"./a", b"/d/b"]
        assert unit.locks == [b"a", b"d/b"]


def test_a_name_that_is_gone_takes_the_other_names_of_its_file_along() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, d=seen(DIRECTORY), d__b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"d", Scope.LEVEL), dirty(b"a"), links=links)
    del tree.entries_by_path[b"a"]

    assert names_of(planned(tree, dirty(b"a"), links=links)) == [b"./a", b"/d/b"]


def test_a_name_that_was_replaced_takes_the_other_names_of_its_former_file_along() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, d=seen(DIRECTORY), d__b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"d", Scope.LEVEL), dirty(b"a"), links=links)
    tree.add(b"a", seen(inode=6))

    assert names_of(planned(tree, dirty(b"a"), links=links)) == [b"./a", b"/d/b"]


def test_a_name_that_became_a_directory_takes_the_other_names_of_its_former_file_along() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), dirty(b"b"), links=links)
    tree.add(b"a", seen(DIRECTORY))

    assert names_of(planned(tree, dirty(b"a", Scope.TREE), links=links)) == [b"./a/", b"./b"]


def test_a_name_that_a_level_finds_replaced_is_no_reason_to_forget_the_former_ones() -> None:
    # The level may be looked at before the name itself, which was written to and then replaced.
    one = seen(inode=5, links=2)
    tree = Tree(d=seen(DIRECTORY), d__a=one, b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"d/a"), dirty(b"b"), links=links)
    tree.add(b"d/a", seen(inode=6, links=2))

    assert b"./b" in names_of(planned(tree, dirty(b"d", Scope.LEVEL), links=links))


def test_a_large_file_travels_as_such_also_by_the_names_that_are_left() -> None:
    one = seen(size=1001, inode=5, links=2)
    tree = Tree(a=one, b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), dirty(b"b"), links=links)
    del tree.entries_by_path[b"a"]
    plan = planned(tree, dirty(b"a"), links=links, memory=Memory(b=(1000, 1, 1, 1)))

    assert plan.units[RelPath(b"b")].kind is Kind.LARGE


def test_a_file_rewritten_by_a_name_that_it_lost_is_sent_without_comparing() -> None:
    one = seen(size=7, mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS, inode=5, links=2)
    tree = Tree(a=one, b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), dirty(b"b"), links=links)
    tree.add(b"a", seen(inode=6))
    memory = Memory(b=(7, LONG_AGO_NS, LONG_AGO_NS, LONG_AGO_NS))
    plan = planned(tree, dirty(b"a", content=True), links=links, memory=memory)

    assert plan.units[RelPath(b"b")].kind is Kind.REWRITES


def test_a_file_written_by_a_name_in_a_new_tree_travels_by_its_other_names_too() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, d=seen(DIRECTORY), d__b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), links=links)

    plan = planned(tree, dirty(b"d", Scope.TREE), links=links)
    assert {b"./a", b"./d/"} <= set(names_of(plan))


def test_a_linked_file_whose_attributes_changed_may_have_been_written_by_another_name() -> None:
    tree = Tree(a=seen(size=7, mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS, links=2))
    memory = Memory(a=(7, LONG_AGO_NS, LONG_AGO_NS, LONG_AGO_NS))

    assert only(planned(tree, dirty(b"a"), memory=memory)).kind is Kind.REWRITES


def test_names_by_way_of_what_is_a_symlink_now_are_not_sent() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, d=seen(DIRECTORY), d__b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), dirty(b"d/b"), links=links)
    tree.add(b"d", seen(LINK))  # d/b leads to the same file by another way

    assert names_of(planned(tree, dirty(b"a"), links=links)) == [b"./a"]


def test_without_deletion_the_other_names_of_a_name_that_is_gone_still_travel() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, d=seen(DIRECTORY), d__b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"d", Scope.LEVEL), dirty(b"a"), links=links)
    del tree.entries_by_path[b"a"]

    assert names_of(planned(tree, dirty(b"a"), links=links, delete=False)) == [b"/d/b"]


def test_a_name_whose_directory_is_gone_takes_the_other_names_of_its_file_along() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, d=seen(DIRECTORY), d__b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"d", Scope.LEVEL), dirty(b"a"), links=links)
    del tree.entries_by_path[b"d"], tree.entries_by_path[b"d/b"]
    plan = planned(tree, dirty(b"d/b"), links=links)

    assert names_of(plan) == [b"./a", b"./d"]
    # Each is some dirty path's, so that it is not forgotten when its run has to wait or fails.
    assert sorted(each.path for unit in plan.units.values() for each in unit.dirties) == [
        b"a",
        b"d/b",
    ]


def test_a_further_name_of_a_file_is_searched_for_again() -> None:
    tree = Tree(a=seen(inode=5, links=2))
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), links=links)
    links.search()
    tree.add(b"a", seen(inode=5, links=3))
    planned(tree, dirty(b"a"), links=links)

    assert links.has_unknown


def test_names_that_are_not_known_are_searched_for_once() -> None:
    tree = Tree(a=seen(inode=5, links=2))
    links = LinkedNames(tree.lstat)

    planned(tree, dirty(b"a"), links=links)
    assert links.has_unknown

    links.search()
    planned(tree, dirty(b"a"), links=links)
    assert not links.has_unknown


def test_what_cannot_be_looked_at_is_not_taken_for_deleted() -> None:
    tree = Tree().add(b"a", os.stat_result((0,) * 10))

    assert only(planned(tree, dirty(b"a"))).names == [b"./a"]


def test_what_a_level_may_skip_is_not_remembered_as_carried() -> None:
    # Rewritten with its time put back: its own report, still to come, must not find it carried.
    tree = Tree(d=seen(DIRECTORY), d__a=seen())
    now = only(planned(tree, dirty(b"d", Scope.LEVEL))).stamps
    [(_, (size, mtime_ns, ctime_ns, looked_at_ns))] = now
    memory = Memory(d__a=(size, mtime_ns, ctime_ns - 1, looked_at_ns))

    assert not only(planned(tree, dirty(b"d", Scope.LEVEL), memory=memory)).stamps
    assert not only(planned(tree, dirty(b"d/a"), memory=memory)).stamps


def test_on_a_target_of_whole_seconds_a_level_tells_nothing_about_its_files() -> None:
    tree = Tree(d=seen(DIRECTORY), d__a=seen())
    old = Capabilities(nanoseconds=False)

    assert not only(planned(tree, dirty(b"d", Scope.LEVEL), capabilities=old)).stamps


def test_what_lies_on_another_file_system_takes_no_part_but_its_place_does() -> None:
    tree = Tree(d=seen(DIRECTORY), d__v=seen(DIRECTORY), d__v__x=seen(), d__v__w=seen(DIRECTORY))
    tree.left_empty = {b"d/v", b"d/v/w"}
    within = [dirty(b"d/v/x"), dirty(b"d/v/gone"), dirty(b"d/v/w", Scope.TREE)]

    assert planned(tree, *within).nothing_to_do == within
    for scope in Scope:
        assert names_of(planned(tree, dirty(b"d/v", scope))) == [b"/d/v"]
    assert names_of(planned(tree, dirty(b"d", Scope.TREE))) == [b"./d/"]


def test_a_link_that_is_made_tells_nothing_of_the_content_and_a_later_change_does() -> None:
    def entry(links: int, at_ns: int) -> Seen:
        return seen(inode=7, links=links, mtime_ns=1, ctime_ns=at_ns)

    tree = Tree(a=entry(2, 10), b=entry(2, 10))
    links = LinkedNames(tree.lstat)
    for name in (b"a", b"b"):
        links.note(RelPath(name), entry(2, 10))
    tree.add(b"c", entry(3, 20))
    links.note(RelPath(b"c"), entry(3, 20))
    assert links.left() == []

    links.note(RelPath(b"c"), entry(3, 30))
    assert sorted(links.left()) == [b"a", b"b", b"c"]
    links.note(RelPath(b"b"), entry(3, 30))
    assert links.left() == []


def test_several_names_of_one_file_may_be_gone_with_their_directory() -> None:
    entry = seen(inode=7, links=3, mtime_ns=1, ctime_ns=10)
    tree = Tree(a=entry, d__x=entry, d__y=entry)
    links = LinkedNames(tree.lstat)
    for name in (b"a", b"d/x", b"d/y"):
        links.note(RelPath(name), entry)
    for name in (b"d/x", b"d/y"):
        del tree.entries_by_path[name]
    tree.add(b"a", seen(inode=7, links=1, mtime_ns=1, ctime_ns=20))

    links.look_below(RelPath(b"d"))

    assert links.left() == [b"a"]


@pytest.mark.parametrize("scope", [Scope.LEVEL, Scope.TREE])
def test_what_is_doubtful_in_a_level_is_named_though_no_content_was_reported(scope: Scope) -> None:
    tree = Tree(d=seen(DIRECTORY), d__x=seen(), d__y=seen(), d__e=seen(DIRECTORY))
    plan = planned(
        tree, dirty(b"d", scope), memory=Memory(d__x=DOUBTFUL, d__gone=DOUBTFUL, z=DOUBTFUL)
    )

    assert plan.units[RelPath(b"d/x")].kind is Kind.REWRITES
    assert RelPath(b"d/y") not in plan.units
    assert RelPath(b"z") not in plan.units


def test_in_a_tree_that_took_the_place_of_another_what_may_look_the_same_is_named() -> None:
    tree = Tree(
        d=seen(DIRECTORY),
        d__e=seen(DIRECTORY),
        d__e__unpacked=seen(mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS),
        d__e__written=seen(mtime_ns=WALL_NS, ctime_ns=WALL_NS),
        d__e__older=seen(mtime_ns=LONG_AGO_NS - 1, ctime_ns=LONG_AGO_NS),
    )
    other = planned(tree, dirty(b"d", Scope.TREE, content=True))
    new = dirty(b"d", Scope.TREE, content=True, created=True)

    assert other.units.keys() == {b"d", b"d/e/unpacked"}
    assert other.units[RelPath(b"d/e/unpacked")].kind is Kind.REWRITES
    assert planned(tree, new).units.keys() == {b"d"}


@pytest.mark.parametrize(
    ("capabilities", "filters"),
    [
        (Capabilities(), Filter()),
        (Capabilities(missing_args=False), Filter()),
        (Capabilities(), Filter((), [Expression(b"never")])),
    ],
)
def test_a_plan_says_what_is_gone_however_that_is_deleted(
    capabilities: Capabilities, filters: Filter
) -> None:
    plan = planned(Tree(), dirty(b"a"), capabilities=capabilities, filters=filters)

    assert only(plan).gone == [b"a"]


@pytest.mark.parametrize(
    ("told", "anew"),
    [
        (dirty(b"d", content=True), [b"d"]),
        (dirty(b"d", content=True, created=True), []),
        (dirty(b"d"), []),
    ],
    ids=["what was there is gone", "it is new", "its attributes"],
)
def test_a_directory_in_the_place_of_what_is_gone_is_compared_whole_afterwards(
    told: DirtyPath, anew: list[bytes]
) -> None:
    unit = only(planned(Tree(d=seen(DIRECTORY)), told))

    assert (unit.names, unit.anew) == ([b"./d"], anew)


@pytest.mark.parametrize("scope", [Scope.LEVEL, Scope.TREE])
def test_of_what_is_doubtful_only_a_file_that_is_there_is_named(scope: Scope) -> None:
    """Else a level that has to wait would name the same again and again."""
    tree = Tree(d=seen(DIRECTORY), d__x=seen(DIRECTORY))
    memory = Memory(d__x=DOUBTFUL, d__gone=DOUBTFUL)

    assert planned(tree, dirty(b"d", scope), memory=memory).units.keys() == {b"d"}


def test_a_directory_that_got_the_inode_of_a_file_is_no_name_of_that() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, b=one)
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), dirty(b"b"), links=links)
    tree.add(b"a", seen(DIRECTORY, inode=5))
    tree.add(b"b", seen(inode=6))

    assert planned(tree, dirty(b"b"), links=links).units.keys() == {b"b"}


def test_what_the_plan_adds_by_itself_is_as_old_as_what_it_follows_from() -> None:
    one = seen(inode=5, links=2)
    tree = Tree(a=one, b=one, d=seen(DIRECTORY), d__x=seen(mtime_ns=LONG_AGO_NS, ctime_ns=WALL_NS))
    links = LinkedNames(tree.lstat)
    planned(tree, dirty(b"a"), dirty(b"b"), links=links)
    tree.add(b"a", seen(inode=6))
    old = NOW - 3
    told = dirty(b"a", first_seen=old), dirty(b"d", Scope.TREE, content=True, first_seen=old)

    plan = planned(tree, *told, links=links)

    for path in (b"b", b"d/x"):
        assert [each.first_seen for each in plan.units[RelPath(path)].dirties] == [old]
