"""Options keep rsync's meaning: a full pass and plain rsync leave the same target."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from sersync.config.rsync_options import parse_rsync_options
from sersync.model.expression import parse_expression
from sersync.model.filters import Filter
from sersync.model.target import LocalDirectory
from tests.support.engine import SENTINEL, Engines, copy_at
from tests.support.trees import assert_same_trees, wait_until

OLD_NS, NEW_NS = 1_500_000_000 * 10**9, 1_800_000_000 * 10**9

TIMELESS = {"--backup", "--omit-dir-times", "--omit-link-times"}
"""With these, times of directories or symlinks are those of the run."""

OPTIONS = [
    "-a",
    "-rlptgoD",
    "-dlptgoD",
    "-a --no-recursive --dirs",
    "-artuz",
    "-rlt",
    "-rl",
    "-rpt",
    "-rlpt --no-D",
    "-a --no-perms --no-owner",
    "-a --no-times",
    "-ac",
    "-a --checksum --no-times",
    "-au",
    "-aW",
    "-az",
    "-a --bwlimit=50000",
    "-ab",
    "-ab --suffix=.old",
    "-ab --backup-dir=.bak",
    "-aH",
    "-aS",
    "-ax",
    "-a --safe-links",
    "-aL",
    "-rtL",
    "-ak",
    "-a --copy-unsafe-links",
    "-a --copy-unsafe-links --safe-links",
    "-aLH",
    "-aC",
    "-aC --exclude=xyz",
    "-aI",
    "-a --size-only",
    "-a --modify-window=3600",
    "-a -T .",
    "-a --existing",
    "-a --ignore-existing",
    "-a --partial",
    "-a --inplace",
    "-a --chmod=Dg+s,Fo-r",
    "-a --exclude=*.o",
    "-a --include=keep.o --exclude=*.o",
    "-a --max-size=1000",
    "-a --min-size=1000",
    "-a --numeric-ids",
    "-aq --timeout=300 --max-delete=1000 -B 700",
    "-a --exclude-from=@rules",
    "-a --include=keep.o --exclude-from=@rules --include-from=@rules",
    "-aO",
    "-aJ",
    "-aE",
    "-aA",
    "-aX",
    "-ay",
    "-a --delay-updates",
    "-a --ignore-errors --force",
    "-avP --stats --progress -h",
    "-a --block-size=1024",
    "-a --chown=root:root" if os.geteuid() == 0 else "-a",
    "-a --compare-dest=@other",
    "-a --copy-dest=@other",
    "-a --link-dest=@other",
    "-a --delete-before",
    "-a --delete-after",
    "-a --delete-excluded",
    "-a --delete-excluded --exclude=*.o",
    "-a --delete-excluded --include=keep.o --exclude=*.o --exclude=/d/e/",
    "-aC --delete-excluded",
]


def plant(root: Path, outside: Path) -> None:
    """Make a tree in which every option matters somewhere."""
    for directory in ("d/e", "empty", ".git"):
        (root / directory).mkdir(parents=True)
    for name, text in {
        "a": "new a",
        "same-size": "1111",
        "newer-there": "ours",
        "d/deep": "x" * 5000,
        "d/e/x.o": "object",
        "keep.o": "object",
        "d/save~": "editor",
        ".git/config": "git",
        "only-here": "y" * 2000,
        "program": "#!/bin/sh",
    }.items():
        (root / name).write_text(text)
        os.utime(root / name, ns=(NEW_NS - 10**12, NEW_NS - 10**12))
    (root / ".cvsignore").write_text("made  kept-out\n")
    (root / "d/.cvsignore").write_text("*.log x* ! *.log")
    (root / "made/deep").mkdir(parents=True)
    for name in ("made/deep/f", "kept-out", "d/a.log", "d/e/a.log", "d/xyz"):
        (root / name).write_text(name)
    (root / "program").chmod(0o755)
    (root / "a").chmod(0o640)
    os.link(root / "d/deep", root / "linked")
    with open(root / "sparse", "wb") as file:
        file.truncate(1 << 20)
    (root / "inside").symlink_to("d/deep")
    (root / "d/unsafe").symlink_to(outside)
    (root / "to-directory").symlink_to("d/e")
    far = outside.with_name("far")
    (far / "below").mkdir(parents=True)
    (far / "below" / "f").write_text("far away")
    (far / "below" / "near").symlink_to("f")
    (root / "d" / "far").symlink_to(far)
    (root / "d" / "up").symlink_to("../../far/below")
    for path in (*far.rglob("*"), far, outside):
        os.utime(path, ns=(OLD_NS, OLD_NS), follow_symlinks=False)
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "fifo")


def settle(root: Path, mtime_ns: int) -> None:
    """Give one time to all in *root* that has none of the test's choice."""
    for path in (*root.rglob("*"), root):
        if path.lstat().st_mtime_ns != NEW_NS - 10**12:
            os.utime(path, ns=(mtime_ns, mtime_ns), follow_symlinks=False)


