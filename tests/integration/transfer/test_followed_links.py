"""Symlinks that are followed: what they lead to is carried, and kept current, with real rsync."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sersync.config.rsync_options import parse_rsync_options
from sersync.model.follow import leads_outside
from sersync.model.path import ROOT, RelPath
from sersync.model.status import TargetState
from sersync.model.target import LocalDirectory
from tests.support.engine import Copy, Engine, Engines, copy_at
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until

EVERY, OUTSIDE, DIRECTORIES = "--copy-links", "--copy-unsafe-links", "--copy-dirlinks"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A tree beside the source."""
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    (outside / "f").write_text("f")
    (outside / "sub" / "g").write_text("g")
    return outside


@pytest.fixture
def linked(source: Path, outside: Path) -> Path:
    """A source with links that lead into it and out of it."""
    (source / "d").mkdir()
    (source / "d" / "inner").write_text("inner")
    (source / "out").symlink_to(outside)
    (source / "d" / "file").symlink_to(outside / "f")
    (source / "in").symlink_to("d")
    return source


def copy_with(option: str, rsyncd: Rsyncd, **settings: Any) -> Copy:
    options = parse_rsync_options(["-a", option], base=()).options
    return copy_at(rsyncd.root, rsyncd.endpoint, options=options, **settings)


def is_like_plain_rsync(option: str, source: Path, copy: Path) -> bool:
    """Tell whether plain rsync with that option would change nothing."""
    dry = subprocess.run(
        ["rsync", "-nia", option, "--delete", f"{source}/", f"{copy}/"],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        timeout=60,
    )
    return dry.returncode == 0 and dry.stdout == b""


def follow(engines: Engines, option: str, source: Path, rsyncd: Rsyncd) -> Engine:
    engine = engines(source, copy_with(option, rsyncd), poll_every_s=0.2)
    engine.wait_for_rest()
    wait_until(lambda: is_like_plain_rsync(option, source, rsyncd.root), 20)
    return engine


@pytest.mark.parametrize("option", [EVERY, OUTSIDE, DIRECTORIES])
def test_what_changes_behind_links_arrives(
    option: str, engines: Engines, linked: Path, outside: Path, rsyncd: Rsyncd
) -> None:
    follow(engines, option, linked, rsyncd)

    def arrives() -> None:
        wait_until(lambda: is_like_plain_rsync(option, linked, rsyncd.root), 20)

    (outside / "f").write_text("edited")
    arrives()
    (outside / "sub" / "new").write_text("new")
    (outside / "tree" / "deep").mkdir(parents=True)
    (outside / "tree" / "deep" / "h").write_text("h")
    arrives()
    (linked / "d" / "inner").write_text("edited in the source itself")
    (linked / "d" / "more").mkdir()
    (linked / "d" / "more" / "f").write_text("f")
    arrives()
    shutil.rmtree(outside / "sub")
    (linked / "d" / "inner").unlink()
    arrives()
    assert (rsyncd.root / "out" / "f").read_text() == "edited"


@pytest.mark.parametrize("option", [EVERY, OUTSIDE, DIRECTORIES])
def test_links_that_come_go_and_are_turned_elsewhere(
    option: str, engines: Engines, linked: Path, outside: Path, rsyncd: Rsyncd, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "only in the other one").write_text("x")
    follow(engines, option, linked, rsyncd)

    def arrives() -> None:
        wait_until(lambda: is_like_plain_rsync(option, linked, rsyncd.root), 20)

    (linked / "turning").symlink_to(other)
    (linked / "turning").rename(linked / "out")
    arrives()
    (other / "later").write_text("behind the new end of the link")
    arrives()
    (linked / "new").mkdir()
    (linked / "new" / "link").symlink_to(outside / "sub")
    arrives()
    (outside / "sub" / "g").write_text("edited")
    arrives()
    (linked / "out").unlink()
    arrives()
    (linked / "out").symlink_to(other / "later")
    arrives()
    (linked / "in").unlink()
    (linked / "in").mkdir()
    (linked / "in" / "own").write_text("no link any more")
    arrives()


def test_what_a_link_leads_to_in_the_source_is_carried_by_both_names_at_once(
    engines: Engines, linked: Path, rsyncd: Rsyncd
) -> None:
    engine = engines(linked, copy_with(EVERY, rsyncd), poll_every_s=3600.0)
    engine.wait_for_rest()
    wait_until((rsyncd.root / "in" / "inner").exists)

    (linked / "d" / "inner").write_text("edited")

    # Which of the two is carried first is not promised.
    copies = [rsyncd.root / name / "inner" for name in ("in", "d")]
    wait_until(lambda: [copy.read_text() for copy in copies] == ["edited", "edited"])


