"""The contestants: each keeps a target like its source, as its users would have it do it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.meter import wait_until_quiet
from benchmarks.observe import Arrivals
from benchmarks.place import Place
from sersync.linux.service import Service

_PROJECT = Path(__file__).parent.parent
_LSYNCD = """\
settings {{ nodaemon = true, insist = true, logfile = "{home}/log", statusFile = "{home}/status" }}
sync {{
    default.rsync, source = "{source}", target = "{target}", delay = {delay_s},
    rsync = {{ archive = true }},
}}
"""


class Replicator(ABC):
    """A running program that replicates; it ends with the row."""

    is_strict = False
    """It promises modes, owners and times to the nanosecond."""

    def __init__(self, place: Place, source: Path, *urls: str) -> None:
        self.source = source
        self.home = place.fresh(type(self).__name__.lower())
        self._service = Service(
            self.command(urls),
            env={**os.environ, "PYTHONPATH": os.fspath(_PROJECT / "src")},
            output=self.home / "output",
        )
        self._service.start()
        place.stack.callback(self._service.stop)

    @abstractmethod
    def command(self, urls: Sequence[str]) -> Sequence[str]:
        """Return what a user would type."""

    @property
    def pid(self) -> int:
        """The program's process id."""
        if self._service.pid is None or not self._service.is_running:
            output = (self.home / "output").read_text(errors="replace")
            raise RuntimeError(f"{type(self).__name__} ended: {output[-2000:]}")
        return self._service.pid

    def settle(self, *targets: Path, timeout_s: float = 120.0) -> None:
        """Return when a change arrives on all *targets* and all is quiet after it."""
        name = f"probe-{time.monotonic_ns()}"
        with Arrivals(targets[0]) as arrivals:
            # A watch may not stand yet: probe again until the first one arrives.
            for attempt in range(int(timeout_s)):
                (self.source / name).write_text(str(attempt))
                try:
                    arrivals.wait_for(name, timeout_s=2.0)
                    break
                except TimeoutError:
                    assert self.pid
        _wait(lambda: all((target / name).exists() for target in targets), timeout_s)
        (self.source / name).unlink()
        _wait(lambda: not any((target / name).exists() for target in targets), timeout_s)
        wait_until_quiet(self.pid)


class Sersync(Replicator):
    """``sersync mirror``, with its defaults."""

    is_strict = True

    def __init__(self, place: Place, source: Path, *urls: str, options: Sequence[str] = ()) -> None:
        self._options = options
        super().__init__(place, source, *urls)

    def command(self, urls: Sequence[str]) -> Sequence[str]:
        return (
            sys.executable, "-m", "sersync", "mirror", os.fspath(self.source), *urls,
            "--state-dir", os.fspath(self.home / "state"), "--quiet", *self._options,
        )  # fmt: skip


class Lsyncd(Replicator):
    """Debian's lsyncd with ``default.rsync`` and ``archive``; its default delay is 15 s."""

    def __init__(self, place: Place, source: Path, url: str, *, delay_s: int) -> None:
        self._delay_s = delay_s
        super().__init__(place, source, url)

    def command(self, urls: Sequence[str]) -> Sequence[str]:
        file = self.home / "lsyncd.conf.lua"
        file.write_text(
            _LSYNCD.format(
                home=self.home, source=self.source, target=urls[0], delay_s=self._delay_s
            )
        )
        return ("lsyncd", "-nodaemon", os.fspath(file))


class InotifywaitLoop:
    """``inotifywait -m -r``, and one ``rsync -a --delete`` of everything per batch of events."""

    is_strict = False

    def __init__(self, place: Place, source: Path, url: str) -> None:
        self._command = ("rsync", "-a", "--delete", f"{source}/", url)
        self._events = subprocess.Popen(
            (
                "inotifywait", "-q", "-m", "-r",
                "-e", "close_write,create,delete,move,attrib", os.fspath(source),
            ),
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()
        place.stack.callback(self._close)
        # There is no word of inotifywait's when it is ready that -q leaves; the trees are small.
        time.sleep(0.5)

    def settle(self, *targets: Path) -> None:
        """Return at once: there is nothing that would go on by itself."""

    def _loop(self) -> None:
        assert self._events.stdout is not None
        descriptor = self._events.stdout.fileno()
        while os.read(descriptor, 1 << 20):
            subprocess.run(self._command, stderr=subprocess.DEVNULL, check=False)

    def _close(self) -> None:
        self._events.terminate()
        self._events.wait()
        self._thread.join()
        assert self._events.stdout is not None
        self._events.stdout.close()


class FedByHand:
    """An rsync that is connected and waits for its list on stdin: the floor for any replicator."""

    def __init__(self, source: Path, url: str) -> None:
        self._command = (
            "rsync", "-a", "--modify-window=-1", "--force", "--delete", "--delete-missing-args",
            "-d", "--no-r", "--files-from=-", "--from0", "--timeout=60",
            "--sockopts=TCP_NODELAY", f"{source}/", url,
        )  # fmt: skip
        self._waiting: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        """Start the next one; it takes a moment until it is connected."""
        self._waiting = subprocess.Popen(self._command, stdin=subprocess.PIPE)

    def feed(self, *paths: str) -> None:
        """Let it carry *paths*; a directory with a slash at the end is one level."""
        assert self._waiting is not None
        assert self._waiting.stdin is not None
        self._waiting.stdin.write(b"".join(b"/" + os.fsencode(path) + b"\0" for path in paths))
        self._waiting.stdin.close()

    def finish(self) -> None:
        """Wait for its end."""
        assert self._waiting is not None
        if self._waiting.wait():
            raise RuntimeError(f"rsync ended with {self._waiting.returncode}")


def plain_rsync_s(source: Path, target: str) -> float:
    """Return the seconds that one ``rsync -a`` of everything takes."""
    start_s = time.monotonic()
    subprocess.run(("rsync", "-a", f"{source}/", target), check=True)
    return time.monotonic() - start_s


def _wait(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError("a probe did not arrive, or did not go again")
        time.sleep(0.01)
