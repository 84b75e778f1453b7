"""Sources that vanish, are emptied, swapped, closed, or change faster than anybody can listen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from sersync.linux.limits import Limit, read_limit
from sersync.linux.service import Service
from sersync.selftest.instance import pause_for
from sersync.selftest.row import Broken, Need, Table
from sersync.selftest.rows.down import change_everything
from sersync.selftest.site import Site
from sersync.selftest.trial import Trial
from sersync.selftest.until import wait_until
from sersync.watch.queue import EVENTS_WANTED

SOURCES: Final = Table()
_OVERFLOWING_FILES: Final = 40_000
_FEW_WATCHES: Final = 12
_TWO_LOOKS_S: Final = 2.5
"""The root and the mounts are looked at every second."""
_NOT_ALMIGHTY: Final = (
    *("setpriv", "--bounding-set", "-dac_override,-dac_read_search"),
    *("--inh-caps", "-dac_override,-dac_read_search", "--"),
)
"""Root that is stopped by permissions like everybody else (capabilities(7))."""


@SOURCES.row("overflow", "40,000 files while nobody reads events: the kernel's queue overflows")
def overflow(trial: Trial) -> None:
    trial.begin()
    trial.hold()
    _fill_queue(trial.source)
    for number in range(100):
        directory = trial.source / f"o{number}"
        directory.mkdir()
        for each in range(_OVERFLOWING_FILES // 100):
            os.close(os.open(directory / f"f{each}", os.O_CREAT | os.O_WRONLY, 0o644))
    change_everything(trial.source)
    trial.release()
    trial.converge(within_s=120.0)
    if "overflow" not in trial.instance.log:
        raise Broken("the queue did not overflow; nothing was tried")


@SOURCES.row("watch-limit", "no watches are left half-way through", Need.ROOT, is_long=True)
def watch_limit(trial: Trial) -> None:
    room = Service(("unshare", "--user", "--map-root-user", "sleep", "600"))
    room.start()
    trial.at_the_end(room.stop)
    inside = ("nsenter", "-t", str(room.pid), "--user", "--preserve-credentials", "--")
    limit = Path("/proc/sys/user/max_inotify_watches")
    wait_until(lambda: _is_other_user_namespace(room.pid), "the room has users of its own")
    script = f"open({os.fspath(limit)!r}, 'w').write('{_FEW_WATCHES}')"
    trial.command(*inside, "python3", "-c", script)
    trial.instance.prefix = inside
    trial.plant(directories=8)
    trial.begin()
    for number in range(12):
        (trial.source / f"more{number}").mkdir()
        (trial.source / f"more{number}" / "file").write_text("in a directory without a watch")
    trial.converge()
    for number in range(12):
        (trial.source / f"more{number}" / "file").write_text("changed, and nobody is told of it")
    trial.converge(within_s=150.0, patience_s=100.0)


@SOURCES.row("unreadable", "a file and a directory that cannot be read, then can")
def unreadable(trial: Trial) -> None:
    trial.instance.prefix = _NOT_ALMIGHTY if os.geteuid() == 0 else ()
    trial.begin()
    (trial.source / "d0" / "f0").chmod(0)
    (trial.source / "d0" / "f0").chmod(0o200)
    (trial.source / "d0" / "f0").write_text("nobody may read this")
    (trial.source / "d0" / "f0").chmod(0)
    (trial.source / "d1" / "f1").write_text("anybody may read this")
    (trial.source / "d2" / "f2").write_text("in a directory that is closed at once")
    (trial.source / "d2").chmod(0)
    site = trial.sites["copy"]
    readable = trial.source / "d1" / "f1"
    wait_until(
        lambda: (site.root / "d1" / "f1").read_bytes() == readable.read_bytes(),
        "what can be read is carried",
    )
    wait_until(lambda: bool(trial.target().get("problems")), "it says what cannot be read")
    if not (site.root / "d2" / "f3").exists():
        raise Broken("what cannot be read was deleted on the target")
    (trial.source / "d2").chmod(0o755)
    (trial.source / "d0" / "f0").chmod(0o644)
    trial.converge()


@SOURCES.row("root-emptied", "the source is emptied, and filled again")
def root_emptied(trial: Trial) -> None:
    trial.begin()
    aside = trial.top / "aside"
    aside.mkdir()
    trial.hold()  # So that it is seen as a whole: nothing of it may be carried.
    for entry in list(trial.source.iterdir()):
        entry.rename(aside / entry.name)
    trial.release()
    trial.wait_for_state("halted")
    pause_for(_TWO_LOOKS_S)
    trial.must_be_untouched(_copy(trial))
    for entry in list(aside.iterdir()):
        entry.rename(trial.source / entry.name)
    trial.converge()


@SOURCES.row("root-renamed", "the source is renamed, changed, and comes back")
def root_renamed(trial: Trial) -> None:
    trial.begin()
    _renamed(trial, trial.source)


@SOURCES.row("parent-renamed", "a directory above the source is renamed, and comes back")
def parent_renamed(trial: Trial) -> None:
    trial.source = trial.top / "above" / "source"
    trial.source.mkdir(parents=True)
    trial.begin()
    _renamed(trial, trial.source.parent)


@SOURCES.row("root-replaced", "another directory in its place; killed; it halts until confirmed")
def root_replaced(trial: Trial) -> None:
    trial.begin()
    away = trial.top / "away"
    trial.source.rename(away)
    trial.source.mkdir()
    (trial.source / "another").write_text("of another directory")
    wait_until(
        lambda: "another directory" in _told(trial), "it says that this is another directory"
    )
    trial.restart_after_kill()
    trial.wait_for_state("halted")
    pause_for(_TWO_LOOKS_S)
    trial.sersync("resume", may_fail=True)
    pause_for(_TWO_LOOKS_S)
    trial.must_be_untouched(_copy(trial))
    trial.sersync("resume", "--confirm")
    trial.converge()


def _told(trial: Trial) -> str:
    return str((trial.target().get("reason") or {}).get("message", ""))


@SOURCES.row("symlink-retargeted", "a source that is a symlink leads elsewhere, and it halts")
def symlink_retargeted(trial: Trial) -> None:
    old, new = _retargeted(trial)
    trial.wait_for_state("halted")
    trial.source = old
    trial.must_be_untouched(_copy(trial))
    trial.source = new
    trial.instance.stop()
    trial.start()
    trial.converge()


@SOURCES.row("symlink-followed", "a source that is a symlink leads elsewhere, and is followed")
def symlink_followed(trial: Trial) -> None:
    trial.source_settings["root_symlink"] = "follow"
    _, new = _retargeted(trial)
    trial.converge()
    (new / "d0" / "f1").write_text("changed at the new place")
    trial.converge()
    trial.restart_after_kill()
    (new / "d0" / "f2").write_text("changed after a restart there")
    trial.converge()


def _retargeted(trial: Trial) -> tuple[Path, Path]:
    """Begin with a symlink as the source, then let it lead elsewhere; return both places."""
    releases = [trial.top / "release-1", trial.top / "release-2"]
    for release in releases:
        release.mkdir()
        trial.plant(root=release)
    (releases[1] / "d0" / "f0").write_text("of the second release")
    link = trial.top / "current"
    link.symlink_to("release-1")
    trial.source_settings["root"] = os.fspath(link)
    trial.source = releases[0]
    trial.begin()
    (trial.top / "new").symlink_to("release-2")
    (trial.top / "new").rename(link)
    trial.source = releases[1]
    return releases[0], releases[1]


@SOURCES.row("root-unmounted", "the source is unmounted, and mounted again", Need.MOUNTS)
def root_unmounted(trial: Trial) -> None:
    disk = _mounted_source(trial)
    trial.begin()
    trial.command("umount", "-l", os.fspath(trial.source))
    trial.wait_for_state("halted")
    trial.must_be_untouched(_copy(trial))
    (disk / "d0" / "f0").write_text("changed while it was unmounted")
    _mount(trial, disk, trial.source)
    trial.converge()


@SOURCES.row("root-unmounted-paused", "pause, a plain umount, mount, resume", Need.MOUNTS)
def root_unmounted_paused(trial: Trial) -> None:
    disk = _mounted_source(trial)
    trial.begin()
    trial.sersync("pause")
    trial.command("umount", os.fspath(trial.source))
    pause_for(_TWO_LOOKS_S)
    trial.must_be_untouched(_copy(trial))
    change_everything(disk)
    _mount(trial, disk, trial.source)
    trial.sersync("resume", may_fail=True)
    trial.converge()


@SOURCES.row("mount-gone", "a file system below it is unmounted, and comes back", Need.MOUNTS)
def mount_gone(trial: Trial) -> None:
    disk = _disk_below(trial)
    trial.begin()
    trial.command("umount", "-l", os.fspath(trial.source / "vol"))
    _is_compared_without(trial, b"vol")
    (disk / "file").write_text("changed while it was away")
    _mount(trial, disk, trial.source / "vol")
    trial.converge()


@SOURCES.row("mount-missing", "a file system below the source is not yet mounted at the start",
    Need.MOUNTS)  # fmt: skip
def mount_missing(trial: Trial) -> None:
    disk = _disk_below(trial)
    trial.begin()
    trial.instance.stop()
    trial.command("umount", "-l", os.fspath(trial.source / "vol"))
    trial.start()
    _is_compared_without(trial, b"vol")
    _mount(trial, disk, trial.source / "vol")
    trial.converge()


def _is_compared_without(trial: Trial, volume: bytes) -> None:
    """Have everything compared while *volume* is not there; raise if that is carried."""
    pause_for(_TWO_LOOKS_S)
    (trial.source / "beside").write_text("changed beside what is not mounted")
    trial.sersync("resync")
    copy = _copy(trial)
    wait_until((copy.root / "beside").exists, "what is beside it is carried")
    wait_until(lambda: trial.is_at_rest(copy.name), "everything is compared")
    trial.must_be_untouched(copy, volume)


@SOURCES.row("reload-excludes", "a path is pending when a reload excludes it")
def reload_excludes(trial: Trial) -> None:
    site = trial.serve()
    trial.begin()
    (site.root / "theirs.tmp").write_text("only the target has it, and it is excluded")
    site.exclude = lambda path: path.endswith(b".tmp")
    site.down()
    (trial.source / "mine.tmp").write_text("excluded before it could leave")
    (trial.source / "d0" / "f0").write_text("not excluded")
    trial.wait_for_state("backing-off")
    trial.source_settings["exclude"] = ["*.tmp"]
    trial.reload()
    site.up()
    trial.converge()
    if (site.root / "mine.tmp").exists():
        raise Broken("what was excluded was sent")
    if not (site.root / "theirs.tmp").exists():
        raise Broken("what is excluded was deleted on the target")


def _renamed(trial: Trial, directory: Path) -> None:
    away = directory.with_name("away")
    directory.rename(away)
    trial.wait_for_state("halted")
    trial.must_be_untouched(_copy(trial))
    away.rename(directory)
    change_everything(trial.source)
    trial.converge()


def _copy(trial: Trial) -> Site:
    return trial.sites["copy"]


def _mounted_source(trial: Trial) -> Path:
    """Let the source be a mount of another directory, which is returned."""
    disk = trial.top / "disk"
    disk.mkdir()
    trial.plant(root=disk)
    _mount(trial, disk, trial.source)
    trial.at_the_end(lambda: trial.command_may_fail("umount", "-l", os.fspath(trial.source)))
    return disk


def _disk_below(trial: Trial) -> Path:
    """Mount a file system at ``vol`` in the source; return another way to it."""
    disk = trial.top / "disk"
    disk.mkdir()
    trial.command("mount", "-t", "tmpfs", "tmpfs", os.fspath(disk))
    trial.at_the_end(lambda: trial.command("umount", "-l", os.fspath(disk)))
    (disk / "file").write_text("on a file system of its own")
    (disk / "d").mkdir()
    (disk / "d" / "deep").write_text("on a file system of its own")
    trial.plant()
    (trial.source / "vol").mkdir()
    _mount(trial, disk, trial.source / "vol")
    trial.at_the_end(
        lambda: trial.command_may_fail("umount", "-l", os.fspath(trial.source / "vol"))
    )
    return disk


def _mount(trial: Trial, disk: Path, at: Path) -> None:
    trial.command("mount", "--bind", os.fspath(disk), os.fspath(at))


def _is_other_user_namespace(pid: int | None) -> bool:
    return os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user")


def _fill_queue(root: Path) -> None:
    """Cause more events than the queue holds; no two equal ones in a row, or they are merged."""
    with (root / "d0" / "f0").open("wb") as one, (root / "d0" / "f1").open("wb") as other:
        ends = one.fileno(), other.fileno()
        # It may have been opened when the limit was another one.
        length = max(read_limit(Limit.QUEUED_EVENTS), EVENTS_WANTED)
        for _ in range(length // 2 + 10):
            os.pwrite(ends[0], b"x", 0)
            os.pwrite(ends[1], b"x", 0)
    shutil.copy2(root / "kept", root / "kept-too")
