"""What settings will do, in a few lines for people. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from sersync.config.values import Schedule
from sersync.model.filters import Filter, Rule
from sersync.model.path import display
from sersync.model.target import RemoteShell, RsyncModule, Settings, Source, Target
from sersync.model.trigger import Trigger


def summary(settings: Settings) -> Iterator[str]:
    """Yield what is watched, where it goes, and the rsync command that it amounts to."""
    for source in settings.sources:
        yield f'source "{source.name}": {display(source.root)}'
        for line in filter_lines(source.filters):
            yield f"    {line}"
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
            for line in full_pass_lines(source, target):
                yield f"    {line}"
    if settings.failure_log:
        yield f"failures: {settings.failure_log}"
    yield f"state: {settings.state_dir}"


def filter_lines(filters: Filter, beyond: Filter | None = None) -> Iterator[str]:
    """Yield what *filters* exclude and include, in the order that decides.

    *beyond*: those of the source, which *filters* go on from, and which are told already.
    """
    known = beyond or Filter()
    for each in filters.expressions[len(known.expressions) :]:
        is_beyond = each in filters.beyond_rsync
        by_name = " (beyond rsync's patterns: runs go name by name)" if is_beyond else ""
        yield f"exclude regex {each}{by_name}"
    for rule in filters.rules[len(known.rules) :]:
        yield f"{_verb(rule)} {display(rule.pattern)}"


def full_pass_lines(source: Source, target: Target) -> Iterator[str]:
    """Yield a full pass to *target* as an rsync command, and what it is not like by hand.

    Where rsync cannot be told all that is excluded, the command changes nothing.
    """
    beyond = target.full_pass_filters.beyond_rsync
    yield _command(source, target, is_dry=bool(beyond))
    if beyond:
        deletes = " and delete" if target.delete else ""
        listed = ", ".join(map(str, beyond))
        yield (
            f"a dry run, since by hand it would also carry{deletes} what only sersync excludes,"
            f" by regex: {listed}"
        )


def _command(source: Source, target: Target, *, is_dry: bool) -> str:
    """Return a full pass to *target* as one rsync command, without what makes it incremental."""
    words = ["rsync", *(["--dry-run"] if is_dry else []), *target.options.passed]
    if target.delete:
        words.append("--delete")
    rules = target.full_pass_filters.rsync_rules
    words += [f"--{_verb(rule)}={display(rule.pattern)}" for rule in rules]
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
    yield from filter_lines(target.filters, beyond=source.filters)
    if target.bandwidth_kib_s:
        yield f"at most {target.bandwidth_kib_s} KiB per second"
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
