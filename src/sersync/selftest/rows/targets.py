"""Targets that go away, hang, refuse, fill up, and come back."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Final

from sersync.rsyncd.secrets import write_password
from sersync.selftest.instance import children_of, pause_for, signal_all, written_by
from sersync.selftest.row import Broken, Need, Table
from sersync.selftest.rows.down import change_everything
from sersync.selftest.site import Site
from sersync.selftest.trial import Trial
from sersync.selftest.until import wait_until
from sersync.selftest.writer import Writer

TARGETS: Final = Table()
_OLDER: Final = b"the older version, which comes late"
_NEWER: Final = b"the newer version"
_PIECE_BYTES: Final = 256 << 10
"""rsync writes so much at a time."""
_REST_BYTES: Final = 32 << 10
"""Finds room in the buffers of any connection, and takes half a second."""
_OUTAGE_S: Final = 3.0
_SOON_S: Final = 40.0
_LONGEST_PAUSE_S: Final = 1.0
"""An rsync with a limit of bandwidth never rests that long before it has sent all."""


@TARGETS.row("target-absent", "the target is down for the whole of a burst")
def target_absent(trial: Trial) -> None:
    site = trial.serve()
    trial.begin()
    site.down()
    with Writer(trial.source, per_s=1000.0).at_work() as writer:
        writer.wait_for(1500)
    trial.wait_for_state("backing-off")
    site.up()
    trial.converge()


@TARGETS.row("one-of-three-absent", "one target of three is down; the others are current meanwhile")
def one_of_three_absent(trial: Trial) -> None:
    trial.serve("first")
    absent = trial.serve("absent")
    trial.copy_to("near")
    trial.begin()
    absent.down()
    absent.is_compared = False
    change_everything(trial.source)
    trial.converge()
    absent.is_compared = True
    absent.up()
    trial.converge()


@TARGETS.row("target-hangs", "the target stands still (SIGSTOP) for longer than the watchdog waits")
def target_hangs(trial: Trial) -> None:
    site = trial.serve(timeout="2s", connect_timeout="2s")
    trial.begin()
    frozen = site.freeze()
    change_everything(trial.source)
    trial.wait_for_state("backing-off")
    signal_all(frozen, signal.SIGCONT)
    trial.converge()


@TARGETS.row("wrong-password", "the password is wrong, then corrected in its file")
def wrong_password(trial: Trial) -> None:
    site = trial.serve(has_password=True)
    trial.begin()
    right = site.password_file.read_text().strip()
    trial.instance.stop()
    write_password(site.password_file, "wrong")
    trial.start()
    change_everything(trial.source)
    trial.wait_for_state("halted")
    write_password(site.password_file, right)
    trial.reload()
    trial.converge()


@TARGETS.row("max-connections", "others hold all connections that the target allows, then let go")
def max_connections(trial: Trial) -> None:
    site = trial.serve(max_connections=2, spares=0)
    trial.begin()
    with _client(site.address), _client(site.address):
        change_everything(trial.source)
        trial.wait_for_state("backing-off")
    trial.converge()


@TARGETS.row("target-full", "the target's disk is full, then has room again", Need.MOUNTS)
def target_full(trial: Trial) -> None:
    site = trial.copy_to("copy")
    trial.command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", os.fspath(site.root))
    trial.at_the_end(lambda: trial.command("umount", "-l", os.fspath(site.root)))
    trial.begin()
    (trial.source / "large").write_bytes(trial.chance.randbytes(3 << 20))
    change_everything(trial.source)
    wait_until(lambda: "is full" in _trouble(trial), "it says that the target is full")
    trial.command("mount", "-o", "remount,size=20m", os.fspath(site.root))
    trial.converge()
    # A lack of inodes fails single files, and the rest of a run is carried.
    _leave_inodes(trial, site, 3)
    for number in range(20):
        (trial.source / "d1" / f"more{number}").write_text("does not find room at first")
    wait_until(lambda: "No space left" in _trouble(trial), "it says which files find no room")
    _leave_inodes(trial, site, 1000)
    trial.converge()


def _leave_inodes(trial: Trial, site: Site, count: int) -> None:
    """Let so many more files find room on *site*, a tmpfs."""
    now = os.statvfs(site.root)
    most = now.f_files - now.f_ffree + count
    trial.command("mount", "-o", f"remount,nr_inodes={most}", os.fspath(site.root))


@TARGETS.row("target-read-only", "the target's file system is read-only, then not", Need.MOUNTS)
def target_read_only(trial: Trial) -> None:
    site = trial.copy_to("copy")
    trial.command("mount", "-t", "tmpfs", "tmpfs", os.fspath(site.root))
    trial.at_the_end(lambda: trial.command("umount", "-l", os.fspath(site.root)))
    trial.begin()
    trial.command("mount", "-o", "remount,ro", os.fspath(site.root))
    change_everything(trial.source)
    wait_until(lambda: "Read-only" in _trouble(trial), "it says that it cannot write")
    pause_for(_OUTAGE_S)
    trial.command("mount", "-o", "remount,rw", os.fspath(site.root))
    # Each path was tried a few times, so that none is in quarantine for ten minutes.
    trial.converge(within_s=_SOON_S)


@TARGETS.row("target-swapped", "the target comes back with its disk of yesterday")
def target_swapped(trial: Trial) -> None:
    site = trial.serve(witness="1min")
    trial.begin()
    yesterday = site.place / "yesterday"
    trial.command("cp", "-a", os.fspath(site.root), os.fspath(yesterday))
    change_everything(trial.source, puts_back=False)
    trial.converge()
    site.down()
    shutil.rmtree(site.root)
    yesterday.rename(site.root)
    site.up()
    wait_until(lambda: _was_found(trial), "the witness finds it", within_s=60.0)
    trial.converge()


@TARGETS.row("target-changed", "somebody else changes what stands on the target")
def target_changed(trial: Trial) -> None:
    site = trial.serve(witness="2s")
    trial.begin()
    (site.root / "d0" / "f0").write_text("not what was carried")
    (site.root / "d1" / "f1").unlink()
    (site.root / "strange").write_text("not from the source")
    wait_until(lambda: _was_found(trial), "the witness finds it", within_s=60.0)
    trial.converge()


@TARGETS.row("witness-busy", "the witness looks while everything changes, and is not deceived")
def witness_busy(trial: Trial) -> None:
    trial.serve(witness="1s")
    trial.begin()
    with Writer(trial.source, per_s=300.0).at_work() as writer:
        writer.wait_for(4500)
    trial.converge()
    witness = trial.target()["witness"]
    if witness is None:
        raise Broken("the witness has not looked")
    if witness["found"]:
        raise Broken(f"it takes {witness['first'] or 'a change on its way'} for another disk")


@TARGETS.row("old-run-of-target", "a run that the target finishes late does not win", is_long=True)
def old_run_of_target(trial: Trial) -> None:
    # The end of a connection that stood ready would put off what is carried again after a minute.
    trial.serve(timeout="2s", connect_timeout="2s", bandwidth="64KiB/s", spares=0)
    trial.begin()
    late = _stopped_in_a_run(trial)
    wait_until(lambda: not trial.target()["runs"], "our watchdog ends the run", within_s=40.0)
    (trial.source / "late" / "second").write_bytes(_NEWER)
    _finish_late(trial, late)
    trial.converge(within_s=120.0, patience_s=90.0)


@TARGETS.row(
    "old-run-of-killed", "a run that outlives its killed daemon does not win", is_long=True
)
def old_run_of_killed(trial: Trial) -> None:
    trial.serve(timeout="30s", bandwidth="64KiB/s", spares=0)
    trial.begin()
    late = _stopped_in_a_run(trial)
    trial.instance.kill()
    (trial.source / "late" / "second").write_bytes(_NEWER)
    trial.start()
    _finish_late(trial, late)
    trial.converge(within_s=120.0, patience_s=90.0)


def _stopped_in_a_run(trial: Trial) -> list[int]:
    """Let the target stand still in the first of two files; return its processes that do.

    The rest of that file and the second one are so short that they find room on the way: the
    target can finish them without anybody at the other end. What it has begun with, the next run
    to that directory removes as a leaving; so it is the second file that may come late.
    """
    site = trial.sites["copy"]
    prepared = trial.top / "prepared"
    prepared.mkdir()
    (prepared / "first").write_bytes(trial.chance.randbytes(_PIECE_BYTES + _REST_BYTES))
    (prepared / "second").write_bytes(_OLDER)
    prepared.rename(trial.source / "late")
    wait_until(
        lambda: site.is_receiving("late/first", least_bytes=_PIECE_BYTES),
        "the target receives the first file",
    )
    late = site.processes()
    signal_all(late, signal.SIGSTOP)
    if not site.is_receiving("late/first") or (site.root / "late" / "second").exists():
        raise Broken("the target was faster than we were; nothing was tried")
    wait_until(_Rest(trial.instance.children()).is_sent, "both files are on their way")
    return late


class _Rest:
    """What *pids* have still to write: nothing, once they wrote nothing for a while."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._written = -1
        self._since_s = 0.0

    def is_sent(self) -> bool:
        """Tell whether they have rested for as long as no pause of theirs lasts."""
        written = written_by(self._pids)
        now_s = time.monotonic()
        if written != self._written:
            self._written, self._since_s = written, now_s
        return now_s - self._since_s > _LONGEST_PAUSE_S


