from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sersync.linux.service import Service
from tests.support.trees import wait_until


def lives(pid: int) -> bool:
    """A process that is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def number_in(file: Path) -> int:
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"), message=str(file))
    return int(file.read_text())


def test_stop_ends_it_and_returns_the_signal() -> None:
    service = Service(("sleep", "600"))
    service.start()
    assert service.exit_code is None

    assert service.stop() == -signal.SIGTERM

    assert not service.is_running
    assert service.pid is None
    assert service.stop() == -signal.SIGTERM


def test_one_that_ignores_the_request_is_killed_after_the_grace(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    service = Service(("sh", "-c", f"trap '' TERM; echo $$ >'{ready}'; while :; do sleep 1; done"))
    service.start()
    number_in(ready)

    assert service.stop(grace_s=0.05) == -signal.SIGKILL


def test_its_own_children_end_with_it_even_when_it_died_before_them(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    service = Service(("sh", "-c", f"sleep 600 & echo $! >'{file}'; exit 3"))
    service.start()
    grandchild = number_in(file)
    wait_until(lambda: not service.is_running)
    assert service.exit_code == 3
    assert lives(grandchild)

    service.stop()

    wait_until(lambda: not lives(grandchild), message="the grandchild lives on")


def test_what_it_says_stands_in_the_file_in_order_over_two_runs(tmp_path: Path) -> None:
    service = Service(("sh", "-c", "echo out; echo err >&2"), output=tmp_path / "said")
    for _ in range(2):
        service.start()
        wait_until(lambda: not service.is_running)
    service.stop()

    assert (tmp_path / "said").read_text() == "out\nerr\n" * 2


def test_the_environment_is_the_one_that_was_given(tmp_path: Path) -> None:
    service = Service(("env",), env={"ONLY": "this"}, output=tmp_path / "said")
    service.start()
    wait_until(lambda: not service.is_running)
    service.stop()

    assert "ONLY=this" in (tmp_path / "said").read_text().splitlines()
    assert "HOME=" not in (tmp_path / "said").read_text()


def test_a_program_that_is_not_there_is_an_error_or_exit_code_127() -> None:
    service = Service(("/no/such/program",))
    if shutil.which("setpriv"):
        service.start()
        wait_until(lambda: not service.is_running)
        assert service.stop() == 127
    else:
        with pytest.raises(FileNotFoundError):
            service.start()


def test_it_outlives_the_thread_that_started_it() -> None:
    service = Service(("sleep", "600"))
    starter = threading.Thread(target=service.start)
    starter.start()
    starter.join()

    try:
        assert service.is_running
        assert service.pid is not None
        assert lives(service.pid)
    finally:
        assert service.stop() == -signal.SIGTERM


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) not installed")
def test_it_dies_with_us_when_we_are_killed(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    parent = (
        "import time\n"
        "from sersync.linux.service import Service\n"
        "service = Service(('sleep', '600'))\n"
        "service.start()\n"
        f"print(service.pid, file=open({os.fspath(file)!r}, 'w'), flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": "src"}
    with subprocess.Popen([sys.executable, "-c", parent], env=environment) as us:
        child = number_in(file)
        # setpriv arms the signal before it becomes the program itself.
        wait_until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
        us.kill()

    wait_until(lambda: not lives(child), message="the child outlived us")
