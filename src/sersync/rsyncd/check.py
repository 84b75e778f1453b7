"""All lints over one rsyncd.conf: what ``sersync target check`` shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sersync.model.target import RsyncModule
from sersync.rsyncd.lints.access import check_access
from sersync.rsyncd.lints.client import check_client
from sersync.rsyncd.lints.finding import Finding, Host, Lint, Severity
from sersync.rsyncd.lints.lines import check_lines
from sersync.rsyncd.lints.mirror import check_mirror
from sersync.rsyncd.lints.places import check_daemon, check_nesting, check_path
from sersync.rsyncd.reading import Configuration, Place


def check_configuration(
    configuration: Configuration, host: Host, clients: Iterable[RsyncModule] = ()
) -> Sequence[Finding]:
    """Return every finding, in the order of the file; of *clients*, why they are turned away."""
    found = _joined(_findings(configuration, host, clients))
    return sorted(found, key=lambda each: (each.place, -each.severity, each.code))


def _findings(
    configuration: Configuration, host: Host, clients: Iterable[RsyncModule]
) -> Iterator[Finding]:
    yield from check_lines(configuration)
    if configuration.is_broken:
        return
    if not configuration.modules:
        yield Finding(
            code="no-module",
            severity=Severity.ERROR,
            place=Place(file=configuration.file, line=1),
            message="there is no module: the daemon has nothing to serve",
            remedy="sersync target init --module NAME --path DIR --user NAME --allow NETWORK",
        )
    yield from check_daemon(configuration, host)
    for module in configuration.modules:
        lint = Lint(configuration=configuration, module=module, host=host)
        yield from check_path(lint)
        yield from check_access(lint)
        yield from check_mirror(lint)
    yield from check_nesting(configuration)
    for endpoint in clients:
        yield from check_client(configuration, endpoint)


def _joined(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield *findings*; one that several modules inherit from the same line comes once."""
    seen: set[tuple[str, Place, str]] = set()
    for each in findings:
        text = each.message.removeprefix(f"[{each.module}] ") if each.module else each.message
        key = (each.code, each.place, text)
        if key not in seen:
            seen.add(key)
            yield each


def worst(findings: Iterable[Finding]) -> int:
    """Return 0 when there is nothing but notes, 1 for warnings, 2 for errors."""
    return max((int(each.severity) for each in findings), default=int(Severity.NOTE))
