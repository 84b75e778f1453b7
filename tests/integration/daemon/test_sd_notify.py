"""The daemon and its service manager, at a real notify socket (sd_notify(3))."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from tests.support.cli import Cli, RunningCli
from tests.support.notify import NotifySocket
from tests.support.trees import wait_until

_PTRACE_SEIZE = 0x4206
_PTRACE_INTERRUPT = 0x4207
_PTRACE_CONT = 7
_PTRACE_DETACH = 17
_WALL = 0x40000000


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[NotifySocket]:
    listener = NotifySocket(os.fspath(tmp_path / "notify"))
    yield listener
    listener.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("content")
    file = tmp_path / "sersync.toml"
    file.write_text(
        f'state_dir="{tmp_path}/state"\n'
        f'[[source]]\nroot="{tmp_path}/source"\n'
        f'[[source.target]]\nto="{tmp_path}/copy"\n'
    )
    return file


def _start(cli: Cli, config: Path, manager: NotifySocket, **environ: str) -> RunningCli:
    return cli.start("run", "-c", os.fspath(config), NOTIFY_SOCKET=manager.address, **environ)


def test_ready_is_told_once_every_change_is_noticed(
    cli: Cli, config: Path, manager: NotifySocket, tmp_path: Path
) -> None:
    running = _start(cli, config, manager)
    manager.await_line("READY=1")
    (tmp_path / "source" / "after").write_text("x")

    running.wait_until((tmp_path / "copy" / "after").exists)
    manager.await_line("STATUS=1 target: 1 in-sync")
    assert running.stop() == 0
    manager.await_line("STOPPING=1")
    assert manager.heard.index("READY=1") < manager.heard.index("STOPPING=1")
    assert "WATCHDOG=1" not in manager.heard


def test_an_abstract_socket_is_spoken_to_as_well(cli: Cli, config: Path) -> None:
    manager = NotifySocket(f"@sersync-test-{os.getpid()}")
    try:
        running = _start(cli, config, manager)
        manager.await_line("READY=1")
        assert running.stop() == 0
    finally:
        manager.close()


def test_a_reload_is_told_with_its_time_and_ends_with_ready(
    cli: Cli, config: Path, manager: NotifySocket
) -> None:
    running = _start(cli, config, manager)
    manager.await_line("READY=1")
    asked_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    running.child.send_signal(signal.SIGHUP)

    manager.await_line("READY=1", times=2)
    told = manager.heard.index("RELOADING=1")
    assert manager.heard[told + 1].startswith("MONOTONIC_USEC=")
    assert int(manager.heard[told + 1].partition("=")[2]) >= asked_us
    assert "READY=1" in manager.heard[told:]


def test_a_reload_with_mistakes_is_over_too(cli: Cli, config: Path, manager: NotifySocket) -> None:
    running = _start(cli, config, manager)
    manager.await_line("READY=1")
    config.write_text("bogus = 1")
    running.child.send_signal(signal.SIGHUP)

    manager.await_line("READY=1", times=2)


def test_nothing_is_ready_that_could_not_begin(
    cli: Cli, config: Path, manager: NotifySocket, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("in the way")
    running = _start(cli, config, manager)

    assert running.child.wait(timeout=20) == 69
    assert "READY=1" not in manager.listen()


def test_the_watchdog_is_fed_while_all_threads_live_though_a_target_hangs(
    cli: Cli, config: Path, manager: NotifySocket, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with config.open("a") as file:
            file.write(
                f'timeout="1s"\n[[source.target]]\nto="rsync://127.0.0.1:{port}/m"\n'
                'timeout="1s"\nconnect_timeout="1s"\n'
            )
        _start(cli, config, manager, WATCHDOG_USEC="1000000")

        wait_until(lambda: manager.listen().count("WATCHDOG=1") >= 24, 60.0)


def test_the_watchdog_starves_when_one_thread_is_stuck(
    cli: Cli, config: Path, manager: NotifySocket
) -> None:
    with config.open("a") as file:
        file.write('timeout="1s"')  # a worker may be silent for four times as long
    running = _start(cli, config, manager, WATCHDOG_USEC="1000000")
    # From then on a spare stands ready, and the worker waits nearly all of the time.
    running.wait_until(lambda: "in-sync, after" in running.err)
    thread = _worker_of(running)
    libc = ctypes.CDLL(None, use_errno=True)
    if _ptrace(libc, _PTRACE_SEIZE, thread) != 0:
        pytest.skip(f"ptrace is not allowed here: {os.strerror(ctypes.get_errno())}")
    try:
        _stop_alone(libc, thread, running, manager)

        running.wait_until(lambda: "is stuck; the watchdog is not fed any more" in running.err)
        fed = manager.listen().count("WATCHDOG=1")
        assert not manager.hears("WATCHDOG=1", within_s=1.5), "longer than the period"
        assert "the thread work:source/" in running.err
        assert "in _step" in running.err
    finally:
        _ptrace(libc, _PTRACE_DETACH, thread)
    manager.await_line("WATCHDOG=1", times=fed + 1)


def test_children_do_not_speak_for_us(cli: Cli, config: Path, manager: NotifySocket) -> None:
    running = _start(cli, config, manager, WATCHDOG_USEC="5000000")
    running.wait_until(lambda: "in-sync, after" in running.err)
    found: list[bytes] = []

    def is_a_spare_there() -> bool:
        found[:] = _environments_of_children(running.child.pid)
        return bool(found)

    running.wait_until(is_a_spare_there)
    for environment in found:
        assert b"NOTIFY_SOCKET" not in environment


def _ptrace(libc: ctypes.CDLL, request: int, thread: int) -> int:
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return int(libc.ptrace(request, thread, None, None))


def _stop_alone(libc: ctypes.CDLL, thread: int, running: RunningCli, manager: NotifySocket) -> None:
    """Stop *thread* where all others go on: it may just have the lock of the interpreter."""

    def is_alone() -> bool:
        _ptrace(libc, _PTRACE_INTERRUPT, thread)
        os.waitpid(thread, _WALL)
        # It is taken for stuck after 4 s, and not before.
        if manager.hears("WATCHDOG=1", within_s=2.0):
            return True
        _ptrace(libc, _PTRACE_CONT, thread)
        return False

    running.wait_until(is_alone)


def _children_by_thread(pid: int) -> dict[int, list[int]]:
    """Return the children of each thread of *pid* that has any; threads and children may end."""
    found: dict[int, list[int]] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            if children := (task / "children").read_text().split():
                found[int(task.name)] = [int(child) for child in children]
    return found


def _worker_of(running: RunningCli) -> int:
    """Return the thread that has started rsyncs: only workers do."""
    found: list[int] = []

    def is_found() -> bool:
        found[:] = _children_by_thread(running.child.pid)
        return len(found) == 1

    running.wait_until(is_found)
    return found[0]


def _environments_of_children(pid: int) -> list[bytes]:
    """Return the environment of each child that has its own program by now; before, it has ours."""
    program = os.readlink(f"/proc/{pid}/exe")
    found: list[bytes] = []
    for child in chain.from_iterable(_children_by_thread(pid).values()):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{child}/exe") != program:
                found.append(Path(f"/proc/{child}/environ").read_bytes())
    return found
