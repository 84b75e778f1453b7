"""What settings will do, in a few lines for people. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from sersync.config.values import Schedule
from sersync.model.expression import Expression
from sersync.model.filters import Filter, Rule
from sersync.model.path import display
from sersync.model.target import RemoteShell, RsyncModule, Settings, Source, Target
from sersync.model.trigger import Trigger


def summary(settings: Settings) -> Iterator[str]:
    """Yield what is watched, where it goes, and the rsync command that it amounts to."""
    for source in settings.sources:
        yield f'source "{source.name}": {display(source.root)}'
        for each in source.filters.expressions:
            by_name = "" if _is_exact(each) else " (beyond rsync's patterns: runs go name by name)"
            yield f"    exclude regex {each}{by_name}"
        for rule in source.filters.rules:
            yield f"    {_verb(rule)} {display(rule.pattern)}"
        for expression in source.filters.expressions:
            yield f"    exclude what matches {expression}"
        if waiting := [each.value for each in Trigger if each not in source.triggers]:
            yield f"    waits for a full pass: {', '.join(waiting)}"
        for target in source.targets:
            where = str(target.endpoint)
            yield (
                f'  target "{target.name}": {where}'
                if target.name != where
                else f"  target {where}"
            )
            for line in _facts(target, source):
                yield f"    {line}"
            yield f"    {command(source, target)}"
    if settings.failure_log:
        yield f"failures: {settings.failure_log}"
    yield f"state: {settings.state_dir}"


def command(source: Source, target: Target) -> str:
    """Return a full pass to *target* as one rsync command, without what makes it incremental."""
    words = ["rsync", *target.options.passed]
    if target.delete:
        words.append("--delete")
    words += [f"--{_verb(rule)}={display(rule.pattern)}" for rule in target.filters.rules]
    if target.bandwidth_kib_s:
        words.append(f"--bwlimit={target.bandwidth_kib_s}")
    match target.endpoint:
        case RsyncModule() if target.password_file:
            words.append(f"--password-file={target.password_file}")
        case RemoteShell() as endpoint:
            if shell := _shell(endpoint):
                words += ["-e", shell]
            if target.rsync_path != "rsync":
                words.append(f"--rsync-path={target.rsync_path}")
    root = display(source.root).rstrip("/") + "/"
    return shlex.join([*words, root, str(target.endpoint).rstrip("/") + "/"])


def _is_exact(expression: Expression) -> bool:
    """Tell whether rsync itself can apply *expression*."""
    return Filter(expressions=[expression]).is_exact


def _verb(rule: Rule) -> str:
    return "include" if rule.include else "exclude"


def _shell(endpoint: RemoteShell) -> str:
    if endpoint.rsh:
        return endpoint.rsh
    words = ["ssh"]
    if endpoint.port:
        words += ["-p", str(endpoint.port)]
    if endpoint.identity:
        words += ["-i", endpoint.identity]
    return shlex.join(words) if len(words) > 1 else ""


def _facts(target: Target, source: Source) -> Iterator[str]:
    yield "deletes what is gone from the source" if target.delete else "never deletes anything"
    if target.delete and target.max_delete is not None:
        if target.max_delete < 0:
            yield "no limit of deletions"
        else:
            yield f"halts before more than {target.max_delete} entries are deleted"
    if isinstance(endpoint := target.endpoint, RsyncModule) and endpoint.tls:
        yield f"encrypted; trusts {endpoint.ca_file or 'the authorities of this system'}"
    for each in target.filters.expressions[len(source.filters.expressions) :]:
        yield f"exclude regex {each}"
    for rule in target.filters.rules[len(source.filters.rules) :]:
        yield f"{_verb(rule)} {display(rule.pattern)}"
    if target.bandwidth_kib_s:
        yield f"at most {target.bandwidth_kib_s} KiB per second"
    for expression in target.filters.expressions[len(source.filters.expressions) :]:
        yield f"exclude what matches {expression}"
    at_the_start = "" if target.baseline else "at the start, and "
    schedule = Schedule(every_s=target.full_pass_every_s, cron=target.full_pass_cron)
    if schedule.cron:
        yield f'full pass: {at_the_start}by cron "{schedule.cron}"'
    elif schedule.every_s:
        yield f"full pass: {at_the_start}every {schedule.every_s / 3600:g} h"
    elif target.baseline:
        yield "no full pass: both sides are taken as they are at the first start"
    for rule in target.full_pass_rules:
        yield f"full pass: {_verb(rule)} {display(rule.pattern)}"
