"""``sersync2`` as scripts run it: a program of that name, all its files in the test's directory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cli import MODULES
from tests.support.rsyncd import Rsyncd
from tests.support.trees import wait_until


class Legacy:
    """Everything that a host with sersync2 on it has."""

    def __init__(self, home: Path, rsyncd: Rsyncd, free_port: Callable[[], int]) -> None:
        self.free_port = free_port
        self.home = home
        self.source = home / "source"
        self.source.mkdir()
        (self.source / "kept").write_text("so that it is never empty")
        self.copy = rsyncd.locked.root
        self._rsyncd = rsyncd
        self.program = home / "bin" / "sersync2"
        self.program.parent.mkdir()
        self.program.write_text(
            f"#!{sys.executable}\nfrom sersync.cli.legacy import main\n\nmain()\n"
        )
        self.program.chmod(0o755)
        self.config = self.write("confxml.xml")

    def write(self, name: str, **changes: str) -> Path:
        """Write a configuration; *changes* replace what stands in it."""
        locked = self._rsyncd.locked
        text = (
            '<?xml version="1.0" encoding="ISO-8859-1"?>\n<head version="2.5">\n'
            f'<host hostip="localhost" port="{self.free_port()}"/>\n'
            f'<sersync><localpath watch="{self.source}"><remote ip="127.0.0.1" name="locked"/>'
            "</localpath>\n"
            f'<rsync><commonParams params="-artuz"/><auth start="true" users="{locked.user}"'
            f' passwordfile="{locked.password_file}"/>'
            f'<userDefinedPort start="true" port="{self._rsyncd.port}"/></rsync>\n'
            f'<failLog path="{self.home}/fail_log.sh" timeToExecute="1"/></sersync>\n</head>\n'
        )
        for old, new in changes.items():
            text = text.replace(old, new)
        file = self.home / name
        file.write_text(text)
        return file

    @property
    def environ(self) -> dict[str, str]:
        """What its processes see; nothing of it is written outside of the test's directory."""
        return {
            "PATH": f"{self.program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": MODULES,
            "HOME": os.fspath(self.home),
            "STATE_DIRECTORY": os.fspath(self.home / "state" / "confxml"),
            "RUNTIME_DIRECTORY": os.fspath(self.home / "run"),
            "LOGS_DIRECTORY": os.fspath(self.home / "log"),
        }

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it until it returns."""
        return subprocess.run(
            [self.program, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environ | self._state_of(words) | environ,
            cwd=self.home,
        )

    def _state_of(self, words: tuple[str, ...]) -> dict[str, str]:
        """Return where the instance keeps its state, as a service manager would tell it."""
        config = Path(words[words.index("-o") + 1]) if "-o" in words[:-1] else self.config
        return {"STATE_DIRECTORY": os.fspath(self.home / "state" / config.stem)}

    def start(self, *words: str) -> int:
        """Start it in the background; return its process id."""
        done = self.run("-d", *words)
        assert done.returncode == 0, done.stderr
        return self.pids()[-1]

    def pids(self) -> list[int]:
        """Return the process ids in its files, the newest last."""
        files = sorted((self.home / "run").glob("*.pid"), key=lambda file: file.stat().st_mtime)
        return [int(file.read_text()) for file in files]

    def log(self) -> str:
        """Return what was logged."""
        return "".join(file.read_text() for file in (self.home / "log").glob("*.log"))

    def end(self, pid: int, number: int = signal.SIGTERM) -> None:
        """Send a signal, and wait until that process has gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        wait_until(lambda: not is_running(pid), 30)

    def end_all(self) -> None:
        """End all that is left."""
        for pid in self.pids():
            if self._is_ours(pid):
                self.end(pid, signal.SIGKILL)

    def _is_ours(self, pid: int) -> bool:
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        return os.fsencode(self.home) in environ


def is_running(pid: int) -> bool:
    """Tell whether the process is there, and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def legacy(tmp_path: Path, rsyncd: Rsyncd, free_port: Callable[[], int]) -> Iterator[Legacy]:
    """A host with sersync2, its configuration and an rsync daemon; ended with the test."""
    legacy = Legacy(tmp_path, rsyncd, free_port)
    yield legacy
    legacy.end_all()
