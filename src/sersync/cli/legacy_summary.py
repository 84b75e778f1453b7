"""What ``sersync2`` says at its start: the facts that sersync 2.5 printed. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sersync.config.summary import filter_lines, full_pass_lines
from sersync.model.path import display
from sersync.model.target import RsyncModule, Settings, Source, Target

if TYPE_CHECKING:
    from sersync.cli.legacy import Order


def summary(settings: Settings, order: Order) -> Iterator[str]:
    """Yield what will be done, line by line; a password is never among it."""
    yield from _options(order)
    if settings.api.address:
        yield f"page: http://{settings.api.address}/"
    for source in settings.sources:
        yield f"watch path is: {display(source.root)}"
        for line in filter_lines(source.filters):
            yield f"    filter: {line}"
        for target in source.targets:
            yield from _target(source, target, order)


def _options(order: Order) -> Iterator[str]:
    if order.in_background:
        yield "option: -d    run in the background"
    if order.full_pass:
        yield "option: -r    compare everything with the targets first"
    else:
        yield "no option -r: the targets are taken as they are at the first start"
    yield f"option: -o    configuration: {order.config}"
    if order.workers is not None:
        yield f"option: -n    at most {order.workers} transfers to a target at the same time"
    if order.plugin:
        yield f"option: -m    only the plugin {order.plugin}"


def _target(source: Source, target: Target, order: Order) -> Iterator[str]:
    yield f"remote: {target.endpoint}"
    endpoint = target.endpoint
    if isinstance(endpoint, RsyncModule):
        yield f"    host: {endpoint.host}    port: {endpoint.port}    module: {endpoint.module}"
        if endpoint.user:
            shown = target.password_file or "none; RSYNC_PASSWORD, if it is set"
            yield f"    user: {endpoint.user}    password file: {shown}"
    yield f"    transfers at the same time: at most {order.workers or target.parallel + 1}"
    if order.full_pass:
        command, *more = full_pass_lines(source, target)
        yield f"    full pass: {command}"
        yield from (f"    {line}" for line in more)
    else:
        yield f"    rsync options: {shlex.join(target.options.passed)}"
