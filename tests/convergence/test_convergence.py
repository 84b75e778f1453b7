"""Whatever happens to the source: after a while each target is the same.

Changes are made while the full pass and earlier transfers run. SERSYNC_CONVERGENCE_EFFORT=10
tries ten times as long.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sersync.model.filters import Filter, parse_rule
from sersync.model.target import LocalDirectory
from tests.convergence.conftest import EFFORT, Converge
from tests.support.engine import Engines, copy_at
from tests.support.rsyncd import Rsyncd, RsyncdFactory
from tests.support.sshd import Sshd
from tests.support.steps import NAMES, steps
from tests.support.trees import assert_same_trees, snapshot

# The rest after one batch alone may take 90 s, where names are searched for.
pytestmark = pytest.mark.timeout(300 * max(1, EFFORT))

_SPECIAL_NAMES = (*NAMES[:4], b"x.tmp", b"mine.own", b"cache", b"deep.own", b"a.tmp", b"keep")


def test_any_changes_arrive_at_an_rsync_daemon(
    source: Path, rsyncd: Rsyncd, engines: Engines, converge: Converge
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))
    converge(engine, lambda: assert_same_trees(source, rsyncd.root), examples=20)


def test_any_changes_arrive_in_a_local_directory(
    source: Path, tmp_path: Path, engines: Engines, converge: Converge
) -> None:
    copy = tmp_path / "copy"
    engine = engines(source, copy_at(copy, LocalDirectory(path=os.fsencode(copy))))
    converge(engine, lambda: assert_same_trees(source, copy), examples=12)


def test_any_changes_arrive_over_ssh(
    source: Path, tmp_path: Path, sshd: Sshd, engines: Engines, converge: Converge
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    engine = engines(source, copy_at(copy, sshd.endpoint(copy)))
    converge(engine, lambda: assert_same_trees(source, copy), examples=12)


def test_any_changes_arrive_at_two_targets_at_once(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, engines: Engines, converge: Converge
) -> None:
    copy = tmp_path / "copy"
    engine = engines(
        source,
        copy_at(rsyncd.root, rsyncd.endpoint, "far"),
        copy_at(copy, LocalDirectory(path=os.fsencode(copy)), "near", parallel=1, spares=0),
    )

    def compare() -> None:
        assert_same_trees(source, rsyncd.root)
        assert_same_trees(source, copy)

    converge(engine, compare, examples=12)


def test_large_files_arrive_among_any_other_changes(
    source: Path, rsyncd: Rsyncd, engines: Engines, converge: Converge
) -> None:
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, large_file_bytes=500))
    converge(engine, lambda: assert_same_trees(source, rsyncd.root), examples=12)


def test_names_that_the_target_keeps_to_itself_do_not_hold_up_any_others(
    source: Path, rsyncd_factory: RsyncdFactory, engines: Engines, converge: Converge
) -> None:
    rsyncd = rsyncd_factory(exclude=("*.own",))
    (rsyncd.root / "theirs.own").write_text("of the target alone")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint))

    def compare() -> None:
        assert (rsyncd.root / "theirs.own").read_text() == "of the target alone"
        assert_same_trees(source, rsyncd.root, exclude=_is_own, times=False)

    converge(engine, compare, examples=12, made_of=steps(_SPECIAL_NAMES))


def test_what_filters_exclude_is_neither_sent_nor_deleted(
    source: Path, rsyncd: Rsyncd, engines: Engines, converge: Converge
) -> None:
    rules = ("+ /a/keep", "- *.tmp", "- cache/", "- /b/*.own")
    filters = Filter([parse_rule(rule.encode()) for rule in rules])
    (rsyncd.root / "theirs.tmp").write_text("excluded, so it stays")
    engine = engines(
        source, copy_at(rsyncd.root, rsyncd.endpoint, filters=filters), filters=filters
    )

    def is_excluded(path: bytes) -> bool:
        is_dir = (source / os.fsdecode(path)).is_dir() and not (
            source / os.fsdecode(path)
        ).is_symlink()
        return filters.excludes(path, is_dir=is_dir)  # type: ignore[arg-type]

    def compare() -> None:
        assert (rsyncd.root / "theirs.tmp").read_text() == "excluded, so it stays"
        assert_same_trees(source, rsyncd.root, exclude=is_excluded, times=False)

    kinds = ("create", "append", "replace", "chmod", "mkdir", "make_chain", "utime", "move_in")
    converge(engine, compare, examples=12, made_of=steps(_SPECIAL_NAMES, kinds=kinds))


def test_without_deletion_everything_arrives_and_nothing_goes(
    source: Path, rsyncd: Rsyncd, engines: Engines, converge: Converge
) -> None:
    (rsyncd.root / "extra").mkdir()
    (rsyncd.root / "extra" / "file").write_text("not at the source")
    engine = engines(source, copy_at(rsyncd.root, rsyncd.endpoint, delete=False))
    ever: set[bytes] = set()

    def compare() -> None:
        expected, actual = snapshot(source, times=False), snapshot(rsyncd.root, times=False)
        ever.update(expected)
        assert {path: actual.get(path) for path in expected} == expected
        assert ever <= actual.keys()
        assert (rsyncd.root / "extra" / "file").read_text() == "not at the source"

    # What is replaced by another kind of thing cannot arrive without deleting.
    kinds = ("append", "replace", "rewrite_same_size", "chmod", "move_out", "remove", "truncate")
    made_of = steps((b"x1", b"x2", b"x3", b"x4", b"x5"), kinds=(*kinds, "create_flat"))
    converge(engine, compare, examples=10, made_of=made_of)


def _is_own(path: bytes) -> bool:
    return any(part.endswith(b".own") for part in path.split(b"/"))
