"""What a source's facts mean for replication. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sersync.doctor.facts import HostFacts, SourceFacts
from sersync.doctor.finding import Finding, Subject
from sersync.model.mount import tells_of_all
from sersync.model.pasting import word

_MADE_UP: Final = frozenset(
    ("proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "bpf", "devpts")
)
"""File systems whose contents the kernel makes up when they are read."""


def check_source(facts: SourceFacts, host: HostFacts) -> Iterator[Finding]:
    """Yield a finding for each thing that a source must give."""
    subject = Subject(f"source {facts.name}")
    root = word(facts.root)
    if facts.obstacle:
        yield subject.failure(
            "reads", f"{facts.root} {facts.obstacle}",
            "Correct 'root', mount what should be there, or give this user the right to read it.",
            f"ls -ld {root}",
        )  # fmt: skip
        return
    yield _kind(subject, facts)
    for mount in facts.mounts:
        if _is_quiet(mount.kind):
            yield subject.warning(
                "watches", f"{mount.point} is mounted from {mount.kind}: {_why(mount.kind)}",
                "Exclude it, or run sersync where those files are changed.",
                f"findmnt {word(mount.point)}",
            )  # fmt: skip
    yield _contents(subject, facts, host)
    if facts.entries == 0:
        yield subject.warning(
            "contents", "the source is empty: nothing is deleted on a target for its sake",
            "If a file system should be mounted there, mount it.", f"findmnt -T {root}",
        )  # fmt: skip


def _kind(subject: Subject, facts: SourceFacts) -> Finding:
    if not _is_quiet(facts.kind):
        kind = facts.kind or "an unknown file system"
        return subject.ok("watches", f"{facts.root} on {kind}: every change is told")
    return subject.warning(
        "watches", f"{facts.root} lies on {facts.kind}: {_why(facts.kind)}",
        "Run sersync on the host that has the disk, to have them at once.",
        f"findmnt -T {word(facts.root)}",
    )  # fmt: skip


def _is_quiet(kind: str) -> bool:
    return kind in _MADE_UP or not tells_of_all(kind)


def _why(kind: str) -> str:
    if kind in _MADE_UP:
        return "its contents are made up when they are read, and their changes are not told"
    return (
        "only changes made on this host are told at once; those made elsewhere (inotify(7)) are"
        " looked for every 'poll_every'"
    )


def _contents(subject: Subject, facts: SourceFacts, host: HostFacts) -> Finding:
    counted = f"{facts.entries:,} entries in {facts.directories:,} directories"
    if not facts.is_complete:
        counted = f"more than {counted} (not counted to the end)"
    if facts.unreadable == 0:
        return subject.ok("reads", counted)
    noun = "entry" if facts.unreadable == 1 else "entries"
    shown = ", ".join(facts.unreadable_examples)
    return subject.warning(
        "reads", f"{facts.unreadable:,} {noun} cannot be read by {host.user}: {shown}",
        "Exclude them, give this user the right, or let the service read everything.",
        f"sudo sersync service install -c FILE --user {host.user}",
    )  # fmt: skip
