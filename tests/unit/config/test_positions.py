"""On which line of a TOML text each key stands."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from sersync.config.positions import Path, lines_of, nearest_line

TEXT = '''\
# a comment with a "quote
state_dir = "/var/lib/x"   # [not.a.table]
grace.period = "has # no comment"

[defaults]
exclude = [
    "a]b",     # one
    'c\\',

    """d
multi = "line"
""",
]
ssh = { port = 22, identity = "k}" }

[[source]]
name = 'one'
"to be" = 1

  [[source.target]]
  to = "a"
  [[source.target]]
  to = "b"
  ssh.port = 5

[source.defaults]
delete = false

[[source]]
target = [
  { to = "c" },
  { to = "d", nmae = "e" },
]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("state_dir",), 2),
        (("grace",), 3),
        (("grace", "period"), 3),
        (("defaults",), 5),
        (("defaults", "exclude"), 6),
        (("defaults", "exclude", 0), 7),
        (("defaults", "exclude", 1), 8),
        (("defaults", "exclude", 2), 10),
        (("defaults", "ssh"), 14),
        (("defaults", "ssh", "identity"), 14),
        (("source",), 16),
        (("source", 0), 16),
        (("source", 0, "name"), 17),
        (("source", 0, "to be"), 18),
        (("source", 0, "target", 0), 20),
        (("source", 0, "target", 0, "to"), 21),
        (("source", 0, "target", 1), 22),
        (("source", 0, "target", 1, "to"), 23),
        (("source", 0, "target", 1, "ssh", "port"), 24),
        (("source", 0, "defaults", "delete"), 27),
        (("source", 1), 29),
        (("source", 1, "target", 0, "to"), 31),
        (("source", 1, "target", 1, "to"), 32),
        (("source", 1, "target", 1, "nmae"), 32),
    ],
)
def test_every_key_has_the_line_that_it_stands_on(path: Path, line: int) -> None:
    assert lines_of(TEXT)[path] == line


def test_every_value_that_tomllib_finds_has_a_line() -> None:
    lines = lines_of(TEXT)

    assert set(_paths(tomllib.loads(TEXT), ())) <= lines.keys()


def test_what_is_missing_has_the_line_of_the_table_that_misses_it() -> None:
    lines = lines_of(TEXT)

    assert nearest_line(lines, ("source", 0, "target", 1, "name")) == 22
    assert nearest_line(lines, ("nothing",)) == 1


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only this", "a=1", "a = '''x'y''''", "\ufeffa = 1"]
)
def test_any_text_is_read_to_its_end(text: str) -> None:
    assert all(line >= 1 for line in lines_of(text).values())


def _paths(value: Any, path: Path) -> list[Path]:
    here = [path] if path else []
    if isinstance(value, dict):
        return here + [deep for key, item in value.items() for deep in _paths(item, (*path, key))]
    if isinstance(value, list):
        return here + [
            deep for index, item in enumerate(value) for deep in _paths(item, (*path, index))
        ]
    return here
