"""The settings of ``sersync.toml``: names, types, defaults and what each one means.

This is the one table that the parser, the JSON Schema and ``docs/configuration.md`` are made
of. What the settings mean together is checked in ``resolve`` and ``across``.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from sersync.config.fields import (
    Duration,
    FullPass,
    Interval,
    MaxDelete,
    Name,
    Options,
    Rate,
    Size,
    Table,
)
from sersync.config.schema_hooks import HookTable
from sersync.config.schema_notify import NotifyTable
from sersync.config.values import Schedule

TriggerName = Literal[
    "delete",
    "create-directory",
    "create-file",
    "close",
    "move-from",
    "move-to",
    "attributes",
    "modify",
]


class FilterSettings(Table):
    """What takes part. The first rule that matches decides: filters, then include, then exclude."""

    filters: list[str] = Field(
        default=[],
        description='rsync filter rules in order, such as `"+ /cache/keep/"` and `"- *.tmp"`.',
    )
    include: list[str] = Field(
        default=[], description="Patterns that take part although a later rule excludes them."
    )
    exclude: list[str] = Field(
        default=[], description="Patterns that are never sent, and never deleted on a target."
    )
    exclude_regex: list[str] = Field(
        default=[],
        description="Regular expressions that exclude, before all rules: each is matched in full"
        " against `name` for an entry of the root, `/dir/name` for a deeper one, and `dir/` for a"
        " directory.",
    )


class SshSettings(Table):
    """How ssh reaches a target of the form `[user@]host:/path`."""

    port: int | None = Field(
        default=None, ge=1, le=65535, description="Port of sshd, if not ssh's own."
    )
    identity: str = Field(
        default="", description="File of the private key; empty is ssh's own choice."
    )


class TargetSettings(FilterSettings):
    """Settings of a target. They can stand in a target, its source's defaults or the top ones."""

    delete: bool = Field(
        default=True, description="Delete on the target what is gone from the source."
    )
    baseline: bool = Field(
        default=False,
        description="Take both sides as they are at the first start: only later changes are"
        " carried, also those made while sersync was not running, and what only the target has"
        " stays, except in a scheduled `full_pass`.",
    )
    max_delete: MaxDelete | None = Field(
        default=None,
        description="Entries that may be deleted within a minute; before there are more, the"
        ' target halts and asks. `"off"` never asks. Unset: 1,000, or half of what the source'
        " holds if that is more.",
    )
    rsync_options: Options = Field(
        default=["--archive"],
        description="Options for every rsync run: a list, or one string as in a shell. They"
        " replace `--archive`, so name it (or `-rlt` …) among them.",
    )
    password_file: str = Field(
        default="", description="File with the rsync daemon's password; only its owner may read it."
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port of the rsync daemon, if not 873, or 874 with TLS.",
    )
    tls: bool = Field(
        default=False,
        description="Reach the rsync daemon over TLS, as `rsyncs://` does, and check its"
        " certificate.",
    )
    ca_file: str = Field(
        default="",
        description="File with the certificates that vouch for the daemon's; empty is those that"
        " the system trusts.",
    )
    bandwidth: Rate = Field(
        default=0,
        description="Limit over all transfers to the target together, in KiB per second or as"
        ' `"10MiB/s"`; 0 is none.',
    )
    settle_idle: Duration = Field(
        default=0.0,
        description="Wait after a change when the target was idle, so that others join it.",
    )
    settle_busy: Duration = Field(
        default=0.01, description="The same while transfers are already running."
    )
    parallel: int = Field(
        default=2, ge=1, le=64, description="Transfers that may run at the same time."
    )
    spares: int = Field(
        default=2,
        ge=0,
        le=16,
        description="Connections kept ready, so that a change leaves at once.",
    )
    timeout: Duration = Field(
        default=60.0, description="A transfer that is silent this long is ended."
    )
    connect_timeout: Duration = Field(
        default=10.0, description="The same for making the connection."
    )
    full_pass: FullPass = Field(
        default=Schedule(),
        description="When everything is compared again: an interval, a cron expression (local"
        ' time), or `"never"`. There is always one at the start.',
    )
    witness: Interval = Field(
        default=300.0,
        description="How often a few directories of the target are looked at (a dry run), whether"
        " they are what was carried there, besides after each connection anew; if not, everything"
        ' is compared. `"off"` never looks.',
    )
    audit: Interval = Field(
        default=604_800.0,
        description="How long one round of the audit takes: in the background everything is"
        " compared, a little at a time and only while the target is current, and what something"
        ' else has changed there is carried again. `"off"` compares nothing.',
    )
    full_pass_exclude: list[str] = Field(
        default=[],
        description="Patterns that full passes by schedule and at the start leave alone, while"
        " changes to them are carried when they happen.",
    )
    large_file: Size = Field(
        default=8 << 20,
        description="Files from this size on travel by themselves, so that small ones overtake"
        " them.",
    )
    ssh: SshSettings = Field(default=SshSettings(), description="Port and identity for ssh.")
    rsh: str = Field(
        default="",
        description="Command in place of ssh; it is called as `COMMAND host command line`.",
    )
    fsync: bool = Field(
        default=False,
        description="Let the target write to disk what it takes, before it counts as carried"
        " (rsync 3.2.4 on both sides; else it is done without, with a note). Slower.",
    )
    trash: Duration = Field(
        default=0.0,
        description="How long the target keeps what is deleted or overwritten there, in"
        ' `.sersync-trash/YEAR-MONTH-DAY`, such as `"30d"`; 0 keeps nothing.',
    )
    rsync_path: str = Field(default="rsync", description="The rsync program on an ssh target.")


