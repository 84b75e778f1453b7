"""From a parsed document to ``Settings``: inheritance, filters, endpoints, rsync options.

Touches no disk; what only the disk can tell is asked in ``across``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from sersync.config.mistakes import PlaceOf
from sersync.config.positions import Path
from sersync.config.rsync_options import ParsedOptions, parse_rsync_options
from sersync.config.schema import (
    Document,
    FilterSettings,
    SourceTable,
    TargetSettings,
    TargetTable,
    settings_of,
)
from sersync.errors import Mistake
from sersync.model.endpoint import parse_endpoint
from sersync.model.filters import Filter, Rule, parse_rule, warn_absolute
from sersync.model.rule import parse_pattern_option
from sersync.model.target import (
    Endpoint,
    LocalDirectory,
    RemoteShell,
    RsyncModule,
    Settings,
    Source,
    Target,
)


@dataclass(slots=True)
class Findings:
    """Collects what is wrong and what looks wrong. For one load, on one thread."""

    place_of: PlaceOf
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)

    def mistake(self, path: Path, message: str, suggestion: str = "") -> None:
        """Note that the setting at *path* cannot be used."""
        place = self.place_of(path)
        self.mistakes.append(Mistake(place=place, message=message, suggestion=suggestion))

    def warning(self, path: Path, message: str, suggestion: str = "") -> None:
        """Note that the setting at *path* is probably not what is meant."""
        place = self.place_of(path)
        self.warnings.append(Mistake(place=place, message=message, suggestion=suggestion))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A target with its source and its path in the document."""

    source: Source
    target: Target
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Settings, and where in the document each target comes from."""

    settings: Settings
    placed: tuple[Placed, ...]


def resolve(document: Document, *, password: str, findings: Findings) -> Resolved:
    """Return the settings that *document* means; what cannot be used is left out and noted.

    *password* is used for rsync daemons that have no password file.
    """
    sources = []
    placed = []
    for index, table in enumerate(document.source):
        source, paths = _source(table, document.defaults, ("source", index), password, findings)
        sources.append(source)
        for target, path in zip(source.targets, paths, strict=True):
            placed.append(Placed(source=source, target=target, path=path))
    named: list[tuple[Path, str]] = [
        (("source", index), source.name) for index, source in enumerate(sources)
    ]
    _note_duplicates(named, "source", findings)
    settings = Settings(
        sources=tuple(sources),
        state_dir=document.state_dir,
        log_level=document.log_level,
        grace_s=document.grace,
    )
    return Resolved(settings=settings, placed=tuple(placed))


def _source(
    table: SourceTable, defaults: TargetSettings, path: Path, password: str, findings: Findings
) -> tuple[Source, list[Path]]:
    """Return the source at *path* and the paths of those of its targets that can be used."""
    root = os.fsencode(table.root)
    if not table.root.startswith("/"):
        findings.mistake(
            (*path, "root"), f'"{table.root}" is not an absolute path', "begin it with a slash"
        )
    rules = _rules(table, path, root, findings)
    paths: list[Path] = []
    targets = []
    for index, written in enumerate(table.target):
        place = (*path, "target", index)
        settings = settings_of(written, table.defaults, defaults)
        target_rules = [*rules, *_rules(settings, place, root, findings)]
        resolver = _TargetResolver(settings, written.model_fields_set, place, findings)
        if target := resolver.resolve(target_rules, password):
            targets.append(target)
            paths.append(place)
    given = {written.name for written in table.target}
    # Two without a name that are called the same have one endpoint, and that is told elsewhere.
    named = [(place, target.name) for place, target in zip(paths, targets, strict=True)]
    _note_duplicates([one for one in named if one[1] in given], "target", findings)
    source = Source(
        name=table.name or os.path.basename(table.root.rstrip("/")) or "root",
        root=root.rstrip(b"/") or b"/",
        targets=tuple(targets),
        filters=Filter(rules),
        max_delay_s=table.max_delay,
    )
    return source, paths


def _rules(table: FilterSettings, path: Path, root: bytes, findings: Findings) -> list[Rule]:
    """Return the rules of *table* in the order in which they decide, noting unreadable ones."""
    rules = []
    for key in ("filters", "include", "exclude"):
        for index, text in enumerate(getattr(table, key)):
            place = (*path, key, index)
            try:
                rule = _rule(key, os.fsencode(text))
            except ValueError as error:
                findings.mistake(place, str(error))
                continue
            rules.append(rule)
            if warning := warn_absolute(rule, root):
                findings.warning(place, warning)
    return rules


def _rule(key: str, text: bytes) -> Rule:
    if key == "filters":
        return parse_rule(text)
    return parse_pattern_option(text, include=key == "include")


def _note_duplicates(named: list[tuple[Path, str]], noun: str, findings: Findings) -> None:
    seen: set[str] = set()
    for path, name in named:
        if name in seen:
            findings.mistake(
                (*path, "name"), f'a {noun} named "{name}" is already there', "name them apart"
            )
        seen.add(name)


class _TargetResolver:
    """Makes one target out of its settings. For one load, on one thread."""

    def __init__(
        self, settings: TargetTable, written: set[str], path: Path, findings: Findings
    ) -> None:
        self._settings = settings
        self._written = written
        self._path = path
        self._findings = findings

    def resolve(self, rules: list[Rule], password: str) -> Target | None:
        """Return the target, filtered by *rules*; None and a mistake for an unusable address."""
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
            filters=Filter([*rules, *parsed.rules]),
            options=parsed.options,
            delete=settings.delete and parsed.delete is not False,
            password_file=password_file,
            password=password if by_daemon and not password_file else "",
            bandwidth_kib_s=settings.bandwidth or parsed.bandwidth_kib_s or 0,
            parallel=settings.parallel,
            spares=settings.spares,
            timeout_s=self._whole_seconds("timeout", parsed.timeout_s),
            connect_timeout_s=self._whole_seconds("connect_timeout", None),
            settle_idle_s=settings.settle_idle,
            settle_busy_s=settings.settle_busy,
            max_delete=parsed.max_delete if settings.max_delete is None else settings.max_delete,
            full_pass_every_s=settings.full_pass.every_s,
            full_pass_cron=settings.full_pass.cron,
            large_file_bytes=settings.large_file,
            rsync_path=self._rsync_path(parsed),
        )

    def _options(self) -> ParsedOptions:
        parsed = parse_rsync_options(self._settings.rsync_options, base=())
        for said in parsed.mistakes:
            self._mistake("rsync_options", said)
        for said in parsed.warnings:
            self._findings.warning((*self._path, "rsync_options"), said)
        return parsed

    def _reached(self, endpoint: Endpoint, parsed: ParsedOptions) -> Endpoint:
        """Return *endpoint* with the ports, keys and commands that are set elsewhere."""
        settings = self._settings
        port = settings.port or parsed.port
        rsh = settings.rsh or parsed.rsh or ""
        match endpoint:
            case RsyncModule():
                for key in ("ssh", "rsh"):
                    self._unfit(key, "an rsync daemon is reached without a remote shell")
                return replace(endpoint, port=port) if port else endpoint
            case RemoteShell():
                if rsh:
                    self._unfit("ssh", "rsh replaces ssh")
                self._unfit("port", "this is the port of an rsync daemon", "set ssh.port")
                return replace(
                    endpoint, port=settings.ssh.port, identity=settings.ssh.identity, rsh=rsh
                )
            case LocalDirectory():
                for key in ("ssh", "rsh", "port"):
                    self._unfit(key, "a local directory needs no connection")
        return endpoint

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
