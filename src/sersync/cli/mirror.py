"""``sersync mirror``: one tree, no configuration file, in the foreground."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option


def mirror(
    source: Annotated[
        str, Argument(metavar="SRC", help="Directory whose contents come to stand at DEST.")
    ],
    targets: Annotated[
        list[str],
        Argument(
            metavar="DEST",
            help="[user@]host::module[/path], rsync://[user@]host[:port]/module[/path],"
            " [user@]host:/path, or a local directory.",
        ),
    ],
    once: Annotated[bool, Option("--once", help="Make one full pass, then exit.")] = False,
    exclude: Annotated[
        list[str] | None,
        Option(metavar="PATTERN", help="Neither send nor delete what matches; repeatable."),
    ] = None,
    no_delete: Annotated[
        bool, Option("--no-delete", help="Keep on the target what is gone from the source.")
    ] = False,
    max_delete: Annotated[
        str, Option(metavar="N|off", help="Halt before more than N entries are deleted.")
    ] = "",
    rsync_option: Annotated[
        list[str] | None,
        Option(metavar="OPT", help="One more option for rsync, as --compress; repeatable."),
    ] = None,
    bandwidth: Annotated[
        str, Option(metavar="RATE", help="Limit per target: KiB per second, or 10MiB/s.")
    ] = "",
    password_file: Annotated[
        str, Option(metavar="FILE", help="The rsync daemon's password; or set RSYNC_PASSWORD.")
    ] = "",
    port: Annotated[
        int | None, Option(metavar="N", help="Port of the rsync daemon or of sshd.")
    ] = None,
    identity: Annotated[str, Option(metavar="FILE", help="Private key for ssh.")] = "",
    rsh: Annotated[str, Option(metavar="COMMAND", help="Remote shell in place of ssh.")] = "",
    name: Annotated[str, Option(help="Name of the source in messages.")] = "",
    state_dir: Annotated[
        str, Option(metavar="DIR", help="Keep lock, control socket and state there.")
    ] = "",
    quiet: Annotated[bool, Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    json: Annotated[bool, Option("--json", help="One line of JSON for every batch.")] = False,
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
            port=port,
            identity=identity,
            rsh=rsh,
            state_dir=state_dir,
        )
    )
    warn(loaded.warnings)
    return run_in_foreground(loaded.settings, once=once, json_lines=json, quiet=quiet)
