"""How ``target init`` shows and does what it plans."""

from __future__ import annotations

import difflib
import ipaddress
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sersync.cli.target_options import default_file
from sersync.errors import EnvironmentMissing, UsageError
from sersync.model.pasting import command_line, word
from sersync.model.target import RSYNC_PORT, RSYNCS_PORT, RemoteShell, RsyncModule
from sersync.rsyncd.certificate import certificate_of, make_certificate
from sersync.rsyncd.check import check_configuration
from sersync.rsyncd.conf import DaemonConfig, Module
from sersync.rsyncd.host import ThisHost
from sersync.rsyncd.lints.finding import Severity
from sersync.rsyncd.parameters import number
from sersync.rsyncd.reading import read_configuration
from sersync.rsyncd.secrets import generate_password, write_secrets
from sersync.rsyncd.setup import MAX_CONNECTIONS, TIMEOUT_S, Wish, new_text
from sersync.rsyncd.source_side import SourceSide, source_side
from sersync.rsyncd.syntax import Setting, parse

_HIGH_PORT: Final = 8730
"""For who may not take a port below 1024."""
_HIGH_TLS_PORT: Final = 8740


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for. Paths are absolute; *fake_super* None is what fits."""

    module: str
    path: str
    user: str
    allow: tuple[str, ...]
    port: int
    read_only: bool
    hosts: tuple[str, ...]
    config: str
    fake_super: bool | None
    tls: bool

    @property
    def config_file(self) -> Path:
        """The rsyncd.conf."""
        return Path(self.config)

    @property
    def secrets_file(self) -> Path:
        """The passwords, beside it."""
        return self.config_file.with_suffix(".secrets")


def make(request: Request, *, apply: bool) -> int:
    """Show what is to be changed, with *apply* do it, and print the source's part."""
    _check(request)
    as_root = os.geteuid() == 0
    wish = Wish(
        module=_module(request, as_root=as_root),
        daemon=_daemon(request, as_root=as_root),
        as_root=as_root,
    )
    before = _text_of(request.config_file)
    after = new_text(wish, request.config, ThisHost())
    passwords = _passwords(request.secrets_file)
    password = passwords.get(request.user, "") or generate_password()
    certificate, _ = certificate_of(request.config_file)
    steps = []
    if not os.path.isdir(request.path):
        steps.append(f"mkdir -p {word(request.path)}")
    if request.user not in passwords:
        steps.append(f"a password for {request.user} in {request.secrets_file}, mode 0600")
    if request.tls and not certificate.exists():
        steps.append(f"a certificate for {', '.join(request.hosts)}: {certificate}")
    _show(request, before, after, steps, apply=apply)
    if apply:
        _do(request, after if after != before else None, passwords | {request.user: password})
    _print_source_side(request, password, _port_in(after), certificate if request.tls else None)
    return 0


def _check(request: Request) -> None:
    for pattern in request.allow:
        try:
            ipaddress.ip_network(pattern, strict=False)
        except ValueError as error:
            raise UsageError(
                f"--allow: {error}", hint="Write an address, or a network as 192.168.0.0/24."
            ) from error
    if request.path == "/":
        raise UsageError("--path: a mirror to / would replace this system")


def _module(request: Request, *, as_root: bool) -> Module:
    fake_super = not as_root if request.fake_super is None else request.fake_super
    return Module(
        name=request.module,
        path=os.fsencode(request.path),
        read_only=request.read_only,
        uid="root",
        gid="root",
        users=(request.user,),
        secrets_file=os.fsencode(request.secrets_file),
        hosts_allow=request.allow,
        max_connections=MAX_CONNECTIONS,
        timeout_s=TIMEOUT_S,
        is_listed=False,
        fake_super=fake_super and _has_attributes(request.path),
    )


