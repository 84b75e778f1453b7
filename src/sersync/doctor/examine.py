"""From settings to findings: every source, every target, and this host with what they need."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

from sersync.doctor.facts import Demand
from sersync.doctor.finding import Finding
from sersync.doctor.host_checks import check_host
from sersync.doctor.look_host import look_at_host
from sersync.doctor.look_source import look_at_source
from sersync.doctor.look_target import connections_of, look_at_target
from sersync.doctor.source_checks import check_source
from sersync.doctor.target_checks import check_target
from sersync.model.target import Source, Target
from sersync.transfer.remote_shell import SharedConnections

_COUNT_FOR_S: Final = 30.0


def examine(
    sources: Sequence[Source], targets: Sequence[Target], *, state_dir: str
) -> Iterator[Finding]:
    """Yield findings as they come: this host, then each source, then each target.

    *targets* are tried whether they belong to a source or not; a small directory is put on each
    and removed again, nothing else is touched.
    """
    seen = [look_at_source(source, deadline_s=_COUNT_FOR_S) for source in sources]
    host = look_at_host(state_dir)
    demand = Demand(
        directories=sum(facts.directories for facts in seen),
        counted_all=all(facts.is_complete for facts in seen),
        connections=sum(map(connections_of, targets)),
    )
    yield from check_host(host, demand)
    for facts in seen:
        yield from check_source(facts, host)
    if host.rsync is None:
        return
    in_use = os.path.exists(os.path.join(state_dir, "control.sock"))
    shared = SharedConnections()
    try:
        for target in targets:
            yield from check_target(target, look_at_target(target, shared, in_use=in_use))
    finally:
        shared.close()
