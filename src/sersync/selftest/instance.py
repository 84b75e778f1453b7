"""The daemon under test: ``sersync run`` as a child, killed and started as often as it takes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sersync.api.client import NotReachable, fetch_status
from sersync.linux.service import Service
from sersync.selftest.row import Broken
from sersync.selftest.until import wait_until

_READY_S: Final = 30.0
_LAST_LINES: Final = 15


class Instance:
    """One daemon with its files in *place*. For one thread."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.config_file = place / "sersync.toml"
        self.state_dir = place / "state"
        self.log_file = place / "log"
        self.prefix: tuple[str, ...] = ()
        """Put before the command: what confines it."""
        self.environ: Mapping[str, str] = {}
        """Added to the daemon's environment."""
        self.modules: Path | None = None
        """A directory whose Python modules come before all others."""
        self._service: Service | None = None

    @property
    def pid(self) -> int:
        """Its process id. Raises ``Broken`` when it does not run."""
        if self._service is None or self._service.pid is None:
            raise Broken("the daemon does not run")
        return self._service.pid

    @property
    def is_running(self) -> bool:
        """It was started and has not ended."""
        return self._service is not None and self._service.is_running

    @property
    def log(self) -> str:
        """Everything it has logged, over all of its starts."""
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.splitlines()[-_LAST_LINES:])

    def start(self, *, is_awaited: bool = True) -> None:
        """Start it; return when it answers at its control socket, unless not *is_awaited*."""
        argv = (sys.executable, "-m", "sersync", "run", "-c", os.fspath(self.config_file))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("RSYNC_")}
        first = [] if self.modules is None else [os.fspath(self.modules)]
        path = os.pathsep.join([*first, *filter(None, sys.path)])
        env = {**kept, "PYTHONPATH": path, "LC_ALL": "C.UTF-8", **self.environ}
        self._service = Service((*self.prefix, *argv), env=env, output=self.log_file)
        self._service.start()
        if is_awaited:
            wait_until(self._answers, "the daemon answers", within_s=_READY_S)

    def kill(self) -> None:
        """End it as the kernel does when memory is short: at once (SIGKILL)."""
        self.signal(signal.SIGKILL)
        self._reap()

    def stop(self) -> None:
        """Ask it to end (SIGTERM) and wait. Raises ``Broken`` unless it ends with 0."""
        self.signal(signal.SIGTERM)
        service = self._service
        wait_until(lambda: not self.is_running, "the daemon ends after SIGTERM")
        self._reap()
        if service is not None and service.exit_code != 0:
            raise Broken(f"the daemon ended with {service.exit_code} after SIGTERM")

    def close(self) -> None:
        """End it, however it stands."""
        if self.is_running:
            self.signal(signal.SIGKILL)
        self._reap()

    def signal(self, number: signal.Signals) -> None:
        """Send *number* to the daemon alone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def status(self) -> dict[str, Any] | None:
        """Return its status document (docs/json-contract.md); None when it does not answer."""
        try:
            return fetch_status(os.fspath(self.state_dir / "control.sock"))
        except NotReachable:
            return None

    def targets(self) -> dict[str, dict[str, Any]]:
        """Return the status of each target by its name; empty when it does not answer."""
        document = self.status()
        if document is None:
            return {}
        return {
            target["target"]: target
            for source in document["sources"]
            for target in source["targets"]
        }

    def children(self) -> list[int]:
        """Return the processes that it has started and that still are."""
        return children_of(self.pid)

    def _answers(self) -> bool:
        if not self.is_running:
            raise Broken(f"the daemon does not start:\n{self.last_words}")
        return self.status() is not None

    def _reap(self) -> None:
        if self._service is not None:
            self._service.stop()
            self._service = None


def children_of(pid: int) -> list[int]:
    """Return the processes that *pid* has started and that still are (proc(5))."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def descendants_of(pid: int) -> list[int]:
    """Return the processes below *pid*, its children first."""
    found = children_of(pid)
    for each in found:
        found += children_of(each)
    return found


def written_by(pids: Sequence[int]) -> int:
    """Return how many bytes those of *pids* that still are have written so far (proc(5))."""
    written = 0
    for pid in pids:
        with suppress(OSError):
            fields = dict(map(str.split, Path(f"/proc/{pid}/io").read_text().splitlines()))
            written += int(fields["wchar:"])
    return written


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    """Send *number* to each of *pids* that still is."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def is_stopped(pid: int) -> bool:
    """Tell whether *pid* stands still after SIGSTOP, in all of its threads (proc(5))."""
    try:
        states = [
            (task / "stat").read_text().rsplit(")", 1)[1].split()[0]
            for task in Path(f"/proc/{pid}/task").iterdir()
        ]
    except OSError:
        return False
    return set(states) <= {"T", "t", "Z"}


def pause_for(seconds: float) -> None:
    """Let an outage last. Nothing is waited for: that it lasts is what is tried."""
    time.sleep(seconds)
