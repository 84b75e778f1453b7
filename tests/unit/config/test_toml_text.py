"""What is written as TOML reads the same."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sersync.config.toml_text import toml_text

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_VALUES = st.one_of(_TEXT, st.integers(-99, 99), st.booleans(), st.lists(_TEXT, max_size=3))
_TABLES = st.recursive(
    st.dictionaries(_TEXT, _VALUES, max_size=3),
    lambda inner: st.dictionaries(
        _TEXT, st.one_of(_VALUES, inner, st.lists(inner, min_size=1, max_size=2)), max_size=3
    ),
    max_leaves=6,
)


@given(_TABLES)
def test_what_is_written_reads_the_same(document: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(document, {})) == _without_empty_tables(document)


def _without_empty_tables(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty_tables(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if value[key] != {}}
    if isinstance(value, list):
        return [_without_empty_tables(item) for item in value]
    return value


def test_comments_stand_above_what_they_are_about_and_cannot_break_out() -> None:
    text = toml_text(
        {"a": 1, "b": [{"c": "x\\d"}]},
        {("a",): ["one\nb = 2"], ("b", 0): ["the table"], ("b", 0, "c"): ["a setting"]},
    )

    assert text == ("# one b = 2\na = 1\n\n# the table\n[[b]]\n# a setting\nc = 'x\\d'\n")


def test_a_long_list_has_a_line_for_each_item() -> None:
    text = toml_text({"exclude": ["a" * 60, "b" * 60]}, {})

    assert text.splitlines()[0] == "exclude = ["
    assert tomllib.loads(text) == {"exclude": ["a" * 60, "b" * 60]}