def plant_target(root: Path) -> None:
    """Make what is there before: older, newer, alike but different, and extraneous."""
    (root / "d").mkdir(parents=True)
    (root / "a").write_text("old")
    os.utime(root / "a", ns=(OLD_NS, OLD_NS))
    (root / "newer-there").write_text("theirs")
    os.utime(root / "newer-there", ns=(NEW_NS, NEW_NS))
    (root / "same-size").write_text("2222")
    mtime_ns = NEW_NS - 10**12
    os.utime(root / "same-size", ns=(mtime_ns, mtime_ns))
    (root / "extraneous").mkdir()
    (root / "extraneous/file").write_text("gone")
    (root / "d/there.o").write_text("excluded, and only there")
    (root / "d/e").mkdir()
    (root / "d/e/old").write_text("in a directory that is excluded, perhaps")
    (root / "program").write_text("#!/bin/sh")
    os.utime(root / "program", ns=(mtime_ns, mtime_ns))
    for path in (*root.rglob("*"), root):
        if path.stat().st_mtime_ns not in (OLD_NS, NEW_NS, mtime_ns):
            os.utime(path, ns=(OLD_NS, OLD_NS))


@pytest.mark.parametrize("options", OPTIONS)
def test_a_full_pass_does_what_plain_rsync_does(
    options: str, source: Path, tmp_path: Path, engines: Engines
) -> None:
    outside, other = tmp_path / "outside", tmp_path / "other"
    outside.write_text("outside")
    plant(source, outside)
    other.mkdir()
    shutil.copy2(source / "only-here", other / "only-here")
    (source / SENTINEL).write_text("1")
    if parse_rsync_options(shlex.split(options), base=()).options.follow.every:
        # With a link that leads nowhere, rsync fails, and deletes nothing.
        (source / "dangling").unlink()
    settle(source, OLD_NS + 10**12)
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for target in (theirs, ours):
        plant_target(target)
    (tmp_path / "rules").write_text("# objects\n*.o\n\n; and editors' files\n*~\n- /d/e/\n")
    given = options.replace("@other", str(other)).replace("@rules", str(tmp_path / "rules"))
    args = shlex.split(given)
    parsed = parse_rsync_options(args, base=(), read_file=lambda file: Path(file).read_bytes())
    assert parsed.mistakes == ()

    # Both compare times to the nanosecond, if times are compared at all.
    exact = (
        ["--modify-window=-1"] if parsed.options.times and not parsed.options.own_compare else []
    )
    result = subprocess.run(
        ["rsync", *args, *exact, "--delete", f"{source}/", f"{theirs}/"],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    copy = copy_at(
        ours,
        LocalDirectory(path=os.fsencode(ours)),
        options=parsed.options,
        filters=Filter([*parsed.rules_before, *parsed.rules]),
    )
    engine = engines(source, copy)
    wait_until(engine.is_at_rest, 30.0, message=lambda: str(engine.status()))
    engine.stop()

    assert_same_trees(
        theirs,
        ours,
        times=parsed.options.times and TIMELESS.isdisjoint(parsed.options.passed),
        hard_links=parsed.options.hard_links,
        ignore_root=True,
    )


def test_delete_excluded_and_a_filter_that_rsync_cannot_apply(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    ours = tmp_path / "ours"
    (ours / "d" / "x").mkdir(parents=True)
    (ours / "d" / "x" / "x").write_text("excluded by an expression: it stays")
    (ours / "d" / "there.o").write_text("excluded by rsync's option: it goes")
    (source / "d").mkdir()
    (source / "d" / "new.o").write_text("is not sent")
    parsed = parse_rsync_options(["-a", "--delete-excluded", "--exclude=*.o"], base=())
    filters = Filter(parsed.rules, [parse_expression(rb"/d/([a-z])/\1")])
    assert not filters.is_exact
    copy = copy_at(
        ours, LocalDirectory(path=os.fsencode(ours)), options=parsed.options, filters=filters
    )

    engines(source, copy, filters=Filter((), filters.expressions)).wait_for_rest()

    assert not (ours / "d" / "there.o").exists()
    assert not (ours / "d" / "new.o").exists()
    assert (ours / "d" / "x" / "x").exists()


def test_delete_excluded_holds_for_single_changes_too(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for name in ("going", "staying", "renamed"):
        (source / name).mkdir()
        (source / name / "file").write_text(name)
    args = ["-a", "--delete-excluded", "--exclude=*.o"]
    parsed = parse_rsync_options(args, base=())
    ours.mkdir()
    copy = copy_at(
        ours,
        LocalDirectory(path=os.fsencode(ours)),
        options=parsed.options,
        filters=Filter(parsed.rules),
    )
    engine = engines(source, copy)
    engine.wait_for_rest()
    for name in ("going", "renamed"):
        (ours / name / "only-there.o").write_text("excluded, and only there")

    shutil.rmtree(source / "going")
    (source / "staying" / "made.o").write_text("is not sent")
    (source / "staying" / "file").rename(source / "staying" / "file.o")
    (source / "renamed").rename(source / "moved")
    engine.wait_for_rest()

    plain = ["rsync", *args, "--modify-window=-1", "--delete", f"{source}/", f"{theirs}/"]
    subprocess.run(plain, check=True, timeout=60)
    assert sorted(os.listdir(ours)) == ["kept", "moved", "sentinel", "staying"]
    assert_same_trees(theirs, ours)


def test_without_recursion_changes_in_the_root_itself_are_carried_and_no_others(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    ours = tmp_path / "ours"
    for root in (source, ours):
        (root / "d" / "e").mkdir(parents=True)
        (root / "d" / "f").write_text("as it is")
    parsed = parse_rsync_options(["-lptgoD", "--dirs"], base=())
    copy = copy_at(
        ours,
        LocalDirectory(path=os.fsencode(ours)),
        options=parsed.options,
        filters=Filter(parsed.rules_before),
    )
    engine = engines(source, copy)
    engine.wait_for_rest()

    (source / "d" / "f").write_text("changed")
    (source / "d" / "new").mkdir()
    (source / "n" / "m").mkdir(parents=True)
    (source / "top").write_text("top")
    engine.wait_for_rest()

    assert (ours / "top").read_text() == "top"
    assert (ours / "d" / "f").read_text() == "as it is"
    assert not (ours / "d" / "new").exists()
    assert (ours / "n").is_dir()
    assert not (ours / "n" / "m").exists()

    shutil.rmtree(source / "d")
    wait_until(lambda: not (ours / "d").exists())


def test_files_that_say_what_is_ignored_are_obeyed_live(
    source: Path, tmp_path: Path, engines: Engines
) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (source / "d" / "made").mkdir(parents=True)
    (source / "d" / ".cvsignore").write_text("*.log made")
    (source / "d" / "made" / "f").write_text("f")
    parsed = parse_rsync_options(["-aC"], base=())
    copy = copy_at(
        ours,
        LocalDirectory(path=os.fsencode(ours)),
        options=parsed.options,
        filters=Filter(parsed.rules),
    )
    engine = engines(source, copy)
    engine.wait_for_rest()

    (source / "d" / "a.log").write_text("ignored")
    (source / "d" / "made" / "g").write_text("ignored")
    (source / "d" / "made" / "deep").mkdir()
    (source / "d" / "seen").write_text("seen")
    engine.wait_for_rest()
    assert sorted(os.listdir(ours / "d")) == [".cvsignore", "seen"]

    (source / "d" / ".cvsignore").write_text("*.tmp")
    wait_until(lambda: (ours / "d" / "made" / "f").exists() and (ours / "d" / "a.log").exists())
    (source / "d" / "made" / "f").write_text("longer than it was")
    wait_until(lambda: (ours / "d" / "made" / "f").read_text() == "longer than it was")
    assert (ours / "d" / "made" / "deep").is_dir()
