"""``sersync service``: either side as a service of this host."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from sersync.cli.options import Config
from sersync.cli.target_options import Cert, Key, Tls, check_tls
from sersync.errors import UsageError

if TYPE_CHECKING:
    from sersync.install.job import Job
    from sersync.install.place import Place

_TARGET_UNIT = "sersync-target.service"
_TARGET_SERVICE = "sersync-target"
_TARGET_CONFIG = "/etc/rsyncd.conf"
_MANAGED = "/the-service-manager-chooses"
"""Stands for a state directory that the configuration does not name."""

service = typer.Typer(
    help="Either side as a service: systemd units, or an rc script without systemd.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Name = Annotated[str, Option(metavar="NAME", help="Of the service; unset: the file's own.")]
Target = Annotated[bool, Option("--target", help="The receiving side, an rsync daemon.")]
Port = Annotated[
    int | None,
    Option(min=1, max=65535, metavar="N", help="With --target: 873, or 874 with TLS, if unset."),
]
Root = Annotated[
    str, Option(metavar="DIR", help="Put the files below DIR, for an image; start nothing.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How the receiving side is to be served, as ``target serve`` takes it."""

    port: int | None = None
    tls: bool | None = None
    cert: str = ""
    key: str = ""


@service.command()
def install(
    config: Config = "",
    target: Target = False,
    name: Name = "",
    user: Annotated[
        str, Option(metavar="NAME", help="Run as this user, who still may read every source.")
    ] = "",
    port: Port = None,
    tls: Tls = None,
    cert: Cert = "",
    key: Key = "",
    print_: Annotated[bool, Option("--print", help="Print the files; change nothing.")] = False,
    rc: Annotated[bool, Option("--rc", help="An rc script, also where systemd runs.")] = False,
    root: Root = "/",
) -> int:
    """Install and start sersync@NAME.service for FILE, or sersync-target.service with --target."""
    from sersync.install.place import Place

    place = Place(root=Path(root))
    by_script = rc or not place.has_systemd
    serving = Serving(port=port, tls=tls, cert=cert, key=key)
    if target:
        _check_target(place, config, name=name, user=user, is_put=not print_)
        options = _serve_options(place, config, serving)
        file, text, what = _target_files(place, config, options, rc=by_script)
    else:
        _check_source(serving)
        file, text, what = _source_files(place, _job(config, name, user), rc=by_script)
    if print_:
        print(f"# {file}")
        print(text, end="")
        for line in _cron_hint(what) if by_script else ():
            print(line)
        return 0
    return _put(place, file, text, what, rc=by_script)


@service.command()
def uninstall(
    config: Config = "", target: Target = False, name: Name = "", root: Root = "/"
) -> int:
    """Stop the service and remove its files; configuration and state stay."""
    from sersync.install.place import Place, take_away, take_script_away

    place = Place(root=Path(root))
    if target:
        _check_target(place, config, name=name)
        unit, script = _TARGET_UNIT, _TARGET_SERVICE
    else:
        name = name or _name_of(config)
        if not name:
            raise UsageError("which service?", hint="sersync service uninstall -c FILE")
        unit, script = f"sersync@{name}.service", f"sersync-{name}"
    found = [take_away(place, unit), take_script_away(place, script)]
    print(f"{unit} is gone; its configuration and its state are still there"
          if any(found) else f"there is no {unit}")  # fmt: skip
    return 0 if any(found) else 1


def _check_target(
    place: Place, config: str, *, name: str, user: str = "", is_put: bool = False
) -> None:
    """Refuse what cannot be meant with --target, and a service without its configuration."""
    if name:
        raise UsageError(
            "--name is not for --target", hint=f"The receiving side is always {_TARGET_UNIT}."
        )
    if user:
        raise UsageError(
            "--user is not for --target",
            hint="Whose files a module writes is said by its 'uid' and 'gid' in rsyncd.conf.",
        )
    # The default may still come into an image; a file that was named should be there.
    if not is_put or (place.is_image and not config):
        return
    file = Path(os.path.abspath(config or _TARGET_CONFIG))
    inside = place.root / file.relative_to("/")
    if not os.path.exists(file) and not os.path.exists(inside):
        raise UsageError(
            f"{file} does not exist, so nothing could be served",
            hint="sersync target init    # makes one",
        )


def _check_source(serving: Serving) -> None:
    """Refuse what is for the receiving side alone."""
    if serving != Serving():
        raise UsageError(
            "--port, --tls, --cert and --key are for --target",
            hint="How a target is reached is said in the configuration of the source.",
        )


