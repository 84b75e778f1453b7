"""What outlives the daemon as a process: killed, stopped, its state damaged or without a place."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sersync.api.client import NotReachable, fetch_status
from tests.support.cli import Cli, RunningCli, cli
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees, trees_are_same

__all__ = ["cli"]


class Instance:
    """One configuration, run as often as a test likes."""

    def __init__(self, cli: Cli, tmp_path: Path, source: Path, to: str) -> None:
        self.state = tmp_path / "state"
        self.source = source
        self._cli = cli
        self._to = to
        self._file = tmp_path / "sersync.toml"

    def configure(
        self, *settings: str, checkpoint_every: str = "100ms", max_delay: str = "10s"
    ) -> None:
        """Write the configuration; *settings* are the target's."""
        lines = [
            f'state_dir = "{self.state}"',
            f'checkpoint_every = "{checkpoint_every}"',
            "[[source]]",
            'name = "www"',
            f'root = "{self.source}"',
            f'max_delay = "{max_delay}"',
            "[[source.target]]",
            'name = "copy"',
            f'to = "{self._to}"',
            'max_delete = "off"',
            *settings,
        ]
        self._file.write_text("\n".join(lines))

    def start(self) -> RunningCli:
        return self._cli.start("run", "-c", os.fspath(self._file))

    def once(self) -> subprocess.CompletedProcess[str]:
        return self._cli.run("run", "-c", os.fspath(self._file), "--once")

    @property
    def file(self) -> Path:
        return self.state / "www.sqlite"

    def document(self) -> dict[str, Any]:
        """What is shown of the source; {} before it can be asked."""
        try:
            document = fetch_status(os.fspath(self.state / "control.sock"))
        except NotReachable:
            return {}
        [source] = document["sources"]
        return dict(source)

    def target(self) -> dict[str, Any]:
        [target] = self.document().get("targets", [{}])
        return dict(target)

    def ask(self, query: str) -> list[Any]:
        """Ask the state file while the daemon runs."""
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            return [value for (value,) in connection.execute(query)]

    def is_in_sync(self) -> bool:
        return self.target().get("state") == "in-sync"

    def stored(self) -> float | None:
        """Seconds since the last checkpoint."""
        state = self.document().get("state") or {}
        return state.get("stored_s_ago")


@pytest.fixture
def instance(cli: Cli, tmp_path: Path, source: Path, rsyncd: Rsyncd) -> Instance:
    instance = Instance(cli, tmp_path, source, rsyncd.url)
    instance.configure()
    return instance


def has_read_again(running: RunningCli, *, times: int) -> bool:
    return running.err.count("read again") == times


def kill(running: RunningCli) -> None:
    running.child.send_signal(signal.SIGKILL)
    running.child.wait()


def test_a_run_that_was_under_way_when_the_daemon_was_killed_is_unconfirmed_after_it(
    instance: Instance, source: Path, rsyncd: Rsyncd
) -> None:
    instance.configure('bandwidth = "2MiB/s"')
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    (source / "large").write_bytes(os.urandom(20 << 20))
    running.wait_until(lambda: instance.target().get("in_flight", 0) > 0)
    running.wait_until(lambda: instance.ask("SELECT path FROM waiting WHERE flying") == [b"large"])
    kill(running)
    instance.configure()
    again = instance.start()

    again.wait_until(lambda: instance.target().get("unconfirmed", 0) >= 1)
    again.wait_until(lambda: trees_are_same(source, rsyncd.root))


@pytest.mark.parametrize("how", ["kill", "stop", "reload of the target", "reload of the source"])
def test_what_was_rewritten_while_the_root_was_away_is_sent_after_a_restart_or_a_reload(
    instance: Instance, source: Path, rsyncd: Rsyncd, how: str
) -> None:
    """Same size, same time: only that nobody was told of changes makes it doubtful."""
    rewritten = [source / "f", source / "d" / "g"]
    rewritten[1].parent.mkdir()
    for file in rewritten:
        file.write_text("before")
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    running.wait_until(lambda: instance.document().get("outdated") == 0)
    rsyncd.stop()
    away = source.with_name("away")
    source.rename(away)
    running.wait_until(lambda: instance.document().get("halted") is not None)
    for file in rewritten:
        at = away / file.relative_to(source)
        status = at.stat()
        at.write_text("behind")
        os.utime(at, ns=(status.st_atime_ns, status.st_mtime_ns))
    away.rename(source)
    running.wait_until(lambda: instance.document().get("halted") is None)
    running.wait_until(lambda: b"" in instance.ask("SELECT path FROM unfinished_pass"))
    running.wait_until(lambda: instance.document().get("outdated") == 0)
    match how:
        case "kill":
            kill(running)
            running = instance.start()
        case "stop":
            assert running.stop() == 0
            running = instance.start()
        case "reload of the target":
            instance.configure("parallel = 3")
        case "reload of the source":
            instance.configure(max_delay="3s")
    if how.startswith("reload"):
        running.child.send_signal(signal.SIGHUP)
        running.wait_until(lambda: "read again" in running.err)
    rsyncd.start()

    copies = [rsyncd.root / file.relative_to(source) for file in rewritten]
    running.wait_until(lambda: all(copy.read_text() == "behind" for copy in copies))


