"""One ``rsync --daemon`` as a child of ours: started, greeted, ended."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from sersync.errors import EnvironmentMissing, SersyncError
from sersync.linux.service import Service

LOOPBACK: Final = "127.0.0.1"
_GREETING: Final = b"@RSYNCD:"
_LONGEST_GREETING: Final = 4096
_PROXIED: Final = b"PROXY UNKNOWN\r\n"
"""What a daemon with 'proxy protocol' wants to hear first (its version 1)."""
_READY_DEADLINE_S: Final = 10.0
_POLL_S: Final = 0.01
_ANSWER_DEADLINE_S: Final = 1.0


class RsyncDaemon:
    """A daemon that serves *config_file* on *port*, of *address* or of every one of the host.

    *output* takes what it says and, with *log_file* ``/dev/stdout``, its log. For one thread.
    """

    def __init__(
        self,
        config_file: Path,
        *,
        port: int,
        address: str = "",
        log_file: str = "",
        output: Path | int | None = None,
        is_proxied: bool = False,
        last_words: Callable[[], str] = str,
    ) -> None:
        """Prepare it; *last_words* returns what it said when it does not start."""
        self.port = port
        self._config_file = config_file
        self._address = address
        self._log_file = log_file
        self._output = output
        self._is_proxied = is_proxied
        self._last_words = last_words
        self._service: Service | None = None

    @property
    def pid(self) -> int | None:
        """The daemon's process id; None when it does not run."""
        return self._service.pid if self._service is not None else None

    @property
    def is_running(self) -> bool:
        """The daemon was started and has not ended."""
        return self._service is not None and self._service.is_running

    @property
    def end_in_words(self) -> str:
        """What ended, and how; "" for a daemon that has not ended by itself."""
        return self._service.end_of("rsync") if self._service is not None else ""

    def start(self) -> None:
        """Start the daemon and return when it greets.

        Raises ``EnvironmentMissing`` without rsync, ``SersyncError`` when it does not serve.
        """
        if self.is_running:
            return
        self._service = Service(self._argv(), env=_plain_environment(), output=self._output)
        self._service.start()
        deadline_s = time.monotonic() + _READY_DEADLINE_S
        while not self.answers():
            if not self._service.is_running or time.monotonic() > deadline_s:
                exit_code = self._service.stop()
                raise SersyncError(
                    f"the rsync daemon did not start (exit code {exit_code})",
                    hint=f"It said:\n{self._last_words()}\nIts configuration: {self._config_file}",
                )
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End the daemon and all of its connections; ``start`` brings it back."""
        if self._service is not None:
            self._service.stop()
            self._service = None

    def answers(self) -> bool:
        """Tell whether it greets who connects, within a second or so."""
        hosts = (self._address,) if self._address else (LOOPBACK, "::1")
        return any(greets(host, self.port, is_proxied=self._is_proxied) for host in hosts)

    def _argv(self) -> Sequence[str]:
        return (
            rsync_program(), "--daemon", "--no-detach",
            *(("--address", self._address) if self._address else ()),
            "--port", str(self.port),
            "--config", os.fspath(self._config_file),
            *(("--log-file", self._log_file) if self._log_file else ()),
        )  # fmt: skip


def greets(
    host: str, port: int, *, is_proxied: bool = False, tls: ssl.SSLContext | None = None
) -> bool:
    """Tell whether an rsync daemon answers there, inside of *tls* where that is given."""
    try:
        with ExitStack() as stack:
            connection = stack.enter_context(
                socket.create_connection((host, port), timeout=_ANSWER_DEADLINE_S)
            )
            if tls is not None:
                connection = stack.enter_context(tls.wrap_socket(connection))
            if is_proxied:
                connection.sendall(_PROXIED)
            # All of it is read, or the daemon would log that we reset the connection.
            return connection.recv(_LONGEST_GREETING).startswith(_GREETING)
    except OSError:
        return False


def rsync_program() -> str:
    """Return where rsync is. Raises ``EnvironmentMissing``."""
    found = shutil.which("rsync")
    if found is None:
        raise EnvironmentMissing(
            "rsync is not installed (package 'rsync')", hint="apt-get install rsync"
        )
    return found


def reserve_port() -> socket.socket:
    """Bind a free port without listening on it, so that only our daemon can get it.

    With SO_REUSEADDR on both sides and no listener yet, rsync may bind the same port
    (socket(7)); the kernel hands it to nobody who asks for any free port.
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((LOOPBACK, 0))
    return reserved


def _plain_environment() -> dict[str, str]:
    """Return our environment in the plain locale, without what would steer rsync."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RSYNC_")}
    return kept | {"LC_ALL": "C"}
