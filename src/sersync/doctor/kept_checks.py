"""What a target keeps of a file, against what is asked of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sersync.doctor.finding import Finding, Subject
from sersync.doctor.target_facts import Kept
from sersync.model.target import Target

_ARCHIVE: Final = frozenset(
    ["--links", "--perms", "--times", "--group", "--owner", "--devices", "--specials"]
)
"""What ``--archive`` stands for, besides ``--recursive`` (rsync(1))."""
_SKEW_S: Final = 2.0
_OWNER_REMEDY: Final = (
    "On an rsync daemon that runs as root set 'uid = 0' and 'gid = 0' for the module; by ssh log"
    " in as root. Where that is not wanted: 'fake super = yes', or rsync_options = '-rlptD'."
)
_MUNGED_REMEDY: Final = (
    "Set 'munge symlinks = no' for the module in its rsyncd.conf (with 'use chroot = no' it is on"
    " by itself), then let everything be compared again."
)
_FAKE_REMEDY: Final = (
    "If this copy is to be used as it stands, and not only restored through rsync, take"
    " 'fake super' out of its rsyncd.conf."
)


def wanted_of(target: Target) -> frozenset[str]:
    """Return which attributes rsync is asked to keep, as its long options."""
    wanted: set[str] = set()
    for option in target.options.passed:
        if option == "--archive":
            wanted |= _ARCHIVE
        elif option.startswith("--no-"):
            wanted.discard("--" + option.removeprefix("--no-"))
        else:
            wanted.add(option)
    return frozenset(wanted)


def check_kept(subject: Subject, target: Target, kept: Kept) -> Iterator[Finding]:
    """Yield a finding for each attribute that can be kept."""
    if kept.left_behind:
        yield subject.warning(
            "removes", f"our test directory .sersync-probe-… could not be removed:"
            f" {kept.left_behind}",
            "Allow deletions there ('refuse options'), or remove it by hand.",
        )  # fmt: skip
    if not kept.readable:
        yield subject.skipped("keeps", "nothing can be read back, so what it keeps is not known")
        return
    wanted = wanted_of(target)
    for name, option, is_kept, remedy in (
        ("permissions", "--perms", kept.mode, "Use a file system there that has them."),
        ("owners", "--owner", kept.owner, _OWNER_REMEDY),
        ("times", "--times", kept.times, "Use a file system there that keeps nanoseconds."),
        ("symlinks", "--links", kept.symlinks, "Use a file system there that has them."),
        ("hard links", "--hard-links", kept.hard_links, "Use a file system there that has them."),
        (
            "xattrs", "--xattrs", kept.xattrs,
            "Use a file system and an rsync there that keep them, or leave out --xattrs.",
        ),
    ):  # fmt: skip
        yield _kept(subject, name, is_kept=is_kept, is_asked=option in wanted, remedy=remedy)
    if kept.names:
        yield subject.ok("keeps names", "also those that are not UTF-8")
    elif kept.names is not None:
        yield subject.failure(
            "keeps names", "a name that is not UTF-8 did not come back",
            "Take 'charset' out of its rsyncd.conf and --iconv out of rsync_options, or use a"
            " file system that takes any bytes.",
        )  # fmt: skip
    yield from _storage(subject, kept)
    yield from _clock(subject, kept)


def _kept(
    subject: Subject, name: str, *, is_kept: bool | None, is_asked: bool, remedy: str
) -> Finding:
    check = f"keeps {name}"
    if is_kept is None:
        return subject.skipped(check, "this cannot be tried from here, as this user")
    if is_kept:
        return subject.ok(check, "yes")
    if not is_asked:
        return subject.ok(check, "no, and rsync_options do not ask for it")
    return subject.warning(check, f"{name} do not stay what they are in the source", remedy)


def _storage(subject: Subject, kept: Kept) -> Iterator[Finding]:
    if kept.link_storage == "munged":
        yield subject.warning(
            "stores symlinks", "munged: on the target each leads to /rsyncd-munged/…, to nowhere",
            _MUNGED_REMEDY,
        )  # fmt: skip
    elif kept.link_storage:
        yield subject.warning(
            "stores symlinks", "by fake super: symlinks, devices and FIFOs stand there as plain"
            " files",
            _FAKE_REMEDY,
        )  # fmt: skip
    elif kept.symlinks:
        yield subject.ok("stores symlinks", "as what they are")


def _clock(subject: Subject, kept: Kept) -> Iterator[Finding]:
    ahead_s = kept.clock_ahead_s
    if ahead_s is None:
        yield subject.skipped("clock", "the target's clock cannot be seen")
    elif abs(ahead_s) <= _SKEW_S:
        yield subject.ok("clock", "agrees with ours")
    else:
        side = "ahead of" if ahead_s > 0 else "behind"
        yield subject.warning(
            "clock", f"{abs(ahead_s):,.0f} s {side} ours; replication does not mind, --update and"
            " comparing logs do",
            "Let a time service run on both hosts.", "timedatectl",
        )  # fmt: skip