def test_a_clean_stop_leaves_nothing_unconfirmed(instance: Instance) -> None:
    for _ in range(2):
        running = instance.start()
        running.wait_until(instance.is_in_sync)
        assert instance.target()["unconfirmed"] == 0
        assert running.stop() == 0


def test_a_target_with_other_limits_goes_on_without_a_full_pass(
    instance: Instance, source: Path, rsyncd: Rsyncd
) -> None:
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    batches = running.err.count("compared")
    instance.configure('bandwidth = "20MiB/s"')
    running.child.send_signal(signal.SIGHUP)
    running.wait_until(lambda: "read again" in running.err)
    (source / "later").write_text("x")
    running.wait_until((rsyncd.root / "later").exists)
    running.wait_until(instance.is_in_sync)

    assert running.err.count("compared") == batches


def test_another_state_directory_is_used_after_a_restart_only_and_the_log_says_so(
    instance: Instance, source: Path, rsyncd: Rsyncd, tmp_path: Path
) -> None:
    before, after = instance.state, tmp_path / "another"
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    for number in range(2):
        instance.state = after
        instance.configure(max_delay=f"{number + 2}s")
        running.child.send_signal(signal.SIGHUP)
        running.wait_until(partial(has_read_again, running, times=number + 1))
        instance.state = before
        (source / f"later-{number}").write_text("x")
        running.wait_until((rsyncd.root / f"later-{number}").exists)
        running.wait_until(instance.is_in_sync)

    document = fetch_status(os.fspath(before / "control.sock"))
    assert document["state_dir"] == os.fspath(before)
    assert f"kill {running.child.pid}; " in running.err
    assert "; sersync run -c " in running.err
    assert not after.exists()
    assert instance.stored() is not None


def test_a_target_with_other_options_is_compared_anew(instance: Instance) -> None:
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    batches = running.err.count("compared")
    instance.configure('rsync_options = "-rlt"')
    running.child.send_signal(signal.SIGHUP)

    running.wait_until(lambda: running.err.count("compared") > batches)


def test_a_damaged_state_is_set_aside_and_said_once(
    instance: Instance, source: Path, rsyncd: Rsyncd
) -> None:
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    assert running.stop() == 0
    instance.file.write_bytes(b"\xaa" * 50_000)
    (source / "changed").write_text("meanwhile")
    running = instance.start()
    running.wait_until(instance.is_in_sync)

    assert running.err.count("cannot be used") == 1
    assert "set-aside" in running.err
    assert_same_trees(source, rsyncd.root)
    assert running.stop() == 0


def test_a_state_that_is_taken_away_is_stored_anew(
    instance: Instance, source: Path, rsyncd: Rsyncd
) -> None:
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    instance.file.unlink()
    (source / "later").write_text("x")
    running.wait_until((rsyncd.root / "later").exists)

    running.wait_until(instance.file.exists)
    running.wait_until(lambda: "stored again" in running.err)
    assert running.err.count("taken away") == 1


def test_a_single_pass_keeps_no_state(instance: Instance, source: Path, rsyncd: Rsyncd) -> None:
    done = instance.once()

    assert done.returncode == 0, done.stderr
    assert_same_trees(source, rsyncd.root)
    assert not instance.file.exists()


def test_an_idle_daemon_writes_nothing(instance: Instance, source: Path) -> None:
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    running.wait_until(lambda: (instance.stored() or 0.0) > 1.0)

    assert running.stop() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that is full soon."""
    disk = tmp_path / "state"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def fill(filler: Path) -> None:
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


@pytest.mark.root  # test_a_full_disk_is_told_and_costs_no_more_than_the_checkpoint runs without
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_disk_stops_no_replication_and_is_seen_and_made_up_for(
    small_disk: Path, instance: Instance, source: Path, rsyncd: Rsyncd
) -> None:
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    filler = small_disk / "filler"
    fill(filler)
    # Their names need more room in the state than there is.
    for number in range(3000):
        (source / f"{number:0200d}").write_text("x")
    running.wait_until(lambda: (instance.document().get("state") or {}).get("reason") is not None)
    running.wait_until(lambda: trees_are_same(source, rsyncd.root))
    assert running.err.count("the state cannot be stored") == 1
    filler.unlink()
    (source / "later").write_text("x")

    running.wait_until(lambda: "stored again" in running.err)
    running.wait_until(lambda: instance.document().get("state", {}).get("reason", "") is None)


def test_a_state_inside_its_own_source_is_neither_sent_nor_a_change(
    instance: Instance, source: Path, rsyncd: Rsyncd
) -> None:
    instance.state = source / "var" / "state"
    instance.configure()
    running = instance.start()
    running.wait_until(instance.is_in_sync)
    (source / "file").write_text("x")
    running.wait_until((rsyncd.root / "file").exists)
    running.wait_until(instance.is_in_sync)
    batches = instance.target()["batches"]
    running.wait_until(lambda: (instance.stored() or 0.0) > 0.5)

    assert instance.target()["batches"] == batches
    assert sorted(os.listdir(rsyncd.root / "var")) == []
