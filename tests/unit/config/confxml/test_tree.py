"""Elements of a confxml.xml, with their places, in whatever encoding."""

from __future__ import annotations

import os

import pytest

from sersync.config.confxml.tree import parse_tree
from sersync.errors import ConfigError


def _refusal(content: str | bytes) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(ConfigError) as refusal:
        parse_tree(raw, "confxml.xml")
    return [
        f"{mistake.place}: {mistake.message}"
        + (f" ({mistake.suggestion})" if mistake.suggestion else "")
        for mistake in refusal.value.mistakes
    ]


def test_elements_and_attributes_know_their_line_and_column() -> None:
    top = parse_tree(b'<head>\n  <host hostip="a"\n        port="1"/>\n</head>', "confxml.xml")

    (host,) = top.children
    assert (host.name, host.position) == ("host", (2, 3))
    assert host.attributes["hostip"].position == (2, 9)
    assert host.attributes["port"].position == (3, 9)


def test_names_are_matched_without_regard_to_case() -> None:
    top = parse_tree(b'<HEAD><FileSystem XFS="true"/></HEAD>', "confxml.xml")

    (element,) = top.named("filesystem")
    assert element.written == "FileSystem"
    assert element.attributes["xfs"].written == "XFS"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a b="/数据"/>'.encode(), "/数据".encode()),
        ('<?xml version="1.0" encoding="UTF-8"?><a b="/é"/>'.encode(), "/é".encode()),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a b="/é"/>'.encode("latin-1"), b"/\xe9"),
        (
            '<?xml version="1.0" encoding="GB2312"?><a b="/数据"/>'.encode("gbk"),
            b"/\xca\xfd\xbe\xdd",
        ),
        (b'\xef\xbb\xbf<a b="/x"/>', b"/x"),
        ('<?xml version="1.0" encoding="UTF-16"?><a b="/数"/>'.encode("utf-16"), "/数".encode()),
        (b'<a b="/&#20013;"/>', "/中".encode()),
        (b'<a b="/x&amp;y&#65;"/>', b"/x&yA"),
    ],
)
def test_a_path_is_the_bytes_of_the_file_whatever_its_encoding_claims(
    content: bytes, path: bytes
) -> None:
    top = parse_tree(content, "confxml.xml")

    assert os.fsencode(top.attributes["b"].value) == path


def test_columns_count_characters() -> None:
    top = parse_tree("<head><!-- 注释 --><a b='1'/></head>".encode(), "confxml.xml")

    assert top.children[0].position == (1, 18)
    assert top.children[0].attributes["b"].position == (1, 21)


def test_comments_may_stand_anywhere_and_stray_text_is_kept_with_its_place() -> None:
    content = b"<!-- a --><head><!-- b -->\n<a/>  # one\n  # two <!-- c -->\n</head><!-- d -->"

    top = parse_tree(content, "confxml.xml")

    assert top.stray == [((2, 7), "# one"), ((3, 3), "# two")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '<a>\n<localpathwatch="/x">\n</localpath></a>',
            "2:1: a space is missing (write <localpath watch=)",
        ),
        ('<timeoutstart="false" time="1"/>', "1:1: a space is missing (write <timeout start=)"),
        (
            '<remote ip="1.2.3.4"name="t"/>',
            '1:21: a space is missing (write a space before name=")',
        ),
        ('<host hostip=“a” port="1"/>', '1:14: “ is no quotation mark of XML (write ")'),
        (
            "<host hostip=a port='1'/>",
            '1:7: the value stands without quotation marks (write hostip="a")',
        ),
        ('<a b="x&y"/>', "1:8: & begins an entity in XML (write &amp;)"),
        (
            '<param prefix="sh -c "echo x > /f"" suffix=""/>',
            (
                '1:22: " ends the value of prefix here, but it goes on'
                ' (write &quot; for each " that belongs to the value)'
            ),
        ),
        (
            '<param prefix="sh -c "a=b"" suffix=""/>',
            (
                '1:22: " ends the value of prefix here, but it goes on'
                ' (write &quot; for each " that belongs to the value)'
            ),
        ),
        ('<remote ip="1.2.3.4 name="t"/>', '1:9: the value of ip is not closed (write ")'),
        ('<exclude expression="a<b"/>', "1:23: < begins an element in XML (write &lt;)"),
        ("<a>\n <b>\n</a>", "2:2: <b> is not closed (write </b>, or end it with />)"),
        ("<a></b></a>", "1:4: </b> closes nothing (remove it, or open it before)"),
        ("<a><b></b>", "1:1: <a> is not closed (write </a> where it ends)"),
        ("", "1:1: this is not XML: no element found"),
        ("<a/><b/>", "1:5: this is not XML: junk after document element"),
        (b"<a \x00/>", "1:4: this is not XML: not well-formed (invalid token)"),
    ],
)
def test_what_is_no_xml_is_told_with_its_probable_spelling(content: str | bytes, said: str) -> None:
    assert _refusal(content) == [f"confxml.xml:{said}"]


def test_all_misspellings_of_a_copied_article_are_told_at_once() -> None:
    content = (
        '<a>\n<localpathwatch="/x">\n<!--<remoteip="1"name="t"/>-->\n<sshstart="false"/>\n</a>'
    )

    assert [line.split(":")[1] for line in _refusal(content)] == ["2", "4"]


def test_dashes_of_a_text_processor_are_told_together_with_lost_spaces() -> None:
    option = "\u2013-exclude=x"
    content = (
        f'<a>\n<!-- <commonParams params="{option}"/> -->\n'
        f'<commonParamsparams="-artuz {option}"/>\n</b>'
    )

    space, dash = _refusal(content)

    assert space == "confxml.xml:3:1: a space is missing (write <commonParams params=)"
    assert dash == (
        f"confxml.xml:3:29: {option} begins with a dash that is not the plain `-`"
        " (write `--exclude=x`)"
    )


def test_a_dash_does_not_hide_why_a_file_is_no_xml() -> None:
    said = _refusal('<a>\n<commonParams params="\u2014v"/>\n</b></a>')

    assert [line.split(":")[1] for line in said] == ["2", "3"]


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a b="&b;"/>',
    ],
)
def test_entities_and_references_to_other_files_are_refused(content: str) -> None:
    (said,) = _refusal(content)

    assert "are not read" in said


def test_an_entity_that_nobody_declared_is_a_mistake() -> None:
    assert _refusal("<a>&nbsp;</a>") == ["confxml.xml:1:4: & begins an entity in XML (write &amp;)"]
