"""The daemon is killed, at every moment that is worth it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from sersync.selftest.instance import signal_all
from sersync.selftest.row import Broken, Table
from sersync.selftest.trial import Trial
from sersync.selftest.until import wait_until
from sersync.selftest.writer import Writer

KILLS: Final = Table()
_LARGE_BYTES: Final = 12 << 20


@KILLS.row("kill-idle", "killed with events unread: what nobody has read is found at the start")
def kill_idle(trial: Trial) -> None:
    trial.begin(is_remembered=True)
    trial.hold()
    (trial.source / "d0" / "f0").write_text("changed, but the daemon sleeps")
    (trial.source / "d1" / "f1").unlink()
    (trial.source / "new").mkdir()
    (trial.source / "new" / "file").write_text("new")
    trial.restart_after_kill()
    trial.converge()


@KILLS.row("kill-burst", "killed in the middle of a burst")
def kill_burst(trial: Trial) -> None:
    trial.begin(is_remembered=True)
    with Writer(trial.source).at_work() as writer:
        writer.wait_for(300)
        trial.instance.kill()
        writer.wait_for(600)
        trial.start()
        writer.wait_for(900)
    trial.converge()


@KILLS.row("kill-transfer", "killed in the middle of a large file")
def kill_transfer(trial: Trial) -> None:
    site = trial.serve(bandwidth="8MiB/s")
    trial.begin(is_remembered=True)
    (trial.source / "large").write_bytes(trial.chance.randbytes(_LARGE_BYTES))
    wait_until(lambda: site.is_receiving("large"), "the large file is on its way")
    trial.restart_after_kill()
    trial.converge()


@KILLS.row("kill-checkpoint", "killed again and again while what is pending is written down")
def kill_checkpoint(trial: Trial) -> None:
    trial.settings["checkpoint_every"] = "1s"
    trial.begin()
    with Writer(trial.source, per_s=200.0).at_work() as writer:
        for _ in range(5):
            before = _written(trial)
            writer.wait_for(writer.written + trial.chance.randint(20, 120))
            wait_until(partial(_has_written_since, trial, before), "it is written down")
            trial.instance.kill()
            (trial.source / "d0").rename(trial.source / "away")
            (trial.source / "away").rename(trial.source / "d0")
            trial.start()
    trial.converge()


def _has_written_since(trial: Trial, before: tuple[int, ...]) -> bool:
    return _written(trial) != before


def _written(trial: Trial) -> tuple[int, ...]:
    """Return what changes as soon as something is written into the state."""
    found = []
    for file in sorted(trial.instance.state_dir.glob("*.sqlite*")):
        with suppress(FileNotFoundError):
            status = file.stat()
            found += [status.st_size, status.st_mtime_ns]
    return tuple(found)


@KILLS.row("kill-first-pass", "killed during the first full pass")
def kill_first_pass(trial: Trial) -> None:
    trial.plant(directories=60, files=50)
    site = trial.serve()
    trial.start()
    wait_until((site.root / "d1").exists, "the first directories are there")
    trial.restart_after_kill()
    trial.converge()


@KILLS.row("kill-twice", "killed, started, and killed as soon as it lives")
def kill_twice(trial: Trial) -> None:
    trial.begin(is_remembered=True)
    (trial.source / "d0" / "f0").write_text("before the first")
    trial.instance.kill()
    (trial.source / "d0" / "f1").write_text("between the two")
    trial.start()
    trial.instance.kill()
    (trial.source / "d0" / "f2").rename(trial.source / "d1" / "moved")
    trial.start()
    trial.converge()


@KILLS.row("stop-burst", "stopped (SIGTERM) in the middle of a burst, and started again")
def stop_burst(trial: Trial) -> None:
    trial.begin(is_remembered=True)
    with Writer(trial.source).at_work() as writer:
        writer.wait_for(300)
        trial.instance.stop()
        writer.wait_for(600)
        trial.start()
    trial.converge()


@KILLS.row("kill-rsync", "the rsync client is killed in the middle of a file, and often in a burst")
def kill_rsync(trial: Trial) -> None:
    site = trial.serve(bandwidth="8MiB/s")
    trial.begin()
    (trial.source / "large").write_bytes(trial.chance.randbytes(_LARGE_BYTES))
    wait_until(lambda: site.is_receiving("large"), "the large file is on its way")
    signal_all(trial.instance.children(), signal.SIGKILL)
    _kill_during_a_burst(trial, trial.instance.children)
    trial.converge()


@KILLS.row("kill-rsync-of-target", "the target's own rsync processes are killed in a burst")
def kill_rsync_of_target(trial: Trial) -> None:
    site = trial.serve()
    trial.begin()
    _kill_during_a_burst(trial, site.processes)
    trial.converge()


@KILLS.row("kill-receiver", "the target is killed in the middle of a file, and cannot clean up")
def kill_receiver(trial: Trial) -> None:
    site = trial.serve(bandwidth="8MiB/s")
    trial.begin()
    (trial.source / "large").write_bytes(trial.chance.randbytes(_LARGE_BYTES))
    wait_until(lambda: site.is_receiving("large"), "the large file is on its way")
    signal_all(site.processes(), signal.SIGKILL)
    trial.converge()


def _kill_during_a_burst(trial: Trial, victims: Callable[[], list[int]]) -> None:
    with Writer(trial.source, per_s=300.0).at_work() as writer:
        for _ in range(6):
            writer.wait_for(writer.written + 60)
            signal_all(victims(), signal.SIGKILL)


@KILLS.row("rsync-outlives-daemon", "killed while its rsync lives on; the next start ends that")
def rsync_outlives_daemon(trial: Trial) -> None:
    site = trial.serve(bandwidth="3MiB/s", large_file="1MiB")
    # Without setpriv(1) no child dies with the daemon.
    programs = trial.top / "programs"
    programs.mkdir()
    (programs / "rsync").symlink_to(shutil.which("rsync") or "/usr/bin/rsync")
    trial.instance.environ = {"PATH": os.fspath(programs)}
    trial.begin()
    (trial.source / "large").write_bytes(trial.chance.randbytes(_LARGE_BYTES))
    wait_until(lambda: site.is_receiving("large"), "the large file is on its way")
    frozen = site.freeze()
    trial.at_the_end(lambda: signal_all(frozen, signal.SIGCONT))
    children = trial.instance.children()
    trial.instance.kill()
    outliving = [pid for pid in children if _lives(pid)]
    if not outliving:
        raise Broken("no rsync lives on; nothing was tried")
    trial.start()
    if any(_lives(pid) for pid in outliving):
        raise Broken("an rsync of the killed daemon is still there")
    (trial.source / "large").write_text("the newer version")
    signal_all(frozen, signal.SIGCONT)
    trial.converge()


def _lives(pid: int) -> bool:
    """Tell whether *pid* is there, and has not ended yet (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
