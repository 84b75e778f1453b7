"""Targets that go away, hang, refuse, fill up, and come back."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Final

from sersync.rsyncd.secrets import write_password
from sersync.selftest.instance import pause_for, signal_all
from sersync.selftest.row import Broken, Need, Table
from sersync.selftest.rows.down import change_everything
from sersync.selftest.trial import Trial
from sersync.selftest.until import wait_until
from sersync.selftest.writer import Writer

TARGETS: Final = Table()
_LATE_S: Final = 5.0
_LATE_BYTES: Final = 3 << 20
_LAST_BYTES: Final = 257 << 10
"""rsync writes 256 KiB at a time; as much finds room in the buffers of a connection."""


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
    wait_until(lambda: _has_trouble(trial), "it says that the target is full")
    trial.command("mount", "-o", "remount,size=20m", os.fspath(site.root))
    trial.converge()


@TARGETS.row("target-read-only", "the target's file system is read-only, then not", Need.MOUNTS)
def target_read_only(trial: Trial) -> None:
    site = trial.copy_to("copy")
    trial.command("mount", "-t", "tmpfs", "tmpfs", os.fspath(site.root))
    trial.at_the_end(lambda: trial.command("umount", "-l", os.fspath(site.root)))
    trial.begin()
    trial.command("mount", "-o", "remount,ro", os.fspath(site.root))
    change_everything(trial.source)
    wait_until(lambda: _has_trouble(trial), "it says that it cannot write")
    trial.command("mount", "-o", "remount,rw", os.fspath(site.root))
    trial.converge()


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
    site = trial.serve(timeout="2s", connect_timeout="2s", bandwidth="1MiB/s", large_file="1MiB")
    trial.begin()
    late = _stopped_in_a_file(trial)
    wait_until(lambda: not trial.target()["runs"], "our watchdog ends the run", within_s=40.0)
    (trial.source / "large").write_text("the newer version")
    wait_until(
        lambda: _holds(site.root / "large", b"the newer version"), "the newer version is carried"
    )
    _let_it_finish(trial, late)
    trial.converge(within_s=120.0, patience_s=90.0)


@TARGETS.row(
    "old-run-of-killed", "a run that outlives its killed daemon does not win", is_long=True
)
def old_run_of_killed(trial: Trial) -> None:
    site = trial.serve(timeout="30s", bandwidth="1MiB/s", large_file="1MiB")
    trial.begin()
    late = _stopped_in_a_file(trial)
    trial.instance.kill()
    (trial.source / "large").write_text("the newer version")
    trial.start()
    wait_until(
        lambda: _holds(site.root / "large", b"the newer version"), "the newer version is carried"
    )
    _let_it_finish(trial, late)
    trial.converge(within_s=120.0, patience_s=90.0)


def _stopped_in_a_file(trial: Trial) -> list[int]:
    """Let the target stand still in the middle of ``large``; return its processes that do.

    So near to its end that the rest of it finds room on the way, and the target can finish it
    without anybody at the other end.
    """
    site = trial.sites["copy"]
    (trial.source / "large").write_bytes(trial.chance.randbytes(_LATE_BYTES))
    wait_until(
        lambda: site.is_receiving("large", least_bytes=_LATE_BYTES - _LAST_BYTES),
        "the target receives the file",
    )
    late = site.processes()
    signal_all(late, signal.SIGSTOP)
    if not late or not site.is_receiving("large"):
        raise Broken("the target was faster than we were; nothing was tried")
    pause_for(2.0)  # Meanwhile the rest is sent.
    return late


def _let_it_finish(trial: Trial, late: list[int]) -> None:
    """Let *late* go on, until its old bytes stand in the place of the newer ones.

    Now and then the target notices first that nobody is at the other end; that is told.
    """
    large = trial.sites["copy"].root / "large"
    signal_all(late, signal.SIGCONT)
    try:
        wait_until(lambda: not _holds(large, b"the newer version"), "", within_s=_LATE_S)
    except Broken:
        trial.notes.append("the target did not finish the old run: another try may")


def _was_found(trial: Trial) -> bool:
    """Tell whether the daemon says that the target is not what it was left as."""
    witness = trial.target().get("witness")
    return bool(witness and witness["found"])


def _has_trouble(trial: Trial) -> bool:
    now = trial.target()
    return bool(now.get("problems") or now.get("reason"))


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