def _finish_late(trial: Trial, late: list[int]) -> None:
    """Let *late* go on once the newer version is carried, until older bytes stand in its place.

    At first only those that write: the ones that started them see that nobody is at the other
    end, and would end them.
    """
    second = trial.sites["copy"].root / "late" / "second"
    wait_until(lambda: _holds(second, _NEWER), "the newer version is carried")
    wait_until(lambda: trial.is_at_rest("copy"), "nothing is left to do")
    writing = [each for pid in late for each in children_of(pid)]
    signal_all(writing, signal.SIGCONT)
    wait_until(lambda: _holds(second, _OLDER), "the target finishes the old run")
    signal_all(late, signal.SIGCONT)


def _was_found(trial: Trial) -> bool:
    """Tell whether the daemon says that the target is not what it was left as."""
    witness = trial.target().get("witness")
    return bool(witness and witness["found"])


def _trouble(trial: Trial) -> str:
    """Return what the daemon says about why something is not carried."""
    now = trial.target()
    told = [*(now.get("problems") or ()), now.get("reason") or {"message": ""}]
    return "; ".join(each["message"] for each in told)


def _holds(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() == content
    except FileNotFoundError:
        return False


def _client(address: str) -> socket.socket:
    """Return a connection that the daemon counts: greeted, and with a module asked for."""
    host, port = address.removeprefix("rsync://").split("/")[0].split(":")
    client = socket.create_connection((host, int(port)), timeout=10.0)
    greeting = client.recv(200)
    client.sendall(greeting.splitlines(keepends=True)[0] + b"copy\n")
    if not client.recv(200).startswith(b"@RSYNCD: OK"):
        raise Broken("the rsync daemon does not let us in")
    return client
