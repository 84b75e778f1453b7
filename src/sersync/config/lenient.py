"""What of a configuration can be looked at, though it cannot be used: for the doctor. Pure."""

from __future__ import annotations

from dataclasses import replace

from sersync.config.findings import Findings
from sersync.config.resolve import Resolved


def to_look_at(resolved: Resolved, findings: Findings) -> Resolved:
    """Return *resolved* with its mistakes, and without the targets that they are about.

    So nothing is tried on a target that would harm another one, or the source. A source stays:
    it is only read, and why it cannot be is told better by who tries.
    """
    kept = {
        id(placed.target)  # two that are equal can be told apart by nothing else
        for placed in resolved.placed
        if not any(path[: len(placed.path)] == placed.path for path in findings.mistaken)
    }
    sources = tuple(
        replace(source, targets=tuple(each for each in source.targets if id(each) in kept))
        for source in resolved.settings.sources
        if source.root.startswith(b"/")
    )
    return replace(
        resolved,
        settings=replace(resolved.settings, sources=sources),
        mistakes=tuple(dict.fromkeys(findings.mistakes)),
    )
