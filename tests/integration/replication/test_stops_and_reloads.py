"""The daemon as a process: stopped, killed, reloaded, flooded."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sersync.api.client import NotReachable, fetch_status
from tests.support.cli import MODULES, Cli, RunningCli, cli
from tests.support.proxy import ProxyFactory
from tests.support.rsyncd import Rsyncd
from tests.support.trees import assert_same_trees, trees_are_same, wait_until

__all__ = ["cli"]


def children_of(pid: int) -> list[int]:
    """Return the processes that *pid* has started and that still are (proc(5))."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, (task / "children").read_text().split())
    return found


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def states(state_dir: Path) -> dict[str, str]:
    """Return the state of each target, as the control socket tells it."""
    try:
        document = fetch_status(os.fspath(state_dir / "control.sock"))
    except NotReachable:
        return {}
    return {
        target["target"]: target["state"]
        for each in document["sources"]
        for target in each["targets"]
    }


def knows_all(state_dir: Path) -> bool:
    """Tell whether all directories of the only source are known to be as they were."""
    try:
        [of_source] = fetch_status(os.fspath(state_dir / "control.sock"))["sources"]
    except NotReachable:
        return False
    return bool(of_source["outdated"] == 0)


def config(tmp_path: Path, text: str, *, grace: str = "5s") -> Path:
    path = tmp_path / "sersync.toml"
    path.write_text(f'state_dir = "{tmp_path / "state"}"\ngrace = "{grace}"\n{text}')
    return path


def source_with(root: Path, *targets: str) -> str:
    named = ""
    for to in targets:
        name = to.rstrip("/").rsplit("/", 1)[-1]
        named += f'[[source.target]]\nname = "{name}"\nto = "{to}"\nmax_delete = "off"\n'
    return f'[[source]]\nname = "{root.name}"\nroot = "{root}"\n{named}'


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_daemon_and_its_children_with_code_zero(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, cli: Cli, number: int
) -> None:
    running = cli.start("mirror", "source", rsyncd.url, "--state-dir", "state")
    running.wait_until((rsyncd.root / "kept").exists)
    running.wait_until(lambda: bool(children_of(running.child.pid)))
    children = children_of(running.child.pid)

    assert running.stop(number) == 0
    wait_until(lambda: not any(map(is_alive, children)))


def test_a_stop_finishes_the_transfer_that_is_running(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, cli: Cli
) -> None:
    # It takes long enough to be seen, and may take much longer here.
    target = source_with(source, f"{rsyncd.url}") + 'bandwidth = "2MiB/s"\n'
    path = config(tmp_path, target, grace="60s")
    running = cli.start("run", "-c", str(path))
    running.wait_until(lambda: "in-sync" in states(tmp_path / "state").values())
    (source / "large").write_bytes(os.urandom(4 << 20))
    running.wait_until(lambda: "transferring" in states(tmp_path / "state").values())

    assert running.stop() == 0
    assert_same_trees(source, rsyncd.root)


def test_a_second_signal_ends_it_at_once(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, proxies: ProxyFactory, cli: Cli
) -> None:
    proxy = proxies(rsyncd.port)
    address = rsyncd.url.replace(str(rsyncd.port), str(proxy.port))
    # Whoever waited for the run would wait longer than this test.
    patient = source_with(source, address) + 'timeout = "600s"\n'
    path = config(tmp_path, patient, grace="600s")
    running = cli.start("run", "-c", str(path))
    running.wait_until(lambda: "in-sync" in states(tmp_path / "state").values())
    proxy.freeze()
    (source / "file").write_text("it hangs")
    running.wait_until(lambda: "transferring" in states(tmp_path / "state").values())
    children = children_of(running.child.pid)
    running.child.send_signal(signal.SIGTERM)
    running.wait_until(lambda: "stopping" in running.err)

    assert running.stop() == 128 + signal.SIGTERM
    wait_until(lambda: not any(map(is_alive, children)))


def test_children_do_not_outlive_a_daemon_that_is_killed(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, cli: Cli
) -> None:
    running = cli.start("mirror", "source", rsyncd.url, "--state-dir", "state")
    running.wait_until(lambda: "in-sync" in states(tmp_path / "state").values())
    running.wait_until(lambda: bool(children_of(running.child.pid)))
    children = children_of(running.child.pid)
    running.child.kill()
    running.child.wait()

    wait_until(lambda: not any(map(is_alive, children)))


@pytest.mark.parametrize("where", ["far", "near"])
def test_a_transfer_whose_daemon_is_killed_leaves_no_temporary_file(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, cli: Cli, where: str
) -> None:
    copy = {"far": rsyncd.root, "near": tmp_path / "copy"}[where]
    to = {"far": rsyncd.url, "near": str(copy)}[where]
    config(tmp_path, source_with(source, to) + 'bandwidth = "2MiB/s"\n')
    running = cli.start("run", "-c", "sersync.toml")
    running.wait_until(lambda: "in-sync" in states(tmp_path / "state").values())
    (source / "large").write_bytes(os.urandom(20 << 20))
    running.wait_until(lambda: any(".large." in name for name in os.listdir(copy)))
    running.child.kill()
    running.child.wait()

    wait_until(lambda: not any(".large." in name for name in os.listdir(copy)))
    assert not (copy / "large").exists()


