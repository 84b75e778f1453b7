"""sersync's regular expressions: what they match, and the rsync rules that say the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sersync.model.expression import Expression, parse_expression
from sersync.model.expression_rules import rules_of
from sersync.model.filters import Filter, Rule
from sersync.model.path import RelPath


def excluding(*texts: bytes) -> Filter:
    return Filter(expressions=[parse_expression(text) for text in texts])


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        (rb"(.*)\.svn", [b"a.svn", b"d/.svn", b"d/e/a\nb.svn"], [b"a.svnx", b"svn"]),
        (rb"^info/*", [b"info", b"info/x", b"info/deep/x"], [b"infos", b"d/info", b"xinfo"]),
        (rb"info", [b"info", b"info/x"], [b"d/info"]),
        (rb"/d/info", [b"d/info", b"d/info/x"], [b"info", b"d", b"e/d/info"]),
        (rb"/info", [], [b"info", b"d/info"]),
        (rb"a/b/", [b"a/b/x"], [b"a/x", b"a/bc"]),
        (rb"[[:alpha:]_-]+", [b"ab_-", b"z/x"], [b"a1", b"1/z"]),
        (rb"\<a.b\>", [b"axb", b"a\nb"], [b"axbc"]),
        (rb"\Qa.b\E.*", [b"a.bc"], [b"axb"]),
        (rb".*/[^/]{3}", [b"d/abc"], [b"abc", b"d/abcd"]),
        (rb"\x41\x{42}", [b"AB"], [b"ab"]),
        (rb"[\]\\a-c]x", [b"]x", b"\\x", b"bx"], [b"dx"]),
        (rb"[]a]x\z", [b"]x", b"ax"], [b"x"]),
        (rb"[[a]&&--x", [b"[&&--x", b"a&&--x"], [b"&&--x"]),
        (rb"\xff+", [b"\xff\xff"], [b"\xfe"]),
    ],
)
def test_expression_matches_in_full_as_sersync_did(
    text: bytes, matching: list[bytes], other: list[bytes]
) -> None:
    filters = excluding(text)
    found = [p for p in matching + other if filters.excludes(RelPath(p), is_dir=False)]
    assert found == matching


def test_directory_is_matched_with_its_slash_too() -> None:
    filters = excluding(rb"cache/")
    assert filters.excludes(RelPath(b"cache"), is_dir=True)
    assert filters.excludes(RelPath(b"cache/deep/x"), is_dir=False)
    assert not filters.excludes(RelPath(b"cache"), is_dir=False)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"(", "character 1"),
        (b"ab[c", "character 3"),
        (b"x\\pL", "character 2"),
        (b"(?<n>a)", "character 1"),
        (b"(a)(?1)", "character 4"),
        (b"[[:nosuch:]]", "character 2"),
        (b"[[.a.]]", "character 2"),
        (b"[z-a]", "character 1"),
        (b"a**", "character 3"),
        (b"a\\", "backslash"),
        (b"\\x{100}", "character 1"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(text: bytes, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        parse_expression(text)


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        (rb"(.*)\.svn", {b"*.svn"}),
        (rb"^info/*", {b"/info"}),
        (rb".*\.(gz|zip)$", {b"*.gz", b"*.zip"}),
        (rb"^a/b/.*", {b"/a/b/"}),
        (rb"/tmp/.*", {b"/tmp/**"}),
        (rb"/tmp.*", {b"/tmp*/**"}),
        (rb".*/\.git", {b"/**/.git"}),
        (rb"a\*b", {b"/a\\*b"}),
        (rb"a\\b", {b"/a\\b"}),
        (rb".*[0-9]", {b"*[0-9]"}),
        (rb"/never", set()),
    ],
)
def test_what_rsync_can_say_exactly_becomes_rules(text: bytes, patterns: set[bytes]) -> None:
    rules = rules_of(Expression(text))
    assert rules is not None
    assert patterns <= {rule.pattern for rule in rules}
    assert excluding(text).is_exact


@pytest.mark.parametrize("text", [rb".*[0-9]+\.log", rb"a{2}", rb"(a|b)*", rb".*/x.*", rb"(?i)a"])
def test_what_rsync_cannot_say_has_no_rules(text: bytes) -> None:
    assert rules_of(Expression(text)) is None
    assert not excluding(text).is_exact
    assert excluding(text).rsync_options() == ()


def test_expressions_decide_before_rules() -> None:
    filters = Filter([Rule(True, b"*.gz")], [Expression(rb".*\.gz")])
    assert filters.excludes(RelPath(b"a.gz"), is_dir=False)
    assert filters.rsync_options()[0] == b"--filter=- *.gz"
    assert filters.rsync_options()[-1] == b"--filter=+ *.gz"


def test_filters_with_other_expressions_are_not_equal() -> None:
    assert excluding(b"a") == excluding(b"a")
    assert hash(excluding(b"a")) == hash(excluding(b"a"))
    assert excluding(b"a") != excluding(b"b")
    assert not Filter()
    assert excluding(b"a")


piece = st.sampled_from(
    rb""".* (.*) [^/]* . / /* a b \. [ab] [^a] \* (a|/b) a? (?:ab|) .+ \\ ^a b$""".split()
)
texts = st.tuples(
    st.sampled_from([b"", b"^"]), st.lists(piece, min_size=1, max_size=5).map(b"".join)
).map(b"".join)
name = st.text(alphabet="ab.*\\[", min_size=1, max_size=3).map(str.encode)
paths = st.lists(name, min_size=1, max_size=4).map(b"/".join).map(RelPath)


@settings(max_examples=400, deadline=None)
@given(text=texts, tried=st.lists(st.tuples(paths, st.booleans()), min_size=1, max_size=12))
@example(text=rb".*/", tried=[(RelPath(b"a"), True), (RelPath(b"a"), False)])
@example(text=rb"(.*)/a", tried=[(RelPath(b"a"), False), (RelPath(b"b/a"), False)])
def test_rules_exclude_exactly_what_the_expression_does(
    text: bytes, tried: list[tuple[RelPath, bool]]
) -> None:
    expression = parse_expression(text)
    rules = rules_of(expression)
    if rules is None:
        return
    by_rules, by_expression = Filter(rules), Filter(expressions=[expression])
    for path, is_dir in tried:
        assert by_rules.excludes(path, is_dir=is_dir) == by_expression.excludes(
            path, is_dir=is_dir
        ), (path, is_dir, rules)
