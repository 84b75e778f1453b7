"""Lines of an rsyncd.conf, in the forms that people write them in."""

from __future__ import annotations

import pytest

from sersync.rsyncd.syntax import Broken, Directive, Header, Ignored, Item, Setting, parse


def only(text: str) -> Item:
    [item] = parse(text)
    return item


@pytest.mark.parametrize("text", ["path = /srv", "  path=/srv  ", "path\t=\t/srv\r"])
def test_white_space_around_names_and_values_means_nothing(text: str) -> None:
    assert only(text) == Setting(line=1, name="path", value="/srv")


def test_only_the_first_equals_sign_counts() -> None:
    assert only("filter = - a=b") == Setting(line=1, name="filter", value="- a=b")


@pytest.mark.parametrize("text", ["# path = /a", "  ; path = /a", "", "   \t", "\\"])
def test_comments_and_empty_lines_are_nothing(text: str) -> None:
    assert list(parse(text)) == []


def test_a_hash_inside_a_value_is_part_of_it() -> None:
    assert only("path = /srv # the copy") == Setting(line=1, name="path", value="/srv # the copy")


def test_a_value_goes_on_after_a_backslash_and_has_the_line_of_its_name() -> None:
    items = list(parse("hosts allow = a, \\\n  b, \\  \n\tc\npath = /x"))

    assert items == [
        Setting(line=1, name="hosts allow", value="a,   b, \tc"),
        Setting(line=4, name="path", value="/x"),
    ]


def test_a_name_goes_on_after_a_backslash() -> None:
    assert only("read \\\n only = no") == Setting(line=1, name="read only", value="no")


def test_a_comment_does_not_go_on() -> None:
    assert only("# comment \\\npath = /a") == Setting(line=2, name="path", value="/a")


def test_a_backslash_at_the_end_of_the_file_is_part_of_the_value() -> None:
    assert only("path = /a\\") == Setting(line=1, name="path", value="/a\\")


@pytest.mark.parametrize("text", ["[a b]", "[ a  \t b ] and whatever follows", "[a\\\n b]"])
def test_a_header_is_what_stands_between_its_brackets(text: str) -> None:
    assert only(text) == Header(line=1, name="a b")


@pytest.mark.parametrize("text", ["[backup", "[backup\n]", "[]", "[  ]", "= value"])
def test_what_the_daemon_does_not_start_with_is_the_last_item(text: str) -> None:
    items = list(parse(f"a = 1\n{text}\nb = 2"))

    assert isinstance(items[-1], Broken)
    assert items[-1].line == 2
    assert len(items) == 2


def test_a_line_without_an_equals_sign_is_ignored_as_the_daemon_does() -> None:
    assert only("ignore errors") == Ignored(line=1, text="ignore errors")


@pytest.mark.parametrize("text", ["&include /etc/a b", "&include=/etc/a b", "&include = /etc/a b"])
def test_a_directive_takes_the_rest_of_its_line(text: str) -> None:
    assert only(text) == Directive(line=1, name="&include", value="/etc/a b")


def test_nothing_is_read_after_a_zero_byte() -> None:
    assert only("a = 1\n\0b = 2") == Setting(line=1, name="a", value="1")


def test_a_space_that_is_none_in_ascii_belongs_to_the_name() -> None:
    assert only("use\u00a0chroot = no") == Setting(line=1, name="use\u00a0chroot", value="no")