def _serve_options(place: Place, config: str, serving: Serving) -> list[str]:
    """Return the options of ``target serve`` for the service.

    They name TLS where the file was made for it, so that a certificate that is gone later is an
    error of the service, and no reason to serve without.
    """
    from sersync.install.job import checked
    from sersync.rsyncd.certificate import found_certificate

    check_tls(serving.tls, serving.cert, serving.key)
    options = [] if serving.port is None else ["--port", str(serving.port)]
    if serving.cert:
        cert, key = (checked(os.path.abspath(file)) for file in (serving.cert, serving.key))
        return [*options, "--cert", cert, "--key", key]
    if serving.tls is not None:
        return [*options, "--tls" if serving.tls else "--no-tls"]
    file = Path(os.path.abspath(config or _TARGET_CONFIG))
    found = found_certificate(file) or found_certificate(place.root / file.relative_to("/"))
    return [*options, "--tls"] if found else options


def _job(config: str, name: str, user: str) -> Job:
    from sersync.cli.messages import warn
    from sersync.config.file import load
    from sersync.install.job import job_of

    if not config:
        raise UsageError(
            "which configuration?", hint="sersync service install -c FILE, or --target"
        )
    # Where the configuration names no directory, the service manager's is taken.
    loaded = load(config, {**os.environ, "STATE_DIRECTORY": _MANAGED})
    warn(loaded.warnings)
    state_dir = loaded.settings.state_dir
    return job_of(
        loaded.settings,
        name=name or _name_of(config),
        program=_program(),
        user=user,
        state_dir="" if state_dir == _MANAGED else state_dir,
    )


def _source_files(place: Place, job: Job, *, rc: bool) -> tuple[Path, str, str]:
    from sersync.install.rc import source_script
    from sersync.install.unit import source_unit

    if rc:
        return place.script_file(f"sersync-{job.name}"), source_script(job), f"sersync-{job.name}"
    return place.unit_file(job.unit), source_unit(job), job.unit


def _target_files(
    place: Place, config: str, options: list[str], *, rc: bool
) -> tuple[Path, str, str]:
    from sersync.install.job import checked
    from sersync.install.rc import target_script
    from sersync.install.unit import target_unit

    file = checked(os.path.abspath(config or _TARGET_CONFIG))
    if rc:
        script = target_script(_program(), file, options)
        return place.script_file(_TARGET_SERVICE), script, _TARGET_SERVICE
    return place.unit_file(_TARGET_UNIT), target_unit(_program(), file, options), _TARGET_UNIT


def _put(place: Place, file: Path, text: str, what: str, *, rc: bool) -> int:
    from sersync.install.place import active_rivals, enable, put

    is_new = put(file, text, mode=0o755 if rc else 0o644)
    print(f"{file}: {'written' if is_new else 'is current'}")
    if rc:
        if not place.is_image:
            print(f"start it now: {file} start")
        print(f"and at boot:  update-rc.d {what} defaults    # or: chkconfig --add {what}")
        print(*_cron_hint(what), sep="\n")
        return 0
    failed = enable(place, what)
    for line in failed:
        print(f"sersync: {line}", file=sys.stderr)
    if what == _TARGET_UNIT and not place.is_image:
        for rival in active_rivals(("rsync.service", "rsyncd.service", "rsync.socket")):
            print(f"sersync: {rival} runs too; it holds port 873, and serves without TLS:"
                  f" systemctl disable --now {rival}", file=sys.stderr)  # fmt: skip
    if not failed and not place.is_image:
        print(f"look at it: systemctl status {what}; journalctl -fu {what}")
    return 69 if failed else 0


def _cron_hint(what: str) -> list[str]:
    from sersync.install.rc import cron_lines

    health = [*_program(), "health", "--quiet", "--max-lag", "15min"]
    lines = cron_lines(what, [] if what == _TARGET_SERVICE else health)
    return [f"# for /etc/cron.d/{what}:", *(f"# {line}" for line in lines)]


def _name_of(config: str) -> str:
    return Path(config).stem


def _program() -> tuple[str, ...]:
    """Return how sersync is started on this host, by absolute paths."""
    own = Path(sys.argv[0])
    if own.name == "sersync" and own.exists():
        return (os.fspath(own.absolute()),)
    beside = Path(sys.executable).parent / "sersync"
    if beside.exists():
        return (os.fspath(beside),)
    found = shutil.which("sersync")
    return (found,) if found else (sys.executable, "-m", "sersync")
