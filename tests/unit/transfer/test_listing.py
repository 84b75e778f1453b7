from __future__ import annotations

from sersync.transfer.listing import ListedModule, parse_entries, parse_modules


def test_modules_are_told_from_the_greeting() -> None:
    lines = [b"Welcome to our daemon", b"", b"copy           \tour copy", b"a name of many words\t"]

    assert parse_modules(lines) == (
        ListedModule(name="copy", comment="our copy"),
        ListedModule(name="a name of many words", comment=""),
    )


def test_entries_have_the_names_that_they_have() -> None:
    lines = [
        b"drwxr-xr-x           4096 2026/11/23 09:31:27 .",
        b"-rw-r--r--      1,234,567 2026/11/23 09:31:27 with  two blanks",
        rb"-rw-r--r--              1 2026/11/23 09:31:27 line\#012break",
    ]

    first, second = parse_entries(lines)
    assert (first.name, first.size_bytes, first.mode) == (
        b"with  two blanks",
        1234567,
        "-rw-r--r--",
    )
    assert second.name == b"line\nbreak"
