"""TLS in front of an rsync daemon, by stunnel(8): one process for IPv4 and one for IPv6.

It tells the daemon who connects (``protocol = proxy``, rsyncd.conf(5) "proxy protocol"), so that
``hosts allow`` goes on meaning the client. There are two processes, because one that listens for
both families spells IPv4 addresses in a way that no ``hosts allow`` matches.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sersync.errors import EnvironmentMissing, SersyncError
from sersync.linux.service import Service
from sersync.rsyncd.running import LOOPBACK, greets

_READY_DEADLINE_S: Final = 10.0
_POLL_S: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Where TLS is spoken, with what, and the plain port of the daemon behind it."""

    port: int
    plain_port: int
    certificate: Path
    key: Path


def front_config(front: Front, address: str) -> str:
    """Return the configuration of the stunnel that listens on *address*. Pure."""
    only = "socket = a:IPV6_V6ONLY=yes\n" if ":" in address else ""
    return (
        # Its messages go to standard error; it starts no child and keeps no file.
        f"foreground = quiet\npid =\nsyslog = no\ndebug = warning\n{only}"
        f"[rsyncs]\naccept = {address}:{front.port}\nconnect = {LOOPBACK}:{front.plain_port}\n"
        f"protocol = proxy\ncert = {front.certificate}\nkey = {front.key}\n"
        "sslVersionMin = TLSv1.2\nTIMEOUTclose = 0\n"
    )


def wrapped_config(config_file: Path) -> str:
    """Return an rsyncd.conf that is *config_file* behind a front. Pure."""
    # Before rsync 3.5.0 the second line is unknown, and ignored.
    return f"proxy protocol = yes\nproxy protocol hosts = {LOOPBACK}\n&merge {config_file}\n"


class TlsFront:
    """The running fronts. For one thread."""

    def __init__(self, front: Front, directory: Path, *, output: int | None) -> None:
        """Prepare fronts with their files in *directory*, and their messages in *output*."""
        self._front = front
        self._directory = directory
        self._output = output
        self._services: list[Service] = []
        self._hosts: list[str] = []

    @property
    def is_running(self) -> bool:
        """All of them run."""
        return bool(self._services) and all(each.is_running for each in self._services)

    @property
    def end_in_words(self) -> str:
        """What ended, and how; "" while none has ended by itself."""
        return next(filter(None, (each.end_of("stunnel") for each in self._services)), "")

    def start(self) -> None:
        """Start them and return when they listen. Raises ``SersyncError``."""
        program = _stunnel()
        for file in (self._front.certificate, self._front.key):
            if not os.access(file, os.R_OK):
                raise EnvironmentMissing(
                    f"{file} cannot be read", hint="sersync target init --tls --apply makes one"
                )
        for address in ("0.0.0.0", "::") if _has_ipv6() else ("0.0.0.0",):  # noqa: S104
            file = self._directory / f"stunnel-{len(self._services)}.conf"
            file.write_text(front_config(self._front, address))
            service = Service([program, os.fspath(file)], output=self._output)
            service.start()
            self._services.append(service)
            self._hosts.append("::1" if ":" in address else LOOPBACK)
            self._await(service, self._hosts[-1])

    def greets(self) -> bool:
        """Tell whether the daemon behind them greets who comes by TLS, on each of them."""
        # Whether it is alive is asked, by itself, on this host; who it is need not be proved.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        return all(greets(host, self._front.port, tls=tls) for host in self._hosts)

    def stop(self) -> None:
        """End them."""
        for service in self._services:
            service.stop()
        self._services.clear()
        self._hosts.clear()

    def _await(self, service: Service, host: str) -> None:
        deadline_s = time.monotonic() + _READY_DEADLINE_S
        while not _listens(host, self._front.port):
            if not service.is_running or time.monotonic() > deadline_s:
                raise SersyncError(
                    f"stunnel did not start (exit code {service.stop()})",
                    hint="What it said stands above. Do the certificate and the key fit?",
                )
            time.sleep(_POLL_S)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _stunnel() -> str:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = shutil.which("stunnel", path=path) or shutil.which("stunnel4", path=path)
    if found is None:
        raise EnvironmentMissing(
            "stunnel is not installed (package 'stunnel4')", hint="apt-get install stunnel4"
        )
    return found
