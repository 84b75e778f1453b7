"""What the daemon keeps on disk is lost, foreign, or cannot be written; and its clock jumps."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from sersync.selftest.faketime import faked_time, faketime_library, write_remedy
from sersync.selftest.instance import pause_for
from sersync.selftest.row import Broken, Need, Table
from sersync.selftest.rows.down import change_everything
from sersync.selftest.trial import Trial
from sersync.selftest.until import wait_until

MEMORY: Final = Table()
_LATER_S: Final = 3.0
"""A copy of the state is told from the state itself by an age of two seconds."""


@MEMORY.row("state-full", "the disk of the state directory is full, also at a start", Need.MOUNTS)
def state_full(trial: Trial) -> None:
    state = trial.instance.state_dir
    state.mkdir()
    trial.command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", os.fspath(state))
    trial.at_the_end(lambda: trial.command("umount", "-l", os.fspath(state)))
    trial.begin()
    _fill(state / "ballast")
    (trial.source / "d0" / "f0").write_text("while nothing can be written down")
    trial.converge()
    trial.instance.kill()
    change_everything(trial.source)
    trial.start()
    trial.converge()
    (state / "ballast").unlink()
    (trial.source / "after").write_text("there is room again")
    trial.converge()


@MEMORY.row("state-read-only", "the state's file system becomes read-only", Need.MOUNTS)
def state_read_only(trial: Trial) -> None:
    state = trial.instance.state_dir
    state.mkdir()
    place = os.fspath(state)
    trial.command("mount", "-t", "tmpfs", "tmpfs", place)
    trial.at_the_end(lambda: trial.command("umount", "-l", place))
    trial.begin()
    # What is open for writing keeps it from being remounted, so that is covered by what is not.
    trial.command("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place)
    change_everything(trial.source)
    wait_until(lambda: _is_the_same(trial), "all of it is carried")
    trial.command("umount", place)
    trial.converge()
    trial.instance.kill()
    (trial.source / "d0" / "f7").write_text("while it is down")
    trial.start()
    trial.converge()


def _is_the_same(trial: Trial) -> bool:
    """Tell whether all targets are as the source, without asking the daemon."""
    try:
        return not any(map(trial.differences, trial.sites.values()))
    except OSError:  # It changes while it is looked at.
        return False


@MEMORY.row(
    "halt-outlives-kill", "halted before a mass deletion; killed; it stands until confirmed"
)
def halt_outlives_kill(trial: Trial) -> None:
    site = trial.copy_to("copy", max_delete=20)
    trial.plant(directories=8)
    trial.begin()
    for number in range(6):
        shutil.rmtree(trial.source / f"d{number}")
    (trial.source / "new").write_text("is not carried while it is halted")
    trial.wait_for_state("halted")
    before = _entries(site.root)
    strange = len(before - _entries(trial.source))
    _tells(trial, strange)
    trial.restart_after_kill()
    trial.wait_for_state("halted")
    _tells(trial, strange)
    trial.sersync("resume", may_fail=True)
    for _ in range(2):
        pause_for(1.0)
        if trial.target()["state"] != "halted":
            raise Broken("the halt is forgotten")
    if gone := len(before - _entries(site.root)):
        raise Broken(f"{gone} entries are gone")
    trial.sersync("resume", "--confirm")
    trial.converge()


def _entries(root: Path) -> set[Path]:
    return {each.relative_to(root) for each in root.rglob("*")}


def _tells(trial: Trial, strange: int) -> None:
    """Wait until a person is told that so many entries are to be deleted."""

    def is_told() -> bool:
        reason = trial.target().get("reason") or {"message": ""}
        return str(reason["message"]).startswith(f"{strange} entries are to be deleted")

    wait_until(is_told, lambda: f"it tells {strange}: {trial.target().get('reason')}")


@MEMORY.row("pause-outlives-kill", "paused; killed; it is paused until it is resumed")
def pause_outlives_kill(trial: Trial) -> None:
    site = trial.serve()
    trial.begin()
    trial.sersync("pause")
    trial.restart_after_kill()
    change_everything(trial.source)
    (trial.source / "later").write_text("is not carried while it is paused")
    for _ in range(2):
        pause_for(1.0)
        if trial.target().get("state") != "paused":
            raise Broken("the pause is forgotten")
    if (site.root / "later").exists():
        raise Broken("it was carried during the pause")
    trial.sersync("resume")
    trial.converge()


@MEMORY.row("state-truncated", "the state was cut short while the daemon was down")
def state_truncated(trial: Trial) -> None:
    trial.begin()
    trial.instance.stop()
    for file in _files_of(trial.instance.state_dir):
        os.truncate(file, file.stat().st_size // 2)
    change_everything(trial.source, puts_back=False)
    trial.start()
    trial.converge()


@MEMORY.row("state-garbage", "the state holds random bytes")
def state_garbage(trial: Trial) -> None:
    trial.begin()
    trial.instance.kill()
    for file in _files_of(trial.instance.state_dir):
        file.write_bytes(trial.chance.randbytes(max(100, file.stat().st_size)))
    change_everything(trial.source, puts_back=False)
    trial.start()
    trial.converge()


@MEMORY.row("state-foreign", "the state is that of another directory of the same name")
def state_foreign(trial: Trial) -> None:
    site = trial.serve(max_delete=1000)
    trial.plant(directories=15)
    trial.begin()
    trial.instance.stop()
    trial.source.rename(trial.top / "the-former")
    trial.source.mkdir()
    trial.plant(directories=3, files=7)
    change_everything_of_three(trial.source)
    before = _entries(site.root)
    trial.start()
    # Who goes by the state of the former one takes the target for the right one.
    trial.wait_for_state("halted")
    if gone := len(before - _entries(site.root)):
        raise Broken(f"{gone} entries are gone")
    trial.sersync("resume", "--confirm")
    trial.converge()


@MEMORY.row("state-older", "the state is put back from a copy that is older than the targets")
def state_older(trial: Trial) -> None:
    trial.plant()
    (trial.source / "d0" / "deep" / "deeper").mkdir(parents=True)
    (trial.source / "d0" / "deep" / "deeper" / "file").write_text("moves with its directory")
    trial.begin(is_remembered=True)
    trial.instance.stop()
    copy = trial.top / "copy-of-the-state"
    trial.command("cp", "-a", os.fspath(trial.instance.state_dir), os.fspath(copy))
    trial.start()
    (trial.source / "d0").rename(trial.source / "away")
    (trial.source / "d1" / "f0").write_text("later than the copy")
    trial.converge()
    pause_for(_LATER_S)
    trial.instance.kill()
    shutil.rmtree(trial.instance.state_dir)
    copy.rename(trial.instance.state_dir)
    for file in _files_of(trial.instance.state_dir):
        file.chmod(0o600)
    (trial.source / "away").rename(trial.source / "d0")
    trial.start()
    trial.converge()


@MEMORY.row("state-gone", "the state directory was removed while the daemon was down")
def state_gone(trial: Trial) -> None:
    trial.begin()
    trial.instance.kill()
    shutil.rmtree(trial.instance.state_dir)
    change_everything(trial.source, puts_back=False)
    trial.start()
    trial.converge()


@MEMORY.row("clock-jumps", "the wall clock is set forward, back, and back over a restart",
    Need.FAKETIME)  # fmt: skip
def clock_jumps(trial: Trial) -> None:
    library = faketime_library()
    if library is None:
        raise Broken("libfaketime has gone")
    control = trial.top / "clock"
    control.write_text("+0\n")
    trial.instance.environ = faked_time(library, control)
    trial.instance.modules = trial.top / "modules"
    write_remedy(trial.instance.modules)
    trial.begin()
    for number, offset in enumerate(("+3h", "-2d", "+400d", "-1h")):
        control.write_text(f"{offset}\n")
        (trial.source / f"d{number}" / "f0").write_text(f"changed at {offset}")
        (trial.source / f"d{number}" / "f1").unlink()
        trial.converge()
    control.write_text("-3d\n")
    trial.instance.kill()
    (trial.source / "d0" / "f3").write_text("changed before a start three days ago")
    trial.start()
    trial.converge()


def change_everything_of_three(root: Path) -> None:
    """Let a smaller tree differ in all that can."""
    (root / "d0" / "f0").write_text("another tree")
    (root / "d1").chmod(0o700)
    (root / "only-here").write_text("another tree")


def _files_of(state: Path) -> list[Path]:
    """Return the files that the state consists of: not the lock, not the sockets."""
    return [
        path
        for path in sorted(state.rglob("*"))
        if path.is_file() and not path.is_socket() and path.suffix != ".lock"
    ]


def _fill(file: Path) -> None:
    """Write until there is no room left."""
    with file.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"\0" * 4096)
        except OSError:
            return