def _has_attributes(path: str) -> bool:
    """Tell whether the file system of *path* keeps extended attributes, as far as can be known."""
    above = path
    while not os.path.isdir(above):
        above = os.path.dirname(above)
    try:
        os.getxattr(above, "user.sersync.probe")
    except OSError as error:
        return error.errno != 95  # EOPNOTSUPP: it has none at all
    return True


def _daemon(request: Request, *, as_root: bool) -> DaemonConfig:
    if request.config != default_file():
        # A daemon of its own: it shares its files with no other one.
        run = logs = request.config_file.parent
    elif as_root:
        run, logs = Path("/run"), Path("/var/log")
    else:
        base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        run = logs = Path(base) / "sersync"
    return DaemonConfig(
        modules=(_module(request, as_root=as_root),),
        log_file=os.fsencode(logs / "rsyncd.log"),
        pid_file=os.fsencode(run / "rsyncd.pid"),
        lock_file=os.fsencode(run / "rsyncd.lock"),
        port=_plain_port(request),
        socket_options="TCP_NODELAY",
    )


def _plain_port(request: Request) -> int:
    """Return the port that rsyncd.conf is to name, 0 for none: with TLS, --port is that of TLS."""
    if request.tls or os.geteuid() == 0:
        return 0 if request.tls else request.port
    return request.port or _HIGH_PORT


def _text_of(file: Path) -> str:
    try:
        return os.fsdecode(file.read_bytes())
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise EnvironmentMissing(
            f"{file} cannot be read: {error.strerror}",
            hint="Run this as its owner, or name a file of your own: -c FILE",
        ) from error


def _passwords(file: Path) -> dict[str, str]:
    pairs = (line.partition(":") for line in _text_of(file).splitlines())
    return {user: password for user, colon, password in pairs if colon and user[:1] != "#"}


def _show(request: Request, before: str, after: str, steps: list[str], *, apply: bool) -> None:
    if before == after and not steps:
        print(f"# Everything is there already: [{request.module}] in {request.config}.")
        return
    print(f"# {'Done' if apply else 'To be done'} on this host:")
    for step in steps:
        print(f"#   {step}")
    if before != after:
        name = request.config
        old, new = before.splitlines(), after.splitlines()
        for line in difflib.unified_diff(old, new, name, name, lineterm=""):
            print(line)
    if not apply:
        print("# Nothing was changed. With --apply it is done.")
        if request.user and request.user not in _passwords(request.secrets_file):
            print("# The password below is only an example: paste what --apply prints.")
    print()


def _do(request: Request, text: str | None, passwords: dict[str, str]) -> None:
    try:
        os.makedirs(request.path, exist_ok=True)
        request.config_file.parent.mkdir(parents=True, exist_ok=True)
        if _passwords(request.secrets_file) != passwords:
            _add_password(request, passwords)
        if request.tls and not certificate_of(request.config_file)[0].exists():
            make_certificate(request.config_file, request.hosts)
        if text is not None:
            if os.geteuid() != 0:
                _make_parents(text)
            _replace(request.config_file, text)
    except OSError as error:
        raise EnvironmentMissing(
            f"{error.filename} cannot be written: {error.strerror}",
            hint="Do it as root, or without root in a place of yours: --config FILE --path DIR",
        ) from error
    configuration = read_configuration(request.config, ThisHost())
    for each in check_configuration(configuration, ThisHost()):
        if each.severity > Severity.NOTE and each.code != "port-taken":
            print(f"warning: {each.place}: {each.message}. {each.remedy}", file=sys.stderr)


def _add_password(request: Request, passwords: dict[str, str]) -> None:
    """Add a line to the secrets file, of which everything else stays."""
    text = _text_of(request.secrets_file)
    if not text:
        write_secrets(request.secrets_file, passwords)
        return
    with request.secrets_file.open("a", encoding="utf-8") as file:
        file.write("" if text.endswith("\n") else "\n")
        file.write(f"{request.user}:{passwords[request.user]}\n")
    request.secrets_file.chmod(0o600)


