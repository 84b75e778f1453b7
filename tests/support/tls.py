"""Certificates as targets have them, and a real stunnel in front of a plain daemon."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from sersync.linux.service import Service
from tests.support.trees import wait_until


def make_certificate(
    directory: Path, *, name: str = "localhost", address: str = "127.0.0.1", days: int = 30
) -> tuple[Path, Path]:
    """Make a certificate that vouches for itself; return it and its key. Days may be negative."""
    directory.mkdir(parents=True, exist_ok=True)
    certificate, key, request = (directory / file for file in ("cert.pem", "key.pem", "request"))
    extensions = directory / "extensions"
    extensions.write_text(f"subjectAltName=DNS:{name},IP:{address}\n")
    _openssl(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", f"/CN={name}", "-keyout", key, "-out", request),
    )
    _openssl(
        *("x509", "-req", "-in", request, "-signkey", key, "-days", str(days)),
        *("-extfile", extensions, "-out", certificate),
    )
    return certificate, key


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def why_no_tls() -> str:
    """Return what is missing for TLS here; "" when it can be had."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    missing = [tool for tool in ("openssl", "stunnel") if not shutil.which(tool, path=path)]
    return f"{', '.join(missing)} not installed (apt-get install stunnel4)" if missing else ""


def free_port() -> int:
    """Return a port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stunnel:
    """TLS on a port of its own, in front of the plain *port*."""

    def __init__(self, home: Path, *, port: int, certificate: Path, key: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = home / "stunnel.log"
        (home / "stunnel.conf").write_text(
            f"foreground = quiet\npid =\nsyslog = no\n"
            f"[rsyncs]\naccept = 127.0.0.1:{self.port}\nconnect = 127.0.0.1:{port}\n"
            f"cert = {certificate}\nkey = {key}\nTIMEOUTclose = 0\n"
        )
        self.service = Service(["stunnel", os.fspath(home / "stunnel.conf")], output=self.log)
        self.service.start()
        wait_until(self._listens, message=self.log.read_text)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def tls_tools() -> None:
    """Skip where the programs for TLS are missing."""
    if reason := why_no_tls():
        pytest.skip(reason)
