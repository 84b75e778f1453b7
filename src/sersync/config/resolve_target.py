"""One target out of its settings: its endpoint, its rsync options, its limits."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sersync.config.findings import Findings
from sersync.config.positions import Path
from sersync.config.rsync_options import ParsedOptions, parse_rsync_options
from sersync.config.schema import TargetTable
from sersync.model.endpoint import parse_endpoint
from sersync.model.expression import Expression
from sersync.model.filters import Filter, Rule
from sersync.model.target import (
    RSYNC_PORT,
    RSYNCS_PORT,
    TRASH,
    Endpoint,
    LocalDirectory,
    RemoteShell,
    RsyncModule,
    Target,
)

_BACKS_UP: Final = re.compile(r"--backup|--suffix|-[A-Za-z]*b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a configuration may draw on besides its own text.

    *password* serves rsync daemons that have no password file. *read_file* returns the content
    of a file of patterns, such as ``--exclude-from`` names, or raises ``OSError``. *own_ignored*
    returns the words that the user adds to what ``--cvs-exclude`` excludes.
    """

    password: str = ""
    read_file: Callable[[str], bytes] | None = None
    own_ignored: Callable[[], bytes] = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRules:
    """What filters one target; *full_pass* holds in passes by schedule and at the start only."""

    rules: tuple[Rule, ...] = ()
    expressions: tuple[Expression, ...] = ()
    full_pass: tuple[Rule, ...] = ()


class TargetResolver:
    """Makes one target out of its settings. For one load, on one thread."""

    def __init__(
        self,
        settings: TargetTable,
        written: set[str],
        path: Path,
        surroundings: Surroundings,
        findings: Findings,
    ) -> None:
        """Prepare to resolve *settings*, of which *written* stand in the target itself."""
        self._surroundings = surroundings
        self._settings = settings
        self._written = written
        self._path = path
        self._findings = findings

    def resolve(self, filtered: TargetRules) -> Target | None:
        """Return the target; None and a mistake for an unusable address."""
        settings = self._settings
        parsed = self._options()
        try:
            endpoint = parse_endpoint(settings.to)
        except ValueError as error:
            self._mistake("to", str(error))
            return None
        endpoint = self._reached(endpoint, parsed)
        by_daemon = isinstance(endpoint, RsyncModule)
        password_file = settings.password_file or parsed.password_file or ""
        if password_file and not by_daemon:
            self._unfit("password_file", "only an rsync daemon asks for a password")
            password_file = ""
        return Target(
            name=settings.name or str(endpoint),
            endpoint=endpoint,
            filters=Filter(
                [*self._trash(parsed), *parsed.rules_before, *filtered.rules, *parsed.rules],
                filtered.expressions,
            ),
            full_pass_rules=filtered.full_pass,
            options=parsed.options,
            delete=settings.delete,
            baseline=settings.baseline,
            password_file=password_file,
            password=self._surroundings.password if by_daemon and not password_file else "",
            bandwidth_kib_s=settings.bandwidth or parsed.bandwidth_kib_s or 0,
            parallel=settings.parallel,
            spares=settings.spares,
            timeout_s=self._whole_seconds("timeout", parsed.timeout_s),
            connect_timeout_s=self._whole_seconds("connect_timeout", parsed.connect_timeout_s),
            settle_idle_s=settings.settle_idle,
            settle_busy_s=settings.settle_busy,
            max_delete=parsed.max_delete if settings.max_delete is None else settings.max_delete,
            witness_every_s=settings.witness,
            audit_every_s=settings.audit,
            full_pass_every_s=settings.full_pass.every_s,
            full_pass_cron=settings.full_pass.cron,
            large_file_bytes=settings.large_file,
            rsync_path=self._rsync_path(parsed),
            fsync=settings.fsync,
            trash_s=settings.trash,
        )

    def _options(self) -> ParsedOptions:
        parsed = parse_rsync_options(
            self._settings.rsync_options,
            base=(),
            read_file=self._surroundings.read_file,
            own_ignored=self._surroundings.own_ignored,
        )
        for mistake in parsed.mistakes:
            self._mistake("rsync_options", mistake.message, mistake.suggestion)
        for said in parsed.warnings:
            self._findings.warning((*self._path, "rsync_options"), said)
        if parsed.delete and not self._settings.delete:
            self._findings.warning(
                (*self._path, "rsync_options"), "--delete has no effect: delete = false holds"
            )
        return parsed

    def _trash(self, parsed: ParsedOptions) -> list[Rule]:
        """Return the rule that leaves the trash of the target alone, if there is one."""
        if not self._settings.trash:
            return []
        passed = parsed.options.passed
        if any(_BACKS_UP.match(option) for option in passed):
            why = "rsync_options keep old versions in another way (--backup)"
            self._mistake("trash", why, "remove one of the two")
        return [Rule(False, b"/" + TRASH)]

    def _reached(self, endpoint: Endpoint, parsed: ParsedOptions) -> Endpoint:
        """Return *endpoint* with the ports, keys and commands that are set elsewhere."""
        settings = self._settings
        port = settings.port or parsed.port
        rsh = settings.rsh or parsed.rsh or ""
        match endpoint:
            case RsyncModule():
                for key in ("ssh", "rsh"):
                    self._unfit(key, "an rsync daemon is reached without a remote shell")
                if parsed.rsh:
                    why = f"-e {parsed.rsh}: an rsync daemon is reached without a remote shell"
                    self._mistake("rsync_options", why, "remove it here")
                return self._secured(endpoint, port)
            case RemoteShell():
                if rsh:
                    self._unfit("ssh", "rsh replaces ssh")
                self._unfit("port", "this is the port of an rsync daemon", "set ssh.port")
                self._unfit("tls", "ssh encrypts by itself")
                self._unfit("ca_file", "ssh has keys of its own")
                identity = os.path.expanduser(settings.ssh.identity)
                return replace(endpoint, port=settings.ssh.port, identity=identity, rsh=rsh)
            case LocalDirectory():
                for key in ("ssh", "rsh", "port", "tls", "ca_file"):
                    self._unfit(key, "a local directory needs no connection")
        return endpoint

    def _secured(self, endpoint: RsyncModule, port: int | None) -> RsyncModule:
        tls = endpoint.tls or self._settings.tls
        if not tls:
            self._unfit("ca_file", "without TLS there is no certificate", "set tls = true")
        elif port is None and endpoint.port == RSYNC_PORT:
            port = RSYNCS_PORT
        ca_file = os.path.expanduser(self._settings.ca_file) if tls else ""
        return replace(endpoint, port=port or endpoint.port, tls=tls, ca_file=ca_file)

    def _rsync_path(self, parsed: ParsedOptions) -> str:
        return parsed.rsync_path or self._settings.rsync_path

    def _whole_seconds(self, key: str, parsed_s: int | None) -> int:
        seconds: float = getattr(self._settings, key)
        if parsed_s and key not in self._written:
            return parsed_s
        if seconds < 1:
            self._mistake(key, f"{seconds:g} s is too short", "at least one second")
        return max(1, round(seconds))

    def _unfit(self, key: str, why: str, instead: str = "") -> None:
        """Note a setting that is written for this very target and does not fit its kind."""
        if key in self._written and getattr(self._settings, key):
            self._mistake(key, why, instead or "remove it here")

    def _mistake(self, key: str, message: str, suggestion: str = "") -> None:
        self._findings.mistake((*self._path, key), message, suggestion)
