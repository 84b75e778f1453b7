"""Filters as people write them; agreement with rsync is in the integration tests."""

from __future__ import annotations

import pytest

from sersync.model.filters import Filter, Rule
from sersync.model.path import RelPath


def excluding(*patterns: bytes) -> Filter:
    return Filter(Rule(False, pattern) for pattern in patterns)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (b"*.tmp", [b"a.tmp", b"d/.tmp", b"d/e/a\nb.tmp"], [b"a.tmpx", b"d.tm/p"]),
        (b"name", [b"name", b"d/name"], [b"names", b"d/xname"]),
        (b"/name", [b"name"], [b"d/name"]),
        (b"d/name", [b"d/name", b"x/d/name"], [b"xd/name", b"d/x/name"]),
        (b"/d/*/name", [b"d/x/name"], [b"d/name", b"d/x/y/name"]),
        (b"/d/**/name", [b"d/x/name", b"d/x/y/name"], [b"d/name"]),
        (b"d/**", [b"d/x", b"d/x/y", b"e/d/x"], [b"d"]),
        (b"**/name", [b"name", b"d/e/name"], [b"xname"]),
        (b"a**z", [b"az", b"a/b/z", b"d/ax/yz"], [b"a/b/zz/y"]),
        (b"?.log", [b"1.log", b"\xff.log"], [b".log", b"12.log"]),
        (b"[a-c]x", [b"ax", b"d/cx"], [b"dx", b"[x"]),
        (b"[!a-c]x", [b"dx", b"-x"], [b"ax", b"d/bx"]),
        (b"[^]]x", [b"ax"], [b"]x"]),
        (b"[]-]x", [b"]x", b"-x"], [b"ax"]),
        (b"[[:digit:]-]x", [b"7x", b"-x"], [b"ax", b":x"]),
        (b"[a\\]b]x", [b"]x", b"ax"], [b"\\x", b"a]b]x"]),
        (b"a\\*b", [b"a*b"], [b"axb", b"a\\*b"]),
        (b"a\\b", [b"a\\b"], [b"ab"]),
        (b"a\\b*", [b"ab", b"abc"], [b"a\\b"]),
        (b"a[b", [], [b"a[b", b"ab"]),
        (b"[[:nosuch:]]", [], [b"n", b"["]),
        (b"a*\\", [], [b"a\\", b"a"]),
        (b"[+-/]x", [], [b"+x", b"/x", b"a/x"]),
        (b"/[+-/]x", [b"+x", b",x"], [b"a/x"]),
        (b" a ", [b" a "], [b"a"]),
        (b"/", [], [b"a", b"a/b"]),
    ],
)
def test_pattern_matches_what_the_manual_says(
    pattern: bytes, matching: list[bytes], other: list[bytes]
) -> None:
    filters = excluding(pattern)
    assert [p for p in matching + other if filters.excludes_entry(RelPath(p), is_dir=False)] == (
        matching
    )


def test_trailing_slash_matches_directories_only() -> None:
    filters = excluding(b"cache/")
    assert filters.excludes(RelPath(b"cache"), is_dir=True)
    assert not filters.excludes(RelPath(b"cache"), is_dir=False)
    assert filters.excludes(RelPath(b"cache/deep/file"), is_dir=False)


def test_three_stars_match_the_directory_and_all_below_it() -> None:
    filters = excluding(b"/cache/***")
    assert filters.excludes_entry(RelPath(b"cache"), is_dir=True)
    assert filters.excludes_entry(RelPath(b"cache/x"), is_dir=False)
    assert not filters.excludes_entry(RelPath(b"cache"), is_dir=False)


def test_first_rule_that_matches_decides() -> None:
    rules = [Rule(True, b"keep.tmp"), Rule(False, b"*.tmp"), Rule(True, b"*")]
    assert not Filter(rules).excludes(RelPath(b"keep.tmp"), is_dir=False)
    assert Filter(rules).excludes(RelPath(b"a.tmp"), is_dir=False)
    assert Filter(reversed(rules)) == Filter([rules[2], rules[1], rules[0]])
    assert not Filter(reversed(rules)).excludes(RelPath(b"a.tmp"), is_dir=False)


def test_include_below_an_excluded_directory_has_no_effect() -> None:
    filters = Filter([Rule(True, b"/d/wanted"), Rule(False, b"/d/")])
    assert filters.excludes(RelPath(b"d/wanted"), is_dir=False)
    assert not filters.excludes_entry(RelPath(b"d/wanted"), is_dir=False)


def test_root_is_never_excluded() -> None:
    filters = excluding(b"*", b"**", b"/")
    assert not filters.excludes(RelPath(b""), is_dir=True)
    assert not filters.excludes_entry(RelPath(b""), is_dir=True)


def test_filter_without_rules_excludes_nothing_and_adds_no_options() -> None:
    assert not Filter().excludes(RelPath(b"a/b"), is_dir=False)
    assert Filter().rsync_options() == ()


def test_verdicts_stay_right_when_more_directories_are_asked_for_than_are_remembered() -> None:
    filters = excluding(b"odd*/")
    for _ in range(2):
        for number in range(10_000):
            kind = b"odd" if number % 2 else b"even"
            path = RelPath(b"top/%b%d/file" % (kind, number))
            assert filters.excludes(path, is_dir=False) is bool(number % 2)


def test_very_deep_path_is_decided() -> None:
    deep = RelPath(b"/".join([b"d"] * 2000))
    assert not excluding(b"x").excludes(deep, is_dir=False)
    assert excluding(b"/d/d/").excludes(deep, is_dir=False)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "pattern", [b"*a*a*a*a*a*a*a*a*b", b"**a**a**a**a**a**a**b", b"/*a*a**a*a**a*a*b/***"]
)
def test_name_made_to_be_slow_is_decided_at_once(pattern: bytes) -> None:
    assert not excluding(pattern).excludes(RelPath(b"a" * 255), is_dir=True)


def test_rules_become_filter_options_byte_by_byte() -> None:
    rules = [
        Rule(False, b" *.tmp "),
        Rule(True, b"a\nb\xff"),
        Rule(False, b"_x"),
        Rule(False, b"!"),
    ]
    assert Filter(rules).rsync_options() == (
        b"--filter=-  *.tmp ",
        b"--filter=+ a\nb\xff",
        b"--filter=- _x",
        b"--filter=- !",
    )


def test_equal_rules_make_equal_filters() -> None:
    assert excluding(b"a", b"b") == excluding(b"a", b"b")
    assert hash(excluding(b"a")) == hash(excluding(b"a"))
    assert excluding(b"a", b"b") != excluding(b"b", b"a")
