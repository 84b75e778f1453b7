"""A target that is taken as it is, and full passes that leave something alone, with real rsync."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sersync.model.expression import parse_expression
from sersync.model.filters import Filter
from sersync.model.options import RsyncOptions
from sersync.model.rule import Rule
from sersync.model.status import TargetState
from sersync.replication.worker import TargetWorker
from tests.support.engine import Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until


def _worker(engine: object) -> TargetWorker:
    [worker] = engine.daemon.workers()  # type: ignore[attr-defined]
    return worker  # type: ignore[no-any-return]


@pytest.fixture
def copy(rsyncd: Rsyncd) -> Path:
    return rsyncd.root


def test_a_baseline_carries_later_changes_only_and_deletes_nothing_extraneous(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    (source / "before").write_text("was there before the start")
    (source / "d").mkdir()
    (copy / "only-there").write_text("extraneous")
    (copy / "d").mkdir()
    (copy / "d" / "only-there").write_text("extraneous")
    for number in range(20):
        (source / "d" / f"f{number}").write_text("old")
        (copy / "d" / f"f{number}").write_text("old")
    engine = engines(source, copy_at(copy, rsyncd.endpoint, baseline=True))
    engine.wait_for_state(TargetState.IN_SYNC)

    (source / "new").write_text("new")
    for number in range(20):
        (source / "d" / f"f{number}").unlink()
    (source / "e").mkdir()
    (source / "e" / "f").write_text("in a new directory")

    wait_until(lambda: (copy / "new").exists() and (copy / "e" / "f").exists())
    wait_until(lambda: not list((copy / "d").glob("f*")))
    assert (copy / "only-there").exists()
    assert (copy / "d" / "only-there").exists()
    assert not (copy / "before").exists()


def test_a_directory_that_goes_takes_all_that_is_in_its_copy(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    for root in (source, copy):
        (root / "d").mkdir()
        (root / "d" / "f").write_text("old")
    engine = engines(source, copy_at(copy, rsyncd.endpoint, baseline=True))
    engine.wait_for_state(TargetState.IN_SYNC)

    shutil.rmtree(source / "d")

    wait_until(lambda: not (copy / "d").exists())


def test_what_was_lost_from_sight_is_compared_without_deleting_what_is_extraneous(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    (copy / "only-there").write_text("extraneous")
    (source / "before").write_text("was there before the start")
    engine = engines(source, copy_at(copy, rsyncd.endpoint, baseline=True))
    engine.wait_for_state(TargetState.IN_SYNC)

    _worker(engine).root_is_back()

    wait_until((copy / "before").exists)
    wait_until(lambda: engine.status().full_passes == 1)
    assert (copy / "only-there").exists()


def test_a_scheduled_pass_of_a_baseline_does_delete_what_is_extraneous(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    (copy / "only-there").write_text("extraneous")
    engines(source, copy_at(copy, rsyncd.endpoint, baseline=True, full_pass_every_s=0.2))

    wait_until(lambda: not (copy / "only-there").exists(), 30.0)


def test_a_pass_at_the_start_leaves_alone_what_only_passes_exclude(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    (source / "a.php").write_text("not for passes")
    (source / "a.txt").write_text("for passes")
    (copy / "b.php").write_text("not for passes either")
    (copy / "b.txt").write_text("extraneous")
    rules = (Rule(False, b"*.php"),)
    engine = engines(source, copy_at(copy, rsyncd.endpoint, full_pass_rules=rules))
    engine.wait_for_rest()

    assert (copy / "a.txt").exists()
    assert not (copy / "b.txt").exists()
    assert not (copy / "a.php").exists()
    assert (copy / "b.php").exists()

    (source / "c.php").write_text("a change is carried all the same")
    wait_until((copy / "c.php").exists)


def test_a_pass_for_what_was_lost_leaves_nothing_alone(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    (source / "a.php").write_text("changed while nobody looked")
    rules = (Rule(False, b"*.php"),)
    engine = engines(source, copy_at(copy, rsyncd.endpoint, full_pass_rules=rules))
    engine.wait_for_rest()

    _worker(engine).root_is_back()

    wait_until((copy / "a.php").exists)


def test_large_files_in_a_pass_are_carried_and_those_left_alone_are_not(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    (source / "large.txt").write_bytes(bytes(100_000))
    (source / "large.php").write_bytes(bytes(100_000))
    known = copy_at(copy, rsyncd.endpoint, full_pass_rules=(Rule(False, b"*.php"),))
    engine = engines(source, replace(known, target=replace(known.target, large_file_bytes=50_000)))
    engine.wait_for_rest()

    assert (copy / "large.txt").stat().st_size == 100_000
    assert not (copy / "large.php").exists()


def test_a_baseline_with_a_filter_that_rsync_cannot_apply_deletes_nothing_extraneous(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    filters = Filter((), [parse_expression(rb"([a-z]+)/\1")])
    assert not filters.is_exact
    for root in (source, copy):
        (root / "d").mkdir()
        (root / "d" / "f").write_text("old")
    (copy / "d" / "only-there").write_text("extraneous")
    engine = engines(
        source,
        copy_at(copy, rsyncd.endpoint, baseline=True, filters=filters),
        filters=filters,
    )
    engine.wait_for_state(TargetState.IN_SYNC)

    (source / "d" / "f").unlink()
    (source / "d" / "g").write_text("new")
    _worker(engine).root_is_back()

    wait_until(lambda: (copy / "d" / "g").exists() and not (copy / "d" / "f").exists())
    wait_until(lambda: engine.status().full_passes == 1)
    assert (copy / "d" / "only-there").exists()


def test_the_second_start_of_a_baseline_carries_what_changed_while_it_was_down(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path, tmp_path: Path
) -> None:
    for name in ("d", "quiet"):
        (source / name).mkdir()
    (source / "quiet" / "before").write_text("was there before the first start")
    for root in (source, copy):
        (root / "goes").write_text("old")
    (copy / "only-there").write_text("extraneous")
    known = copy_at(copy, rsyncd.endpoint, baseline=True)
    state = tmp_path / "state"
    first = engines(source, known, state_dir=state)
    first.wait_for_rest()
    first.wait_for_rows()
    first.stop()

    (source / "changed").write_text("while it was down")
    (source / "d" / "deep").write_text("while it was down")
    (source / "goes").unlink()
    engine = engines(source, known, state_dir=state)
    engine.wait_for_rest()

    wait_until(lambda: (copy / "changed").exists() and (copy / "d" / "deep").exists())
    wait_until(lambda: not (copy / "goes").exists())
    assert (copy / "only-there").exists()
    assert not (copy / "quiet" / "before").exists()
    assert engine.status().full_passes == 0


def test_a_baseline_whose_state_cannot_be_used_compares_and_still_deletes_nothing_extraneous(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path, tmp_path: Path
) -> None:
    (copy / "only-there").write_text("extraneous")
    known = copy_at(copy, rsyncd.endpoint, baseline=True)
    state = tmp_path / "state"
    engine = engines(source, known, state_dir=state)
    engine.wait_for_rest()
    engine.stop()
    [kept] = state.glob("*.sqlite")
    kept.write_bytes(b"not a state" * 500)
    (source / "changed").write_text("while it was down")

    engine = engines(source, known, state_dir=state)

    wait_until((copy / "changed").exists, 30.0)
    engine.wait_for_rest()
    assert (copy / "only-there").exists()


def test_a_baseline_with_other_options_compares_what_it_kept_before(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    engine = engines(source, copy_at(copy, rsyncd.endpoint, baseline=True), state_dir=state)
    engine.wait_for_rest()
    engine.stop()
    (source / "changed").write_text("while it was down")

    options = RsyncOptions(passed=("--archive", "--compress"))
    engines(source, copy_at(copy, rsyncd.endpoint, baseline=True, options=options), state_dir=state)

    wait_until((copy / "changed").exists, 30.0)


def test_what_a_killed_daemon_tried_its_target_with_is_removed_by_the_next_start(
    engines: Engines, source: Path, rsyncd: Rsyncd, copy: Path
) -> None:
    left_behind = copy / ".sersync-probe-0123456789abcdef"
    left_behind.write_text("sersync probes this target")

    engine = engines(source, copy_at(copy, rsyncd.endpoint, baseline=True))
    engine.wait_for_rest()

    assert [*copy.glob(".sersync-*")] == []