def test_what_changed_while_the_daemon_was_dead_is_found_at_the_next_start(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, cli: Cli
) -> None:
    first = cli.start("mirror", "source", rsyncd.url, "--state-dir", "state")
    first.wait_until((rsyncd.root / "kept").exists)
    first.child.kill()
    first.child.wait()
    (source / "kept").write_text("changed")
    (source / "d").mkdir()
    (source / "d" / "new").write_text("new")
    second = cli.start("mirror", "source", rsyncd.url, "--state-dir", "state")
    second.wait_until(lambda: trees_are_same(source, rsyncd.root))

    assert second.stop() == 0


def test_two_daemons_do_not_share_a_state_directory(source: Path, tmp_path: Path, cli: Cli) -> None:
    first = cli.start("mirror", "source", "copy", "--state-dir", "state")
    first.wait_until((tmp_path / "copy" / "kept").exists)
    second = cli.run("mirror", "source", "other", "--state-dir", "state")

    assert second.returncode not in (0, 70)
    assert str(first.child.pid) in second.stderr
    assert first.stop() == 0


def test_a_reload_adds_and_removes_targets_and_keeps_what_is_pending(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, cli: Cli
) -> None:
    near, late = tmp_path / "near", tmp_path / "late"
    far = rsyncd.url
    path = config(tmp_path, source_with(source, far, str(near)))
    running = cli.start("run", "-c", str(path))
    running.wait_until(lambda: set(states(tmp_path / "state").values()) == {"in-sync"})
    rsyncd.stop()
    (source / "pending").write_text("for the far one")
    running.wait_until(lambda: "backing-off" in states(tmp_path / "state").values())
    config(tmp_path, source_with(source, far, str(late)))
    running.child.send_signal(signal.SIGHUP)
    running.wait_until(lambda: trees_are_same(source, late))
    running.wait_until(lambda: set(states(tmp_path / "state")) == {"open", "late"})
    (source / "after").write_text("not for the one that was removed")
    rsyncd.start()
    running.wait_until(lambda: trees_are_same(source, rsyncd.root))
    running.wait_until(lambda: trees_are_same(source, late))

    assert not (near / "after").exists()
    assert running.stop() == 0


def test_a_reload_tries_a_halted_target_again(
    source: Path, tmp_path: Path, rsyncd: Rsyncd, cli: Cli
) -> None:
    path = config(tmp_path, source_with(source, rsyncd.url.replace("/open", "/nowhere")))
    running = cli.start("run", "-c", str(path))
    running.wait_until(lambda: states(tmp_path / "state").get("nowhere") == "halted")
    config(tmp_path, source_with(source, rsyncd.url))
    running.child.send_signal(signal.SIGHUP)
    running.wait_until(lambda: trees_are_same(source, rsyncd.root))

    assert running.stop() == 0


def test_a_large_directory_that_is_moved_in_arrives_in_slices(
    source: Path, tmp_path: Path, cli: Cli
) -> None:
    copy, outside = tmp_path / "copy", tmp_path / "outside"
    for number in range(100):
        (outside / f"d{number}").mkdir(parents=True)
        for file in range(100):
            (outside / f"d{number}" / f"file-{file}").touch()
    running = cli.start("mirror", "source", "copy", "--state-dir", "state")
    running.wait_until(lambda: "in-sync" in states(tmp_path / "state").values())
    outside.rename(source / "moved")
    (source / "small").write_text("overtakes")
    running.wait_until((copy / "small").exists)
    (source / "moved" / "d7" / "file-7").write_text("changed meanwhile")
    running.wait_until(lambda: "in-sync" in states(tmp_path / "state").values())
    running.wait_until(lambda: trees_are_same(source, copy))

    assert running.stop() == 0


@pytest.fixture
def commons() -> Iterator[Path]:
    """A directory that everybody may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="sersync-test-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


class ShortQueues:
    """Holds the length of event queues at the kernel's own, for those that are opened now.

    Whatever else runs here as root raises it when it starts. That is undone, and counted.
    """

    def __init__(self) -> None:
        self._setting = Path("/proc/sys/fs/inotify/max_queued_events")
        self._before = self._setting.read_text()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._raised = 0
        self.raised()
        self._holding = threading.Thread(target=self._hold)
        self._holding.start()

    def raised(self) -> int:
        """Look, and return how often it was raised by now."""
        with self._lock:
            if int(self._setting.read_text()) != 16384:
                self._setting.write_text("16384")
                self._raised += 1
            return self._raised

    def close(self) -> None:
        """Put it back."""
        self._is_over.set()
        self._holding.join()
        self._setting.write_text(self._before)

    def _hold(self) -> None:
        while not self._is_over.wait(0.001):
            self.raised()


@pytest.fixture
def short_queues() -> Iterator[ShortQueues]:
    queues = ShortQueues()
    yield queues
    queues.close()


def has_queue(pid: int) -> bool:
    """Tell whether the process holds an event queue (inotify(7))."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(file) == "anon_inode:inotify":
                    return True
    return False