def _make_parents(text: str) -> None:
    """Make the directory of a pid file of our own; the system's directories are there."""
    for line in text.splitlines():
        name, _, value = line.partition(" = ")
        if name in ("pid file", "lock file", "log file"):
            os.makedirs(os.path.dirname(value), exist_ok=True)


def _replace(file: Path, text: str) -> None:
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
    draft = file.with_name(f".{file.name}.sersync")
    draft.write_bytes(os.fsencode(text))
    draft.chmod(mode)
    draft.replace(file)


def _port_in(text: str) -> int:
    """Return the port that the rsyncd.conf *text* names, or rsync's own."""
    ports = (each for each in parse(text) if isinstance(each, Setting) and each.name == "port")
    return next((number(each.value) for each in ports), RSYNC_PORT)


def _print_source_side(
    request: Request, password: str, plain_port: int, certificate: Path | None
) -> None:
    tls_port = request.port or (RSYNCS_PORT if os.geteuid() == 0 else _HIGH_TLS_PORT)
    endpoint = RsyncModule(
        host=request.hosts[0],
        module=request.module,
        user=request.user,
        port=tls_port if certificate else plain_port,
        tls=certificate is not None,
    )
    pem = ""
    if certificate is not None:
        pem = _text_of(certificate) or f"(the content of {certificate}, once it is made)"
    arguments = ["--tls"] if certificate else []
    if certificate and request.port:
        arguments += ["--port", str(request.port)]
    print("# Then start it here:")
    print(command_line("sersync", "target", "serve", "-c", request.config, *arguments))
    if os.geteuid() == 0:
        install = ["sersync", "service", "install", "--target", "-c", request.config, *arguments]
        print("# Or as a service, from now on:")
        print(command_line(*install))
    print()
    print("# And on the source:")
    for line in source_side(SourceSide(endpoint=endpoint, password=password, certificate=pem)):
        print(line)
    if os.geteuid() != 0:
        print()
        print(
            "# Without root, owners and devices cannot be kept as they are. With 'fake super' they"
        )
        print("# are kept in extended attributes, and symlinks become plain files: right for a")
        print("# backup. For a copy that programs use: --no-fake-super.")


def print_ssh(path: str, *, host: str, user: str, key_file: str) -> int:
    """Print the line that lets a key reach *path* by rsync and nothing else, and the source's part.

    See rrsync(1): ``-wo`` is writing alone, ``-no-lock`` allows several connections at once.
    """
    rrsync = shutil.which("rrsync")
    if rrsync is None:
        raise EnvironmentMissing(
            "rrsync is not installed (it comes with rsync 3.2.4 and later)",
            hint="apt-get install rsync    # or copy support/rrsync of rsync to /usr/local/bin",
        )
    if any(sign in path for sign in '"\\\n'):
        raise UsageError(f"--path: {path!r} cannot stand in authorized_keys")
    key = _public_key(key_file)
    command = f"{rrsync} -wo -no-lock {shlex.quote(path)}"
    print(f"# Add this line to ~{user}/.ssh/authorized_keys on this host:")
    print(f'command="{command}",restrict {key}')
    print()
    print("# rrsync keeps devices, FIFOs and sockets out.")
    print()
    print("# And on the source; the path is relative to the directory above:")
    for line in source_side(SourceSide(endpoint=RemoteShell(host=host, user=user, path="/"))):
        print(line)
    return 0


def _public_key(file: str) -> str:
    if not file:
        return (
            "ssh-ed25519 AAAA…    # the source's: ssh-keygen -t ed25519; cat ~/.ssh/id_ed25519.pub"
        )
    try:
        text = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--key: {file} cannot be read", hint=str(error)) from error
    if "PRIVATE" in text or len(text.splitlines()) != 1 or len(text.split()) < 2:
        raise UsageError(f"--key: {file} is no public key", hint="It ends with .pub.")
    return text
