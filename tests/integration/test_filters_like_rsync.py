"""The predicate and the real rsync must agree about every path of random trees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sersync.config.rsync_options import parse_rsync_options
from sersync.config.toml import parse
from sersync.model.filters import Filter, Rule
from sersync.model.path import ROOT, RelPath, ancestors

Tree = dict[RelPath, bool]
"""Paths, and whether each is a directory."""

RULE_LISTS_PER_TREE = 12

odd_name = st.lists(
    st.sampled_from(
        [bytes([b]) for b in b"aabbcA1[]*?\\!^-+:.#;_ ~'\"$\n\r\t\x01\x7f\xff\xc3\xa9"]
    ),
    min_size=1,
    max_size=4,
).map(b"".join)
entry_name = (st.sampled_from([b"a", b"b", b"ab", b"abc", b"a.b"]) | odd_name).filter(
    lambda name: name not in (b".", b"..")
)
wild_token = st.sampled_from(
    rb"""* * ** *** ? / / \ [ ] [a-b] [!a] [^b-] [[:alpha:]] [[:punct:]a] [![:space:]]
    [[:nosuch:]] []a] [!]-a] [a/] [\]b] [--1] [a-\c] [[:] [[:a] [+--b] \* a b""".split()
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    tree: Tree = {}
    directories = [RelPath(b"")]
    for name, is_dir, where in draw(
        st.lists(st.tuples(entry_name, st.booleans(), st.integers(0, 9)), min_size=3, max_size=14)
    ):
        above = directories[where % len(directories)]
        path = RelPath(above + b"/" + name if above else name)
        if path not in tree:
            tree[path] = is_dir
            if is_dir:
                directories.append(path)
    return tree


def patterns(tree: Tree) -> st.SearchStrategy[bytes]:
    """Patterns that have a fair chance to match something in *tree*."""
    paths = st.sampled_from(sorted(tree))
    tail = st.tuples(paths, st.integers(1, 3)).map(lambda t: b"/".join(t[0].split(b"/")[-t[1] :]))
    made_up = st.lists(wild_token | entry_name, min_size=1, max_size=5).map(b"".join)
    piece = st.tuples(tail, st.integers(0, 3), st.integers(1, 4), wild_token).map(
        lambda t: t[0][: t[1]] + t[3] + t[0][t[1] + t[2] - 1 :]
    )
    body = tail | made_up | piece
    return st.tuples(
        st.sampled_from([b"", b"", b"/", b"**/"]),
        body,
        st.sampled_from([b"", b"", b"/", b"/***", b"*", b"**"]),
    ).map(b"".join)


@st.composite
def trees_with_rules(draw: st.DrawFn) -> tuple[Tree, list[list[Rule]]]:
    tree = draw(trees())
    rule = st.builds(Rule, st.booleans(), patterns(tree))
    rules = st.lists(rule, min_size=1, max_size=4)
    return tree, draw(st.lists(rules, min_size=1, max_size=RULE_LISTS_PER_TREE))


@contextmanager
def planted(tree: Tree) -> Iterator[tuple[Path, Path]]:
    """Yield a directory that holds *tree*, and an empty one."""
    top = Path(tempfile.mkdtemp(prefix="sersync-filters-"))
    full, empty = top / "full", top / "empty"
    try:
        full.mkdir()
        empty.mkdir()
        for path, is_dir in tree.items():
            place = os.path.join(os.fsencode(full), path)
            if is_dir:
                os.mkdir(place)
            else:
                os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
        yield full, empty
    finally:
        shutil.rmtree(top)


def names_below(directory: Path) -> Iterator[bytes]:
    top = os.fsencode(directory)
    for above, directories, files in os.walk(top):
        for name in directories + files:
            yield os.path.relpath(os.path.join(above, name), top)


def rsync(*args: bytes | str, **environ: str) -> list[bytes]:
    """Run rsync; return the names it lists, unescaped, directories without their slash."""
    result = subprocess.run(
        ["rsync", "-r", "-8", "--out-format=@%i %n", *args],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"} | environ,
        timeout=30,
    )
    assert result.returncode == 0, result.stderr
    found = re.findall(rb"^@.{11} (.+?)/?$", result.stdout, re.MULTILINE)
    return [re.sub(rb"\\#([0-7]{3})", lambda m: bytes([int(m[1], 8)]), name) for name in found]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees_with_rules())
@example(
    ({RelPath(b"a"): True, RelPath(b"a/b"): False}, [[Rule(False, b"/")], [Rule(False, b"*")]])
)
@example(({RelPath(b" a "): False, RelPath(b"a"): False}, [[Rule(False, b" a ")]]))
@example(
    ({RelPath(b"_a"): False, RelPath(b"!"): False}, [[Rule(False, b"_a")], [Rule(False, b"!")]])
)
def test_rsync_sends_exactly_what_the_predicate_includes(
    case: tuple[Tree, list[list[Rule]]],
) -> None:
    tree, rule_lists = case
    with planted(tree) as (full, empty):
        for rules in rule_lists:
            filters = Filter(rules)
            sent = rsync("-n", *filters.rsync_options(), f"{full}/", f"{empty}/")
            expected = {p for p, is_dir in tree.items() if not filters.excludes(p, is_dir=is_dir)}
            assert set(sent) - {b"."} == expected, rules


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees_with_rules())
def test_rsync_deletes_nothing_on_a_far_side_that_the_predicate_excludes(
    case: tuple[Tree, list[list[Rule]]],
) -> None:
    """The rules travel to the receiver as text here; a local copy would not send them."""
    tree, rule_lists = case
    for rules in rule_lists[:4]:
        filters = Filter(rules)
        with planted(tree) as (full, empty):
            shell = full.parent / "shell"
            shell.write_text('#!/bin/sh\nshift\nexec "$@"\n')
            shell.chmod(0o755)
            rsync(
                "--delete", f"--rsh={shell}", *filters.rsync_options(), f"{empty}/", f"host:{full}/"
            )
            left = {RelPath(p) for p in names_below(full)}
        kept = {p for p, is_dir in tree.items() if filters.excludes(p, is_dir=is_dir)}
        above = {directory for path in kept for directory in ancestors(path)} - {ROOT}
        assert left == kept | above, rules


@pytest.mark.parametrize(
    ("at_home", "variable"),
    [
        (None, ""),
        (b"*.mine\n  x.?\t", ""),
        (None, "*.mine a.o"),
        (b"*.mine", "x.z"),
        (b"*.mine ! x.z", ""),
        (b"x.z", "! *.mine"),
        (b"# ; - + x.* \xff", "- x.z"),
        (b"y" * 5000 + b" *.mine", ""),
    ],
)
def test_cvs_exclude_also_obeys_what_the_user_ignores_everywhere(
    tmp_path: Path, at_home: bytes | None, variable: str
) -> None:
    names = b"a.o b.mine c.mine! x.y x.z # - + ; \xff core".split()
    tree = {RelPath(name): False for name in names}
    if at_home is not None:
        (tmp_path / ".cvsignore").write_bytes(at_home)
    environ = {"HOME": os.fspath(tmp_path)} | ({"CVSIGNORE": variable} if variable else {})
    root = tmp_path / "root"
    root.mkdir()
    text = f'[[source]]\nroot = "{root}"\n[[source.target]]\nto = "/x"\nrsync_options = ["-aC"]\n'
    [source] = parse(text, "sersync.toml", environ).settings.sources
    filters = source.targets[0].filters
    with planted(tree) as (full, empty):
        sent = rsync("-n", "--cvs-exclude", f"{full}/", f"{empty}/", **environ)
    assert {RelPath(path) for path in sent} - {b"."} == {
        path for path in tree if not filters.excludes(path, is_dir=False)
    }


def test_cvs_exclude_means_what_it_means_to_rsync() -> None:
    names = b"""RCS a.o core core.c tags TAGS ~ a~ #a# .#a ,a _$a a$ $a a.old a.BAK a.Bak .del-x
        .git .gitignore .make.state cvslog.1 cvslog a.so a.so.1 .cvsignore x.Z x.z"""
    tree = {RelPath(name): name in (b".git", b"RCS") for name in names.split()}
    tree |= {RelPath(b".svn"): False, RelPath(b".git/a"): False, RelPath(b"RCS/a"): False}
    filters = Filter(parse_rsync_options(["-C"]).rules)
    with planted(tree) as (full, empty):
        sent = rsync("-n", "--cvs-exclude", f"{full}/", f"{empty}/")
    assert {RelPath(path) for path in sent} - {b"."} == {
        path for path, is_dir in tree.items() if not filters.excludes(path, is_dir=is_dir)
    }
