"""Which directory a watch descriptor stands for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sersync.model.path import ROOT, RelPath
from sersync.watch.table import WatchTable, prefix_of

components = st.sampled_from([b"a", b"b", b"ab", b"a-", b"\xff", b"a b"])
prefixes = st.lists(components, max_size=4).map(lambda parts: prefix_of(RelPath(b"/".join(parts))))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 30), prefixes),
        st.tuples(st.just("drop"), st.integers(1, 30), prefixes),
        st.tuples(st.just("below"), st.just(0), prefixes),
    ),
    max_size=80,
)


def test_a_prefix_and_a_name_make_a_path() -> None:
    assert prefix_of(ROOT) == b""
    assert prefix_of(RelPath(b"a/b")) == b"a/b/"


@given(steps)
def test_below_finds_exactly_what_starts_with_the_prefix(
    given_steps: list[tuple[str, int, bytes]],
) -> None:
    table = WatchTable()
    model: dict[int, bytes] = {}
    for step, wd, prefix in given_steps:
        if step == "put":
            table.put(wd, prefix)
            model[wd] = prefix
        elif step == "drop":
            table.drop(wd)
            model.pop(wd, None)
        else:
            expected = {wd for wd, known in model.items() if known.startswith(prefix)}
            assert set(table.below(prefix)) == expected
    assert table.prefixes == model


def test_many_directories_put_after_the_first_question_are_found_too() -> None:
    table = WatchTable()
    table.put(1, b"old/")
    assert table.below(b"old/") == [1]
    for wd in range(2, 10_000):
        table.put(wd, b"new/%d/" % wd)
    assert len(table.below(b"new/")) == 9_998


def test_a_cleared_table_is_empty() -> None:
    table = WatchTable()
    table.put(1, b"a/")
    table.clear()
    assert len(table) == 0
    assert 1 not in table
    assert table.below(b"a/") == []
