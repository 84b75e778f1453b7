"""Findings as a document, as text, and as an exit code. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any

from sersync.doctor.finding import Finding, Level


class DoctorCode(IntEnum):
    """Exit codes as monitoring plugins have them; the worst finding decides."""

    FINE = 0
    WARNINGS = 1
    FAILURES = 2


def code_of(findings: Iterable[Finding]) -> DoctorCode:
    """Return the exit code for *findings*."""
    levels = {finding.level for finding in findings}
    if Level.FAILURE in levels:
        return DoctorCode.FAILURES
    return DoctorCode.WARNINGS if Level.WARNING in levels else DoctorCode.FINE


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what ``sersync doctor --json`` prints; described in docs/json-contract.md."""
    return {
        "findings": [
            {
                "subject": each.subject,
                "check": each.check,
                "level": each.level.value,
                "message": each.message,
                "remedy": each.remedy,
                "command": each.command,
            }
            for each in findings
        ],
        "counts": {level.value: sum(each.level is level for each in findings) for level in Level},
    }


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield *findings* as plain text."""
    subject = ""
    for each in findings:
        yield from text_of(each, is_first=each.subject != subject)
        subject = each.subject


def text_of(finding: Finding, *, is_first: bool) -> Iterator[str]:
    """Yield the lines for one finding; the *first* about its subject names it."""
    if is_first:
        yield finding.subject
    yield f"  {finding.level.value:<8} {finding.check:<17} {finding.message}"
    if finding.remedy:
        yield f"{'':29}{finding.remedy}"
    if finding.command:
        yield f"{'':29}$ {finding.command}"


def summary(findings: Iterable[Finding]) -> str:
    """Return how many of each kind there are, in one line."""
    levels = [finding.level for finding in findings]
    nouns = ((Level.FAILURE, "failure"), (Level.WARNING, "warning"))
    counts = [(levels.count(level), noun) for level, noun in nouns]
    said = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
    return ", ".join(said) if said else "All is well."