def test_what_changed_behind_a_link_while_the_daemon_was_down_arrives(
    engines: Engines, linked: Path, outside: Path, rsyncd: Rsyncd, tmp_path: Path
) -> None:
    copy, state = copy_with(EVERY, rsyncd), tmp_path / "state"
    engine = engines(linked, copy, state_dir=state)
    engine.wait_for_rest()
    engine.wait_for_rows()
    engine.stop()
    (outside / "sub" / "g").write_text("while it was down")
    (outside / "f").unlink()
    (linked / "d" / "file").unlink()

    engines(linked, copy, state_dir=state)

    wait_until(lambda: is_like_plain_rsync(EVERY, linked, rsyncd.root), 20)


def test_where_a_link_leads_nowhere_the_copy_stays_and_all_else_is_carried(
    engines: Engines, linked: Path, outside: Path, rsyncd: Rsyncd
) -> None:
    engine = follow(engines, EVERY, linked, rsyncd)
    (rsyncd.root / "extraneous").write_text("x")

    outside.rename(outside.with_name("away"))
    (linked / "d" / "inner").write_text("edited")
    [worker] = engine.daemon.workers()
    worker.resync(ROOT)

    wait_until(lambda: not (rsyncd.root / "extraneous").exists(), 20)
    wait_until(lambda: (rsyncd.root / "d" / "inner").read_text() == "edited")
    engine.wait_for_rest()
    assert (rsyncd.root / "out" / "sub" / "g").read_text() == "g"
    assert (rsyncd.root / "d" / "file").read_text() == "f"
    wait_until(lambda: any("lead nowhere" in note for note in notes(engine)))
    # What changed within two seconds is told of at each look, so there may be a run now and then.
    engine.wait_for_state(TargetState.IN_SYNC)

    outside.with_name("away").rename(outside)
    (outside / "f").write_text("it is back")
    wait_until(lambda: (rsyncd.root / "d" / "file").read_text() == "it is back")
    wait_until(lambda: notes(engine) == ())


def notes(engine: Engine) -> tuple[str, ...]:
    [source] = engine.daemon.status().sources
    return source.notes


def test_a_link_to_a_directory_above_itself_has_an_end(
    engines: Engines, linked: Path, rsyncd: Rsyncd
) -> None:
    (linked / "d" / "loop").symlink_to("..")
    (linked / "self").symlink_to("self")
    engine = engines(linked, copy_with(EVERY, rsyncd), poll_every_s=0.2)
    engine.wait_for_rest()

    (linked / "d" / "inner").write_text("edited")

    wait_until(lambda: (rsyncd.root / "in" / "inner").read_text() == "edited")
    assert not (rsyncd.root / "d" / "loop" / "d" / "loop").exists()


def test_a_target_that_follows_and_one_that_does_not_have_one_source(
    engines: Engines, linked: Path, outside: Path, rsyncd: Rsyncd, tmp_path: Path
) -> None:
    plain = copy_at(
        tmp_path / "plain", LocalDirectory(path=os.fsencode(tmp_path / "plain")), name="plain"
    )
    plain.path.mkdir()
    engine = engines(linked, copy_with(EVERY, rsyncd), plain, poll_every_s=0.2)
    engine.wait_for_rest()

    (outside / "f").write_text("edited")

    wait_until(lambda: (rsyncd.root / "out" / "f").read_text() == "edited")
    engine.wait_for_rest()
    wait_until(lambda: is_like_plain_rsync("--links", linked, plain.path))


TEXTS = (
    "f", "./f", "../f", "../../f", "../../../f", "..", "../..", "../../..", ".", "a/../f", "a/..",
    "../a/../f", "/etc/passwd", "a//b", ".//../f", "../../a/b", "../a/..", "...", "..a", "a..",
    "../",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_rsync_agrees_on_which_links_lead_out_of_the_tree(text: str, tmp_path: Path) -> None:
    for name in ("l", "d/l", "d/e/l"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).symlink_to(text)
    subprocess.run(
        ["rsync", "-a", "--safe-links", f"{tmp_path}/source/", f"{tmp_path}/copy/"],
        check=True,
        capture_output=True,
    )

    for name in ("l", "d/l", "d/e/l"):
        is_there = os.path.lexists(tmp_path / "copy" / name)
        assert leads_outside(RelPath(name.encode()), text.encode()) is not is_there
