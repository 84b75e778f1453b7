"""An rsync daemon of our own on the loopback: for the demo, for tests, for a first target.

It runs as whoever we are, on a port that nobody else uses, and ends with us.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sersync.rsyncd.conf import DaemonConfig, Module, render
from sersync.rsyncd.running import LOOPBACK, RsyncDaemon, reserve_port, rsync_program

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
        self._daemon: RsyncDaemon | None = None

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
        return self._daemon.pid if self._daemon is not None else None

    @property
    def is_running(self) -> bool:
        """The daemon was started and has not ended."""
        return self._daemon is not None and self._daemon.is_running

    def url(self, module: str, *, user: str = "") -> str:
        """Return the address of *module*, as rsync and ``sersync mirror`` take it."""
        login = f"{user}@" if user else ""
        return f"rsync://{login}{LOOPBACK}:{self.port}/{module}/"

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
        rsync_program()
        if self._reserved is None:
            self._reserved = reserve_port()
        self._config_file.write_bytes(self._text)
        self._daemon = RsyncDaemon(
            self._config_file,
            address=LOOPBACK,
            port=self.port,
            output=self._output_file,
            last_words=self._last_words,
        )
        self._daemon.start()

    def stop(self) -> None:
        """End the daemon and all of its connections; ``start`` brings it back."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None

    def close(self) -> None:
        """End the daemon and give the port back."""
        self.stop()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _last_words(self) -> str:
        return "\n".join(self.log_text().splitlines()[-_LAST_LINES:])