def with_short_queue(queues: ShortQueues, directory: Path, *arguments: str) -> RunningCli:
    """Start a daemon as nobody, again if the length was raised when it opened its queue."""
    while True:
        known = queues.raised()
        running = _as_nobody(directory, *arguments)

        def is_opened(running: RunningCli = running) -> bool:
            nonlocal known
            raised = queues.raised()
            if has_queue(running.child.pid):
                return True
            known = raised
            return False

        running.wait_until(is_opened)
        if queues.raised() == known:
            return running
        running.end()
        shutil.rmtree(directory / "state", ignore_errors=True)


@pytest.mark.root
def test_an_overflow_of_the_event_queue_loses_nothing(
    commons: Path, short_queues: ShortQueues
) -> None:
    """As nobody: root raises the limit. The watcher's own tests do it without root."""
    source, copy = commons / "source", commons / "copy"
    for number in range(30):
        (source / f"d{number}").mkdir(parents=True)
    copy.mkdir()
    for place in (source, copy, *source.iterdir()):
        place.chmod(0o755)
    os.chown(copy, 65534, 65534)
    options = ("--rsync-option=-rlt", "--state-dir", "state")
    running = with_short_queue(short_queues, commons, "mirror", "source", "copy", *options)
    try:
        running.wait_until(lambda: "in-sync" in states(commons / "state").values())
        running.wait_until(lambda: knows_all(commons / "state"))
        with running.standing_still():
            for number in range(21_000):
                os.close(os.open(source / f"d{number % 30}" / f"file-{number}", os.O_CREAT, 0o644))
            (source / "last" / "deep").mkdir(parents=True)
            (source / "last" / "deep" / "file").write_text("in a directory that nobody told of")
        running.wait_until((copy / "last" / "deep" / "file").exists)
        running.wait_until(lambda: "in-sync" in states(commons / "state").values())
        running.wait_until(lambda: trees_are_same(source, copy, owner=False))
        assert "overflow" in running.err
        [of_source] = fetch_status(os.fspath(commons / "state" / "control.sock"))["sources"]
        assert [target["full_passes"] for target in of_source["targets"]] == [1]
        (source / "last" / "deep" / "file").write_text("watched again")
        running.wait_until(lambda: trees_are_same(source, copy, owner=False))
        assert running.stop() == 0
    finally:
        running.end()


@pytest.mark.root
def test_what_cannot_be_read_is_told_and_tried_again_and_the_rest_is_carried(
    commons: Path,
) -> None:
    """As nobody: root can read everything."""
    source, copy = commons / "source", commons / "copy"
    (source / "closed").mkdir(parents=True)
    (source / "d").mkdir()
    (source / "open").write_text("open")
    (source / "secret").write_text("secret")
    (source / "closed" / "file").write_text("below")
    copy.mkdir()
    (copy / "d").mkdir()
    (copy / "d" / "gone").write_text("to be deleted")
    for place in (commons, source, source / "closed", source / "d", copy, copy / "d"):
        os.chown(place, 65534, 65534)
    for file in ("open", "secret"):
        os.chown(source / file, 65534, 65534)
    (source / "secret").chmod(0)
    (source / "closed").chmod(0)
    running = _as_nobody(commons, "mirror", "source", "copy", "--state-dir", "state")
    try:
        running.wait_until((copy / "open").exists)
        running.wait_until(lambda: _problems(commons / "state") >= {"secret", "closed"})
        running.wait_until(lambda: not (copy / "d" / "gone").exists())
        (source / "secret").chmod(0o644)
        (source / "closed").chmod(0o755)
        running.wait_until((copy / "secret").exists)
        running.wait_until((copy / "closed" / "file").exists)
        running.wait_until(lambda: not _problems(commons / "state"))
        assert running.stop() == 0
    finally:
        running.end()


def _problems(state_dir: Path) -> set[str]:
    try:
        document = fetch_status(os.fspath(state_dir / "control.sock"))
    except NotReachable:
        return set()
    return {
        problem["path"]
        for each in document["sources"]
        for target in each["targets"]
        for problem in target["problems"]
    }


def _as_nobody(directory: Path, *arguments: str) -> RunningCli:
    own = directory / "cli"
    own.mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": os.fspath(directory)}
    environ["PYTHONPATH"] = MODULES
    environ["XDG_STATE_HOME"] = os.fspath(directory / "xdg")
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
    can_run = subprocess.run(
        [*nobody, sys.executable, "-c", "import sersync.cli.main"], env=environ, cwd=directory
    )
    if can_run.returncode != 0:
        pytest.skip("nobody cannot run this Python")
    return RunningCli(own, arguments, environ, prefix=nobody)
