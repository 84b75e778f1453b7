"""From a parsed document to ``Settings``: sources, inheritance, filters.

Touches no disk; what only the disk can tell is asked in ``across``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Final

from sersync.config.findings import Findings
from sersync.config.positions import Path
from sersync.config.resolve_api import resolve_api
from sersync.config.resolve_hooks import resolve_hooks
from sersync.config.resolve_notify import resolve_notify
from sersync.config.resolve_target import Surroundings, TargetResolver, TargetRules
from sersync.config.schema import (
    Document,
    FilterSettings,
    SourceTable,
    TargetSettings,
    settings_of,
)
from sersync.errors import Mistake
from sersync.model.expression import Expression, parse_expression
from sersync.model.filters import Filter, Rule, parse_rule, warn_absolute
from sersync.model.rule import parse_pattern_option
from sersync.model.target import Settings, Source, Target
from sersync.model.trigger import Trigger
from sersync.model.written import Written

_MOST_OFTEN_S: Final = 0.1
"""Checkpoints are not worth their cost any more often."""


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
    token_file: str = ""
    """Where the secret of the API stands; empty for none."""
    mistakes: tuple[Mistake, ...] = ()
    """What keeps it from being used here, where somebody looks at it all the same."""


def resolve(
    document: Document,
    *,
    surroundings: Surroundings,
    findings: Findings,
    written: Written = Written.TOML,
) -> Resolved:
    """Return the settings that *document* means; what cannot be used is left out and noted.

    *written*: in which form people wrote what is in it.
    """
    sources = []
    placed = []
    for index, table in enumerate(document.source):
        source, paths = _source(table, document.defaults, ("source", index), surroundings, findings)
        sources.append(source)
        for target, path in zip(source.targets, paths, strict=True):
            placed.append(Placed(source=source, target=target, path=path))
    named: list[tuple[Path, str]] = [
        (("source", index), source.name) for index, source in enumerate(sources)
    ]
    _note_duplicates(named, "source", findings)
    names = [source.name for source in sources]
    hooks = resolve_hooks(document.hooks, names, findings, surroundings.read_file)
    settings = Settings(
        sources=tuple(
            replace(source, hooks=hooks[source.name], written=written) for source in sources
        ),
        state_dir=document.state_dir,
        log_level=document.log_level,
        log_format=document.log_format,
        grace_s=document.grace,
        failure_log=document.failure_log,
        retry_failed_s=document.retry_failed,
        api=replace(resolve_api(document.api, findings, surroundings.read_file), written=written),
        notify=resolve_notify(document.notify, findings),
        checkpoint_every_s=_often(document.checkpoint_every, findings),
    )
    return Resolved(settings=settings, placed=tuple(placed), token_file=document.api.token_file)


def _often(seconds: float, findings: Findings) -> float:
    if seconds < _MOST_OFTEN_S:
        findings.mistake(
            ("checkpoint_every",), f"{seconds:g} s is too short", f"at least {_MOST_OFTEN_S:g} s"
        )
    return max(_MOST_OFTEN_S, seconds)


def _source(
    table: SourceTable,
    defaults: TargetSettings,
    path: Path,
    surroundings: Surroundings,
    findings: Findings,
) -> tuple[Source, list[Path]]:
    """Return the source at *path* and the paths of those of its targets that can be used."""
    root = os.fsencode(table.root)
    if not table.root.startswith("/"):
        findings.mistake(
            (*path, "root"), f'"{table.root}" is not an absolute path', "begin it with a slash"
        )
    rules = _rules(table, path, root, findings)
    expressions = _expressions(table, path, findings)
    paths: list[Path] = []
    targets = []
    for index, written in enumerate(table.target):
        place = (*path, "target", index)
        settings = settings_of(written, table.defaults, defaults)
        resolver = TargetResolver(settings, written.model_fields_set, place, surroundings, findings)
        rules_of_target = TargetRules(
            rules=(*rules, *_rules(settings, place, root, findings)),
            expressions=(*expressions, *_expressions(settings, place, findings)),
            full_pass=tuple(_rules(settings, place, root, findings, keys=("full_pass_exclude",))),
        )
        if target := resolver.resolve(rules_of_target):
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
        filters=Filter(rules, expressions),
        max_delay_s=table.max_delay,
        poll_every_s=table.poll_every,
        follows_symlink=table.root_symlink == "follow",
        triggers=frozenset(map(Trigger, table.triggers)),
    )
    return source, paths


def _rules(
    table: FilterSettings,
    path: Path,
    root: bytes,
    findings: Findings,
    *,
    keys: tuple[str, ...] = ("filters", "include", "exclude"),
) -> list[Rule]:
    """Return the rules of *table* in the order in which they decide, noting unreadable ones."""
    rules = []
    for key in keys:
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


def _expressions(table: FilterSettings, path: Path, findings: Findings) -> list[Expression]:
    """Return the regular expressions of *table*, noting those that cannot be read."""
    expressions = []
    for index, text in enumerate(table.exclude_regex):
        try:
            expressions.append(parse_expression(os.fsencode(text)))
        except ValueError as error:
            findings.mistake((*path, "exclude_regex", index), str(error))
    return expressions


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
