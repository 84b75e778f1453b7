"""An rsync daemon of our own on the loopback: for the demo, for tests, for a first target.

It runs as whoever we are, on a port that nobody else uses, and ends with us.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sersync.errors import EnvironmentMissing, SersyncError
from sersync.linux.service import Service
from sersync.rsyncd.conf import DaemonConfig, Module, render

_HOST: Final = "127.0.0.1"
_GREETING: Final = b"@RSYNCD:"
_READY_DEADLINE_S: Final = 10.0
_POLL_S: Final = 0.01
_LAST_LINES: Final = 5


class EmbeddedDaemon:
    """One ``rsync --daemon`` on a free loopback port, with its files in one directory.

    The port is kept for us from the first ``start`` to ``close``, also while the daemon is
    stopped. For one thread.
    """

    def __init__(
        self, directory: Path, modules: Iterable[Module], *, socket_options: str = ""
    ) -> None:
        """Prepare a daemon that serves *modules* and keeps its own files in *directory*."""
        self._config_file = directory / "rsyncd.conf"
        self._log_file = directory / "rsyncd.log"
        self._output_file = directory / "rsyncd.out"
        self._text = render(
            DaemonConfig(
                modules=tuple(modules),
                log_file=os.fsencode(self._log_file),
                lock_file=os.fsencode(directory / "rsyncd.lock"),
                socket_options=socket_options,
            ),
            as_root=os.geteuid() == 0,
        )
        self._reserved: socket.socket | None = None
        self._service: Service | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port on 127.0.0.1; the same after a stop and a start."""
        if self._reserved is None:
            raise RuntimeError("the daemon was not started yet")
        return int(self._reserved.getsockname()[1])

    @property
    def pid(self) -> int | None:
        """The daemon's process id; None when it does not run."""
        return self._service.pid if self._service is not None else None

    @property
    def is_running(self) -> bool:
        """The daemon was started and has not ended."""
        return self._service is not None and self._service.is_running

    def url(self, module: str, *, user: str = "") -> str:
        """Return the address of *module*, as rsync and ``sersync mirror`` take it."""
        login = f"{user}@" if user else ""
        return f"rsync://{login}{_HOST}:{self.port}/{module}/"

    def log_text(self) -> str:
        """Return what the daemon has logged so far."""
        return "".join(
            file.read_text("utf-8", "surrogateescape")
            for file in (self._output_file, self._log_file)
            if file.exists()
        )

    def start(self) -> None:
        """Start the daemon and return when it greets; the second time on the same port.

        Raises ``EnvironmentMissing`` without rsync, ``SersyncError`` when it does not serve.
        """
        if self.is_running:
            return
        rsync = _rsync()
        if self._reserved is None:
            self._reserved = _reserve_port()
        self._config_file.write_bytes(self._text)
        self._service = Service(
            (
                rsync, "--daemon", "--no-detach",
                "--address", _HOST, "--port", str(self.port),
                "--config", os.fspath(self._config_file),
            ),
            env=_plain_environment(),
            output=self._output_file,
        )  # fmt: skip
        self._service.start()
        self._await_greeting(self._service)

    def stop(self) -> None:
        """End the daemon and all of its connections; ``start`` brings it back."""
        if self._service is not None:
            self._service.stop()
            self._service = None

    def close(self) -> None:
        """End the daemon and give the port back."""
        self.stop()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _await_greeting(self, service: Service) -> None:
        deadline_s = time.monotonic() + _READY_DEADLINE_S
        while not _greets(self.port):
            if not service.is_running or time.monotonic() > deadline_s:
                exit_code = service.stop()
                last_lines = "\n".join(self.log_text().splitlines()[-_LAST_LINES:])
                raise SersyncError(
                    f"the rsync daemon did not start (exit code {exit_code})",
                    hint=f"It said:\n{last_lines}\nIts configuration: {self._config_file}",
                )
            time.sleep(_POLL_S)


def _rsync() -> str:
    found = shutil.which("rsync")
    if found is None:
        raise EnvironmentMissing(
            "rsync is not installed (package 'rsync')", hint="apt-get install rsync"
        )
    return found


def _reserve_port() -> socket.socket:
    """Bind a free port without listening on it, so that only our daemon can get it.

    With SO_REUSEADDR on both sides and no listener yet, rsync may bind the same port
    (socket(7)); the kernel hands it to nobody who asks for any free port.
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((_HOST, 0))
    return reserved


def _greets(port: int) -> bool:
    try:
        with socket.create_connection((_HOST, port), timeout=1.0) as connection:
            return connection.recv(len(_GREETING)).startswith(_GREETING)
    except OSError:
        return False


def _plain_environment() -> dict[str, str]:
    """Return our environment in the plain locale, without what would steer rsync."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RSYNC_")}
    return kept | {"LC_ALL": "C"}
