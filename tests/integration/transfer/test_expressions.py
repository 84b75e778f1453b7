"""Regular expressions as filters: what they exclude is neither sent nor deleted, by no run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sersync.model.expression import parse_expression
from sersync.model.filters import Filter
from sersync.model.status import TargetState
from tests.support.engine import Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees, wait_until

EXACT = (rb"(.*)\.gz", rb"^static/*")
INEXACT = (rb".*[.]{1}gz", rb"^static/*")
"""The same for us, but beyond what can be said to rsync."""

both = pytest.mark.parametrize("texts", [EXACT, INEXACT], ids=["by rules", "by names"])


def excluded(path: bytes) -> bool:
    return path.endswith(b".gz") or path == b"static"


def begun(engines: Engines, source: Path, rsyncd: Rsyncd, texts: tuple[bytes, ...]) -> Engine:
    filters = Filter(expressions=[parse_expression(text) for text in texts])
    copy = copy_at(rsyncd.root, rsyncd.endpoint, filters=filters)
    engine = engines(source, copy, filters=filters)
    engine.wait_for_rest()
    return engine


def plant(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


def same(source: Path, copy: Path) -> None:
    assert_same_trees(source, copy, exclude=excluded, ignore_root=True)


def test_the_second_form_is_one_that_rsync_cannot_apply() -> None:
    assert Filter(expressions=[parse_expression(text) for text in EXACT]).is_exact
    assert not Filter(expressions=[parse_expression(text) for text in INEXACT]).is_exact


@both
def test_full_pass_neither_sends_nor_deletes_what_is_excluded(
    texts: tuple[bytes, ...], source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    plant(source, "a", "d/b", "d/c.gz", "e.gz", "static/page", "d/e/f/g", "d/static/kept")
    plant(rsyncd.root, "x.gz", "old", "d/x.gz", "d/old/deep", "gone/x.gz", "gone/old", "static/x")
    plant(rsyncd.root, "d/e/f/gone/deeper/x.gz", "d/e/f/gone/old")
    begun(engines, source, rsyncd, texts)

    copy = rsyncd.root
    for kept in ("x.gz", "d/x.gz", "gone/x.gz", "static/x", "d/e/f/gone/deeper/x.gz"):
        assert (copy / kept).exists()
    for gone in ("old", "d/old", "gone/old", "d/c.gz", "e.gz", "static/page", "d/e/f/gone/old"):
        assert not (copy / gone).exists()
    shutil.rmtree(copy / "gone")
    shutil.rmtree(copy / "d/e/f/gone")
    assert_same_trees(source, copy, exclude=excluded, times=False)


@both
def test_live_changes_obey_the_expressions(
    texts: tuple[bytes, ...], source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    engine = begun(engines, source, rsyncd, texts)
    plant(source, "n/a", "n/b.gz", "n/deep/c", "static/page", "f.gz")
    (source / "n" / "link.gz").symlink_to("a")
    engine.wait_for_rest()
    same(source, rsyncd.root)
    assert not {"f.gz", "static"} & set(os.listdir(rsyncd.root))
    assert not {"b.gz", "link.gz"} & set(os.listdir(rsyncd.root / "n"))
    for number in range(40):
        plant(source, f"n/many-{number}", f"n/many-{number}.gz")
    (source / "n/a").unlink()
    shutil.rmtree(source / "n/deep")
    plant(source, "n/deep")
    engine.wait_for_rest()
    same(source, rsyncd.root)
    assert not [name for name in os.listdir(rsyncd.root / "n") if name.endswith("gz")]


@both
def test_a_directory_that_goes_leaves_only_what_is_excluded_in_it(
    texts: tuple[bytes, ...], source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    plant(source, "d/a", "d/sub/b", "d/sub/c")
    engine = begun(engines, source, rsyncd, texts)
    plant(rsyncd.root, "d/sub/x.gz")
    shutil.rmtree(source / "d")
    engine.wait_for_rest()

    left = {path.relative_to(rsyncd.root / "d").as_posix() for path in rsyncd.root.rglob("d/**/*")}
    assert left == {"sub", "sub/x.gz"}
    assert engine.status().problems == ()
    engine.wait_for_state(TargetState.IN_SYNC)


@both
def test_a_directory_with_excluded_content_is_not_removed_for_a_file(
    texts: tuple[bytes, ...], source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    plant(rsyncd.root, "name/x.gz", "name/old")
    plant(source, "name", "other")
    filters = Filter(expressions=[parse_expression(text) for text in texts])
    copy = copy_at(rsyncd.root, rsyncd.endpoint, filters=filters)
    engine = engines(source, copy, filters=filters)
    wait_until(lambda: bool(engine.status().problems), 30.0)

    assert engine.status().problems[0].path == b"name"
    assert (rsyncd.root / "name/x.gz").read_text() == "name/x.gz"
    wait_until((rsyncd.root / "other").exists)


def test_a_limit_of_deletions_does_not_count_what_is_excluded(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    plant(rsyncd.root, *(f"d/{number}.gz" for number in range(30)), "d/one", "d/two")
    plant(source, "d/kept")
    filters = Filter(expressions=[parse_expression(text) for text in INEXACT])
    copy = copy_at(rsyncd.root, rsyncd.endpoint, filters=filters, max_delete=2)
    engine = engines(source, copy, filters=filters)
    engine.wait_for_rest()

    assert len(os.listdir(rsyncd.root / "d")) == 31


def test_a_target_with_much_that_is_excluded_is_not_taken_for_a_wrong_one(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    plant(rsyncd.root, *(f"d/{number}.gz" for number in range(150)), "d/one")
    plant(rsyncd.root, *(f"static/{number}" for number in range(50)))
    plant(source, "d/kept", "static/page")
    filters = Filter(expressions=[parse_expression(text) for text in INEXACT])
    copy = copy_at(rsyncd.root, rsyncd.endpoint, filters=filters, max_delete=None)
    engine = engines(source, copy, filters=filters)
    engine.wait_for_rest()

    assert len(os.listdir(rsyncd.root / "d")) == 151
    assert len(os.listdir(rsyncd.root / "static")) == 50


def test_a_census_tells_how_many_entries_a_pass_would_really_delete(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    plant(rsyncd.root, *(f"old/{number}" for number in range(120)))
    plant(rsyncd.root, *(f"old/{number}.gz" for number in range(90)), "static/x", "a\nb")
    plant(source, "kept")
    filters = Filter(expressions=[parse_expression(text) for text in INEXACT])
    copy = copy_at(rsyncd.root, rsyncd.endpoint, filters=filters, max_delete=None)
    engine = engines(source, copy, filters=filters)
    engine.wait_for_state(TargetState.HALTED)
    reason = engine.status().reason

    assert reason is not None
    assert "and 121 of them are not in the source" in reason.message


def test_a_level_with_more_names_than_a_command_line_takes_is_carried(
    source: Path, rsyncd: Rsyncd, engines: Engines
) -> None:
    (source / "d").mkdir()
    for number in range(9_000):
        (source / "d" / f"{number:0120}").touch()
    begun(engines, source, rsyncd, INEXACT)

    assert len(os.listdir(rsyncd.root / "d")) == 9_000