class TargetTable(TargetSettings):
    """One copy of a source."""

    name: Name = Field(default="", description="How it is called in messages; `to`, if unset.")
    to: str = Field(
        description="Where: `[user@]host::module[/path]`, `rsync://[user@]host[:port]/module[/path]`,"
        " `rsyncs://…` for TLS, `[user@]host:/path` or `/local/path`."
    )


class SourceTable(FilterSettings):
    """A directory tree to watch, and where its contents go."""

    name: Name = Field(
        default="", description="How it is called in messages; the root's name, if unset."
    )
    root: str = Field(description="The directory, as an absolute path.")
    root_symlink: Literal["halt", "follow"] = Field(
        default="halt",
        description="What to do when the root is a symlink, or lies behind one, that is made to"
        " lead elsewhere: halt, or follow it, compare everything and delete under the same guards"
        " as at a first start.",
    )
    max_delay: Duration = Field(
        default=10.0, description="A file that stays open and keeps changing is carried this often."
    )
    poll_every: Duration = Field(
        default=60.0,
        description="How often to look through what the kernel does not tell of: file systems"
        " that others change too (NFS, CIFS, FUSE), directories that cannot be watched, and what"
        " symlinks that are followed (`--copy-links`) lead to outside of the source. A look that"
        " takes long is repeated more rarely; 0 never looks.",
    )
    triggers: list[TriggerName] = Field(
        default=list(get_args(TriggerName)),
        min_length=1,
        description="Kinds of change that are carried when they happen; others wait for a full"
        " pass.",
    )
    defaults: TargetSettings = Field(
        default=TargetSettings(), description="Settings for all targets of this source."
    )
    target: list[TargetTable] = Field(min_length=1, description="One table per target.")


class ApiTable(Table):
    """Who may ask how it stands, besides the owner of the control socket."""

    listen: str = Field(
        default="",
        description="Port, or address and port, where page, JSON and metrics can be read, such as"
        " `8377` or `127.0.0.1:8377`. Unset: nowhere. Any address but the loopback needs"
        " `token_file`.",
    )
    token_file: str = Field(
        default="",
        description="File with a secret; who sends it may also pause, resume and resync through"
        " `listen`. Only its owner may read it.",
    )
    socket_group: str = Field(
        default="",
        description="Group whose members may ask at the control socket, too, and so do everything"
        " that `sersync` can do to this instance.",
    )


class Document(Table):
    """Settings of sersync, real-time one-way replication of directory trees through rsync."""

    state_dir: str = Field(
        default="",
        description="Where this instance keeps its lock, control socket and state. Unset:"
        " `/var/lib/sersync/…` for root, else `~/.local/state/sersync/…`."
        " Another one is used after a restart, not after a reload.",
    )
    log_level: Literal["error", "warning", "info", "debug"] = Field(
        default="info", description="The least severe messages that are logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="`json` writes one object a line, for programs; in the journal, text has its"
        " priority.",
    )
    failure_log: str = Field(
        default="",
        description="File that lists what cannot be carried now, each entry with its reason and a"
        " command that tries it by hand. Unset: none.",
    )
    retry_failed: Duration = Field(
        default=0.0,
        description="Try again everything that failed at least this often, whatever the pauses"
        " between its retries have grown to; 0 leaves it to those.",
    )
    grace: Duration = Field(
        default=10.0,
        description="How long a stop waits for running transfers before it cancels them.",
    )
    checkpoint_every: Duration = Field(
        default=5.0,
        description="How often the state is stored, if something changed: what is pending, so that"
        " it survives the end of the daemon.",
    )
    defaults: TargetSettings = Field(
        default=TargetSettings(), description="Settings for all targets of all sources."
    )
    api: ApiTable = Field(
        default=ApiTable(), description="The page, JSON and metrics over TCP; the control socket."
    )
    source: list[SourceTable] = Field(min_length=1, description="One table per source.")
    notify: list[NotifyTable] = Field(
        default=[], description="One table for each way to tell people who are not looking."
    )
    hooks: list[HookTable] = Field(
        default=[], description="One table for each thing that is to run after a change."
    )


def settings_of(
    target: TargetTable, source_defaults: TargetSettings, defaults: TargetSettings
) -> TargetTable:
    """Return *target* with what it leaves unset taken from its source's, then the top defaults."""
    inherited: dict[str, object] = {}
    for settings in (defaults, source_defaults, target):
        inherited |= {name: getattr(settings, name) for name in settings.model_fields_set}
    return target.model_copy(update=inherited)
