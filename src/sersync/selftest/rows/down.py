"""What changes while the daemon is down, and nobody tells of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from sersync.selftest.row import Table
from sersync.selftest.trial import Trial

DOWN: Final = Table()


def change_everything(root: Path, *, puts_back: bool = True) -> None:
    """Make one change of each kind to a planted tree.

    *puts_back*: one is a rewrite of the same size whose time is put back. Nobody finds that who has
    forgotten when he last looked, or whose target is not the one that was looked after.
    """
    (root / "d0" / "f0").write_text("edited, and longer than it was before " * 20)
    same = root / "d0" / "f1"
    same.write_bytes(bytes(255 - byte for byte in same.read_bytes()))
    if puts_back:
        _put_back(root / "d1" / "f8")
    (root / "d0" / "f3").rename(root / "d1" / "moved")
    (root / "d2").rename(root / "d1" / "moved-directory")
    (root / "d0" / "f4").unlink()
    shutil.rmtree(root / "d3")
    (root / "d0" / "f5").chmod(0o600)
    (root / "d1").chmod(0o711)
    (root / "d0" / "f6").unlink()
    (root / "d0" / "f6").mkdir()
    (root / "d0" / "f6" / "below").write_text("a file became a directory")
    shutil.rmtree(root / "d1" / "moved-directory")
    (root / "d1" / "moved-directory").write_text("a directory became a file")
    (root / "link").unlink()
    (root / "link").symlink_to("elsewhere")
    (root / "new" / "deep").mkdir(parents=True)
    (root / "new" / "deep" / "file").write_text("new")


def _put_back(file: Path) -> None:
    times = file.stat()
    file.write_bytes(bytes(255 - byte for byte in file.read_bytes()))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


@DOWN.row("down-after-kill", "one change of each kind, made after a kill -9, is found at the start")
def down_after_kill(trial: Trial) -> None:
    trial.begin(is_remembered=True)
    trial.instance.kill()
    change_everything(trial.source)
    trial.start()
    trial.converge()


@DOWN.row("down-after-stop", "one change of each kind, made after a clean stop, is found")
def down_after_stop(trial: Trial) -> None:
    trial.begin(is_remembered=True)
    trial.instance.stop()
    change_everything(trial.source)
    trial.start()
    trial.converge()


@DOWN.row("down-with-target-behind", "changes before and after a stop reach a target that was away")
def down_with_target_behind(trial: Trial) -> None:
    trial.plant(directories=5)  # Nothing changes in the last one while the daemon is down.
    # Through a connection that stood ready and was lost, nobody knows what was carried, so that is
    # carried again for that reason alone.
    site = trial.serve(spares=0)
    trial.begin(is_remembered=True)
    site.down()
    (trial.source / "d4" / "f7").write_text("a run had it, and came back with it")
    (trial.source / "d4" / "f8").unlink()
    trial.wait_for_state("backing-off")
    (trial.source / "d4" / "f9").write_text("no run has had it: the target cannot be reached")
    trial.wait_for_memory()
    trial.instance.kill()
    change_everything(trial.source)
    site.up()
    trial.start()
    trial.converge()


@DOWN.row("down-rename-back", "a rename that was carried, and is taken back while nobody looks")
def down_rename_back(trial: Trial) -> None:
    trial.plant()
    deep = trial.source / "d0" / "deep" / "deeper"
    deep.mkdir(parents=True)
    (deep / "file").write_text("moves with its directory, which alone shows that")
    trial.begin(is_remembered=True)
    # After a stop in order nothing but what was noted of the move itself tells of it.
    for end in (trial.instance.kill, trial.instance.stop):
        (trial.source / "d0").rename(trial.source / "c")
        (trial.source / "d1" / "f0").rename(trial.source / "d1" / "g0")
        trial.converge()
        end()
        (trial.source / "c").rename(trial.source / "d0")
        (trial.source / "d1" / "g0").rename(trial.source / "d1" / "f0")
        trial.start()
        trial.converge()
        trial.wait_for_memory()
