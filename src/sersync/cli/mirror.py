"""``sersync mirror``: one tree, no configuration file, in the foreground."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from sersync.cli.options import Json, LogFormat, Once, Quiet

_Source = Annotated[
    str, Argument(metavar="SRC", help="Directory whose contents come to stand at DEST.")
]
_Targets = Annotated[
    list[str],
    Argument(
        metavar="DEST",
        help="[user@]host::module[/path], rsync://[user@]host[:port]/module[/path] (rsyncs://"
        " for TLS), [user@]host:/path, or a local directory.",
    ),
]
_Exclude = Annotated[
    list[str] | None,
    Option(metavar="PATTERN", help="Neither send nor delete what matches; repeatable."),
]
_NoDelete = Annotated[
    bool, Option("--no-delete", help="Keep on the target what is gone from the source.")
]
_MaxDelete = Annotated[
    str, Option(metavar="N|off", help="Halt before more than N entries are deleted.")
]
_RsyncOption = Annotated[
    list[str] | None,
    Option(metavar="OPT", help="One more option for rsync, as --compress; repeatable."),
]
_Bandwidth = Annotated[
    str, Option(metavar="RATE", help="Limit per target: KiB per second, or 10MiB/s.")
]
_PasswordFile = Annotated[
    str, Option(metavar="FILE", help="The rsync daemon's password; or set RSYNC_PASSWORD.")
]
_CaFile = Annotated[
    str, Option(metavar="FILE", help="Certificates that vouch for the daemon's, with rsyncs://.")
]
_Port = Annotated[int | None, Option(metavar="N", help="Port of the rsync daemon or of sshd.")]
_Identity = Annotated[str, Option(metavar="FILE", help="Private key for ssh.")]
_Rsh = Annotated[str, Option(metavar="COMMAND", help="Remote shell in place of ssh.")]
_Name = Annotated[str, Option(metavar="NAME", help="Name of the source in messages.")]
_StateDir = Annotated[str, Option(metavar="DIR", help="Keep lock, control socket and state there.")]
_Listen = Annotated[
    str,
    Option(metavar="[HOST:]PORT", help="Show the page, JSON and metrics there, as at 8377."),
]
_TokenFile = Annotated[
    str, Option(metavar="FILE", help="With --listen: who knows the secret in it may also act.")
]


def mirror(
    source: _Source,
    targets: _Targets,
    once: Once = False,
    exclude: _Exclude = None,
    no_delete: _NoDelete = False,
    max_delete: _MaxDelete = "",
    rsync_option: _RsyncOption = None,
    bandwidth: _Bandwidth = "",
    password_file: _PasswordFile = "",
    ca_file: _CaFile = "",
    port: _Port = None,
    identity: _Identity = "",
    rsh: _Rsh = "",
    name: _Name = "",
    state_dir: _StateDir = "",
    listen: _Listen = "",
    token_file: _TokenFile = "",
    quiet: Quiet = False,
    json: Json = False,
    log_format: LogFormat = None,
) -> int:
    """Mirror SRC to every DEST, now and from now on, until Ctrl-C."""
    from sersync.cli.foreground import run_in_foreground
    from sersync.cli.messages import warn
    from sersync.config.mirror import MirrorRequest, mirror_settings

    loaded = mirror_settings(
        MirrorRequest(
            source=source,
            targets=tuple(targets),
            name=name,
            exclude=tuple(exclude or ()),
            rsync_options=tuple(rsync_option or ()),
            delete=not no_delete,
            max_delete=max_delete,
            bandwidth=bandwidth,
            password_file=password_file,
            ca_file=ca_file,
            port=port,
            identity=identity,
            rsh=rsh,
            state_dir=state_dir,
            listen=listen,
            token_file=token_file,
        )
    )
    warn(loaded.warnings)
    return run_in_foreground(
        loaded.settings, once=once, json_lines=json, quiet=quiet, log_format=log_format or ""
    )
