from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sersync.model.filters import Filter
from sersync.model.path import RelPath
from sersync.model.rule import (
    Rule,
    literal_pattern,
    parse_filter_option,
    parse_pattern_option,
    parse_rule,
    warn_absolute,
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"*.o", Rule(False, b"*.o")),
        (b"- *.o", Rule(False, b"*.o")),
        (b"+ *.c", Rule(True, b"*.c")),
        (b"-_*.o", Rule(False, b"*.o")),
        (b"exclude *.o", Rule(False, b"*.o")),
        (b"include *.c", Rule(True, b"*.c")),
        (b"-  two spaces ", Rule(False, b" two spaces ")),
        (b"- -", Rule(False, b"-")),
        (b"- !important", Rule(False, b"!important")),
        (b".new_file", Rule(False, b".new_file")),
        (b"Photos", Rule(False, b"Photos")),
        (b"clear", Rule(False, b"clear")),
        (b"a\nb", Rule(False, b"a\nb")),
        (b"x" * 4095, Rule(False, b"x" * 4095)),
    ],
)
def test_rule_is_read_as_written(text: bytes, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "there is no pattern"),
        (b"- ", "there is no pattern"),
        (b"+", "there is no pattern"),
        (b"-foo", "write `- foo`, or `- -foo` to exclude that very name"),
        (b"-p *.o", "the modifier `p` is not supported"),
        (b"-/ /etc/passwd", "always anchored at the source root"),
        (b"-s *.o", "no rule holds for one side only"),
        (b"-C", "write CVS's patterns out"),
        (b"P /vol", "protects on the target only"),
        (b"hide *.o", "hides from the sender only"),
        (b". rules.txt", "rules are not read from other files"),
        (b"dir-merge .rules", "rules are not read from other files"),
        (b":C", "rules are not read from other files"),
        (b"!", "clears the list of rules"),
        (b"!*.jpg", "write `+ *.jpg` before the rule that excludes it"),
        (b"a\0b", "no file name holds a zero byte"),
        (b"x" * 4096, "takes no more than 4095"),
    ],
)
def test_rule_that_cannot_be_followed_is_refused_with_the_reason(
    text: bytes, sentence: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is what counts
        parse_rule(text)
    assert sentence in str(caught.value)


def test_filter_option_needs_a_sign() -> None:
    with pytest.raises(ValueError, match=r"write `- \*\.o`"):
        parse_filter_option(b"*.o")
    with pytest.raises(ValueError, match="protects on the target only"):
        parse_filter_option(b"P")
    with pytest.raises(ValueError, match="unknown modifier"):
        parse_filter_option(b"exclude,z x")
    assert parse_filter_option(b"-,_x") == Rule(False, b"x")


def test_exclude_option_takes_a_pattern_with_or_without_a_sign() -> None:
    assert parse_pattern_option(b"*.o", include=False) == Rule(False, b"*.o")
    assert parse_pattern_option(b"+ *.o", include=False) == Rule(True, b"*.o")
    assert parse_pattern_option(b"- *.o", include=True) == Rule(False, b"*.o")
    assert parse_pattern_option(b"-x", include=True) == Rule(True, b"-x")
    assert parse_pattern_option(b"!x", include=False) == Rule(False, b"!x")
    with pytest.raises(ValueError, match="clears the list"):
        parse_pattern_option(b"!", include=False)


def test_pattern_that_begins_with_the_source_path_is_warned_about() -> None:
    root = b"/srv/www"
    warning = warn_absolute(Rule(False, b"/srv/www/hosts"), root)
    assert warning is not None
    assert "did you mean `/hosts`?" in warning
    assert warn_absolute(Rule(False, b"/srv/www/hosts"), root + b"/") == warning
    assert "did you mean" not in (warn_absolute(Rule(False, b"/srv/www/"), root) or "did you mean")
    assert warn_absolute(Rule(False, b"/srv/www2/hosts"), root) is None
    assert warn_absolute(Rule(False, b"/hosts"), root) is None
    assert warn_absolute(Rule(False, b"/hosts"), b"/") is None


paths = st.lists(st.sampled_from(list(b"ab*?[]\\\\/!-\n\xff")), min_size=1, max_size=8).map(
    lambda codes: RelPath(bytes(codes).strip(b"/"))
)


@given(paths.filter(bool), paths.filter(bool))
def test_literal_pattern_matches_that_path_only(path: RelPath, other: RelPath) -> None:
    filters = Filter([Rule(False, b"/" + literal_pattern(path))])
    assert filters.excludes_entry(path, is_dir=False)
    assert filters.excludes_entry(other, is_dir=False) is (other == path)


def test_rule_is_shown_as_rsync_writes_it() -> None:
    assert str(Rule(False, b"*.o\n")) == r"- *.o\x0a"
    assert bytes(Rule(True, b" x")) == b"+  x"
