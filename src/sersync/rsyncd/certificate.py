"""A certificate for the TLS of one rsyncd.conf, made by openssl-req(1) and vouching for itself."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sersync.errors import EnvironmentMissing
from sersync.linux.once import run_once

_DAYS: Final = 3650
_DEADLINE_S: Final = 60.0


def certificate_of(config_file: Path) -> tuple[Path, Path]:
    """Return where the certificate and its key for *config_file* stand."""
    directory = config_file.with_name(f"{config_file.stem}.tls")
    return directory / "cert.pem", directory / "key.pem"


def found_certificate(config_file: Path) -> tuple[Path, Path] | None:
    """Return where the certificate and the key are that make *config_file* one for TLS, or None.

    What is missing of them is no reason to do without: whoever made the directory meant TLS.
    """
    for file in (config_file.absolute(), config_file.resolve()):
        found = certificate_of(file)
        if os.path.lexists(found[0].parent):
            return found
    return None


def make_certificate(config_file: Path, hosts: Sequence[str]) -> None:
    """Make a certificate that names *hosts*, by name or address, and its key, mode 0600.

    Raises ``EnvironmentMissing`` without openssl, and ``OSError``.
    """
    certificate, key = certificate_of(config_file)
    certificate.parent.mkdir(mode=0o755, exist_ok=True)
    before = os.umask(0o077)
    try:
        done = run_once(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-nodes"),
                *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", str(_DAYS)),
                *("-subj", f"/CN={hosts[0][:64]}", "-addext", f"subjectAltName={_names(hosts)}"),
                *("-keyout", os.fspath(key), "-out", os.fspath(certificate)),
            ],
            deadline_s=_DEADLINE_S,
        )
    finally:
        os.umask(before)
    if done.code:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise EnvironmentMissing(
            f"openssl made no certificate: {' '.join(said)}", hint="apt-get install openssl"
        )
    certificate.chmod(0o644)


def _names(hosts: Sequence[str]) -> str:
    return ",".join(f"{'IP' if _is_address(host) else 'DNS'}:{host}" for host in hosts)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
