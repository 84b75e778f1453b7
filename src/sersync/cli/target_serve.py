"""``sersync target serve``: an rsync daemon in the foreground, with its log in ours."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from typer import Option

from sersync.cli.target_options import Allow, Cert, Key, ReadOnly, Tls, check_tls, default_file
from sersync.errors import ConfigError, EnvironmentMissing, Mistake, UsageError
from sersync.model.pasting import word

log = logging.getLogger("sersync.daemon")

_Config = Annotated[
    str, Option("--config", "-c", metavar="FILE", help="An rsyncd.conf, instead of --module.")
]
_Module = Annotated[str, Option(metavar="NAME", help="Serve one module of this name.")]
_Path = Annotated[str, Option(metavar="DIR", help="The directory of the module.")]
_User = Annotated[str, Option(metavar="NAME", help="Who logs in, with --password-file.")]
_PasswordFile = Annotated[
    str, Option(metavar="FILE", help="The password of --user; it is made if it is not there.")
]
_Port = Annotated[
    int | None, Option(min=1, max=65535, metavar="N", help="873, or 874 with TLS, or 8730.")
]
_Address = Annotated[str, Option(metavar="ADDRESS", help="Listen on this address only.")]


def serve(
    config: _Config = "",
    module: _Module = "",
    path: _Path = "",
    user: _User = "",
    password_file: _PasswordFile = "",
    allow: Allow = None,
    read_only: ReadOnly = False,
    port: _Port = None,
    address: _Address = "",
    tls: Tls = None,
    cert: Cert = "",
    key: Key = "",
) -> int:
    """Run an rsync daemon in the foreground until Ctrl-C, by FILE or with one module."""
    from sersync.daemon.logs import configure
    from sersync.daemon.receiving import Reception, receive

    configure("info", stream=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="sersync-serve-") as home:
        if module or path:
            if config:
                raise UsageError("--config and --module exclude each other")
            secrets = (user, password_file)
            file = _one_module(Path(home), module, path, secrets, tuple(allow or ()), read_only)
            # Without a password, only who is on this host may come, unless others are named.
            address = address or ("127.0.0.1" if not user and not allow else "")
        else:
            file = Path(config or default_file())
        found_port, found_address = _listening(file)
        certificate, private = _certificate(file, tls, cert, key) or (None, None)
        if certificate is not None:
            found_port = 0
        return receive(
            Reception(
                config_file=file.resolve(),
                port=port or found_port or _usual_port(tls=certificate is not None),
                address=address or found_address,
                certificate=certificate,
                key=private,
            )
        )


def _usual_port(*, tls: bool) -> int:
    if os.geteuid() == 0:
        return 874 if tls else 873
    return 8740 if tls else 8730


def _listening(file: Path) -> tuple[int, str]:
    """Return the port (0: not said) and the address that *file* names; raise if it is broken."""
    from sersync.rsyncd.host import ThisHost
    from sersync.rsyncd.parameters import number
    from sersync.rsyncd.reading import Fault, read_configuration

    try:
        configuration = read_configuration(os.fspath(file), ThisHost())
    except OSError as error:
        raise EnvironmentMissing(
            f"{file} cannot be read: {error.strerror}",
            hint="sersync target init    # makes one; or name another with --config",
        ) from error
    if configuration.is_broken:
        broken = [each for each in configuration.remarks if each.fault is Fault.BROKEN]
        raise ConfigError(
            os.fspath(file), [Mistake(place=str(it.place), message=it.name) for it in broken]
        )
    common = configuration.common
    port = number(common.text("port"))
    if 0 < port < 1024 and os.geteuid() != 0:
        raise EnvironmentMissing(
            f"port {port} can be taken by root alone", hint=f"--port {_usual_port(tls=False)}"
        )
    return port, common.text("address")


def _certificate(file: Path, tls: bool | None, cert: str, key: str) -> tuple[Path, Path] | None:
    """Return what TLS is spoken with; None without TLS.

    A file that was made for TLS is never served without it by accident: that has to be asked for.
    """
    from sersync.rsyncd.certificate import certificate_of, found_certificate

    check_tls(tls, cert, key)
    if cert:
        return Path(cert).resolve(), Path(key).resolve()
    found = None if tls is False else found_certificate(file)
    if tls is None and found is not None:
        log.info("TLS is spoken, because %s is there; without: --no-tls", found[0].parent)
    return found or (certificate_of(file.resolve()) if tls else None)


def _one_module(
    home: Path,
    name: str,
    path: str,
    secrets: tuple[str, str],
    allow: tuple[str, ...],
    read_only: bool,
) -> Path:
    """Write a configuration with one module into *home* and return it."""
    from sersync.rsyncd.conf import DaemonConfig, Module, render

    if not name or not path:
        raise UsageError("--module and --path go together")
    if not os.path.isdir(path):
        raise UsageError(f"--path: {path} is no directory", hint=f"mkdir -p {word(path)}")
    user, _ = secrets
    as_root = os.geteuid() == 0
    module = Module(
        name=name,
        path=os.fsencode(os.path.abspath(path)),
        read_only=read_only,
        uid="root",
        gid="root",
        users=(user,) if user else (),
        secrets_file=os.fsencode(_secrets(home, *secrets)),
        hosts_allow=allow,
    )
    daemon = DaemonConfig(
        modules=(module,),
        lock_file=os.fsencode(home / "rsyncd.lock"),
        socket_options="TCP_NODELAY",
    )
    file = home / "rsyncd.conf"
    file.write_bytes(render(daemon, as_root=as_root))
    return file


def _secrets(home: Path, user: str, password_file: str) -> str:
    from sersync.rsyncd.secrets import generate_password, write_password, write_secrets

    if bool(user) != bool(password_file):
        raise UsageError("--user and --password-file go together")
    if not user:
        return ""
    file = Path(password_file)
    if not file.exists():
        write_password(file, generate_password())
    password = file.read_text("utf-8").splitlines()[0:1]
    if not password or not password[0]:
        raise UsageError(f"--password-file: {file} holds no password")
    write_secrets(home / "secrets", {user: password[0]})
    return os.fspath(home / "secrets")
